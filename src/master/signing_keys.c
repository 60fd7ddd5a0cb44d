/* SPDX-License-Identifier: Apache-2.0 */
#include "master/signing_keys.h"

#include <errno.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "lib/log.h"
#include "master/member.h"

/* A handshake that began with the previous key may last so long, and gates
 * may be told so much later that there is a new one. */
#define GATES_LATE_MS 10000

static struct member *
holder_of(const struct signing_keys *keys)
{
	struct master *master = keys->master;

	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].role->id == IPC_ROLE_KEY)
			return &master->members[i];
	return NULL;
}

static bool
is_same(const struct signing_key *key, const uint8_t id[IPC_KEY_ID_LEN])
{
	return key->fd >= 0 && key->is_known &&
	       memcmp(key->id, id, IPC_KEY_ID_LEN) == 0;
}

static bool
is_held(const struct signing_keys *keys, const uint8_t id[IPC_KEY_ID_LEN])
{
	return is_same(&keys->current, id) || is_same(&keys->proposed, id) ||
	       is_same(&keys->previous, id);
}

static bool
give(struct signing_keys *keys, const struct signing_key *key,
    enum signing_keys_expected expected)
{
	struct member *holder = holder_of(keys);

	if (holder == NULL ||
	    keys->expected_count == SIGNING_KEYS_EXPECTED_MAX ||
	    !member_give(holder, IPC_KEY_ADD, BYTES_NONE, key->fd))
		return false;
	keys->expected[keys->expected_count++] = expected;
	return true;
}

/* Have it forgotten, unless it is held under another title, too. */
static void
remove_from_holder(struct signing_keys *keys, const uint8_t id[IPC_KEY_ID_LEN])
{
	struct member *holder = holder_of(keys);
	struct buffer payload = { NULL, 0, 0 };

	if (holder == NULL || is_held(keys, id))
		return;
	ipc_key_id_encode(id, &payload);
	(void)member_give(holder, IPC_KEY_REMOVE, buffer_view(&payload), -1);
	buffer_done(&payload);
}

static void
forget(struct signing_keys *keys, struct signing_key *key)
{
	struct signing_key gone = *key;

	*key = (struct signing_key){ .fd = -1 };
	if (gone.fd < 0)
		return;
	close(gone.fd);
	if (gone.is_known)
		remove_from_holder(keys, gone.id);
}

static void
on_retirement(uv_timer_t *timer)
{
	struct signing_keys *keys = timer->data;

	forget(keys, &keys->previous);
}

void
signing_keys_open(struct signing_keys *keys, struct master *master,
    struct buffer *file)
{
	*keys = (struct signing_keys){
		.master = master,
		.proposed = { .fd = -1 },
		.previous = { .fd = -1 },
	};
	keys->current.fd = ipc_sealed_memory("private-key", buffer_view(file));
	buffer_wipe(file);
	if (keys->current.fd < 0)
		fatal("sealed memory: %s", strerror(-keys->current.fd));
	keys->retirement.data = keys;
	uv_timer_init(&master->loop, &keys->retirement);
}

void
signing_keys_stop(struct signing_keys *keys)
{
	uv_close((uv_handle_t *)&keys->retirement, NULL);
}

void
signing_keys_close(struct signing_keys *keys)
{
	struct signing_key *const all[] = { &keys->current, &keys->proposed,
		&keys->previous };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->fd >= 0)
			close(all[i]->fd);
		all[i]->fd = -1;
	}
}

const uint8_t *
signing_keys_current(const struct signing_keys *keys)
{
	return keys->current.is_known ? keys->current.id : NULL;
}

static bool
is_busy(const struct signing_keys *keys)
{
	for (size_t i = 0; i < keys->expected_count; i++)
		if (keys->expected[i] == SIGNING_KEYS_DROPPED)
			return true;
	return keys->proposed.fd >= 0;
}

int
signing_keys_propose(struct signing_keys *keys, int fd,
    signing_keys_answer *answer, void *context)
{
	if (is_busy(keys)) {
		close(fd);
		return -EBUSY;
	}
	/* the key process holds two */
	uv_timer_stop(&keys->retirement);
	forget(keys, &keys->previous);
	keys->proposed = (struct signing_key){ .fd = fd };
	if (!give(keys, &keys->proposed, SIGNING_KEYS_PROPOSAL)) {
		forget(keys, &keys->proposed);
		return -EAGAIN;
	}
	keys->answer = answer;
	keys->context = context;
	return 0;
}

void
signing_keys_commit(struct signing_keys *keys)
{
	uint64_t overlap_ms = UINT64_C(1000) * keys->master->config->limits
						   .handshake_seconds +
			      GATES_LATE_MS;

	if (keys->proposed.fd < 0 || !keys->proposed.is_known)
		panic("a key is committed that was proposed and is usable");
	keys->previous = keys->current;
	keys->current = keys->proposed;
	keys->proposed = (struct signing_key){ .fd = -1 };
	uv_timer_start(&keys->retirement, on_retirement, overlap_ms, 0);
}

void
signing_keys_drop(struct signing_keys *keys)
{
	keys->answer = NULL;
	for (size_t i = 0; i < keys->expected_count; i++)
		if (keys->expected[i] == SIGNING_KEYS_PROPOSAL)
			keys->expected[i] = SIGNING_KEYS_DROPPED;
	forget(keys, &keys->proposed);
}

static void
tell(struct signing_keys *keys, const uint8_t *key_id, struct bytes why)
{
	signing_keys_answer *answer = keys->answer;

	keys->answer = NULL;
	if (answer != NULL)
		answer(keys->context, key_id, why);
}

void
signing_keys_on_start(struct signing_keys *keys)
{
	keys->expected[0] = SIGNING_KEYS_FIRST;
	keys->expected_count = 1;
	keys->has_first = false;
}

void
signing_keys_on_ready(struct signing_keys *keys)
{
	/* Meanwhile another may have become the current one. */
	if (keys->has_first)
		remove_from_holder(keys, keys->first_id);
	if (!keys->has_first || !is_same(&keys->current, keys->first_id))
		(void)give(keys, &keys->current, SIGNING_KEYS_AGAIN);
	if (keys->previous.fd >= 0)
		(void)give(keys, &keys->previous, SIGNING_KEYS_AGAIN);
	if (keys->proposed.fd >= 0)
		(void)give(keys, &keys->proposed, SIGNING_KEYS_AGAIN);
}

void
signing_keys_on_exit(struct signing_keys *keys)
{
	bool is_unanswered = keys->proposed.fd >= 0 && !keys->proposed.is_known;

	keys->expected_count = 0;
	if (!is_unanswered)
		return;
	forget(keys, &keys->proposed);
	tell(keys, NULL, BYTES_LITERAL("the key process has ended"));
}

static int
on_first(struct signing_keys *keys, const struct ipc_key_added *added)
{
	/* It says what is wrong with it in the log, and ends. */
	if (!added->is_usable)
		return 0;
	keys->has_first = true;
	memcpy(keys->first_id, added->key_id, IPC_KEY_ID_LEN);
	if (!keys->current.is_known)
		memcpy(keys->current.id, added->key_id, IPC_KEY_ID_LEN);
	keys->current.is_known = true;
	return 0;
}

static int
on_proposal(struct signing_keys *keys, const struct ipc_key_added *added)
{
	if (!added->is_usable) {
		forget(keys, &keys->proposed);
		tell(keys, NULL, added->why);
		return 0;
	}
	memcpy(keys->proposed.id, added->key_id, IPC_KEY_ID_LEN);
	keys->proposed.is_known = true;
	tell(keys, keys->proposed.id, BYTES_NONE);
	return 0;
}

int
signing_keys_on_added(struct signing_keys *keys, struct bytes payload)
{
	struct ipc_key_added added;
	enum signing_keys_expected expected;

	if (keys->expected_count == 0 ||
	    ipc_key_added_decode(payload, &added) != 0)
		return -EBADMSG;
	expected = keys->expected[0];
	keys->expected_count--;
	memmove(keys->expected, keys->expected + 1,
	    keys->expected_count * sizeof(keys->expected[0]));
	switch (expected) {
	case SIGNING_KEYS_FIRST:
		return on_first(keys, &added);
	case SIGNING_KEYS_PROPOSAL:
		return on_proposal(keys, &added);
	case SIGNING_KEYS_DROPPED:
		if (added.is_usable)
			remove_from_holder(keys, added.key_id);
		return 0;
	case SIGNING_KEYS_AGAIN:
		break;
	}
	return added.is_usable ? 0 : -EBADMSG;
}
