/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key role: holds the server's private key and signs with it.
 *
 * Duties: sign the digests that gates send, one after the other, each gate in
 *   its turn; count, and hold back one that asks for too many.
 * Privileges: the private key, and for a while after a reload the one before
 *   it. No files, no network.
 * Receives: KEY_ADD and KEY_REMOVE of the master; SIGN of gates.
 * Sends: KEY_ADDED to the master; SIGNATURE to gates.
 * On failure: handshakes fail until the next one has the key. Nobody who is
 *   connected notices.
 */
#include "key/key.h"

#include <stdlib.h>

#include "config/file_fault.h"
#include "key/keyring.h"
#include "key/requests.h"
#include "lib/log.h"
#include "lib/memory.h"

/* Larger files were never keys. */
#define KEY_FILE_MAX (64 * 1024)

/* How often what was signed is told. */
#define REPORT_MS 60000

/* What became of a gate's requests in this minute. */
struct counts {
	uint64_t of[IPC_SIGN_FAILED + 1]; /* enum ipc_sign_status */
	uint64_t held;                    /* by the rate */
};

struct gate {
	struct proc_peer *peer; /* while the loop runs */
	uint16_t index;
	struct requester *requester;
	struct counts counts;
};

struct key {
	struct proc_child *child;
	struct keyring keyring;
	struct requests requests;
	uv_idle_t work;
	uv_timer_t rate; /* when the next may be signed */
	uv_timer_t report;
	bool is_stopping;
};

static const char *const status_words[] = {
	[IPC_SIGN_DONE] = "signed",
	[IPC_SIGN_UNKNOWN_KEY] = "unknown-key",
	[IPC_SIGN_UNFIT_KEY] = "unfit-key",
	[IPC_SIGN_FAILED] = "failed",
};

static void
log_key(const struct keyring *keyring, const char *event,
    const uint8_t id[IPC_KEY_ID_LEN])
{
	const struct keyring_key *found = keyring_find(keyring, id);

	if (found != NULL)
		log_info(log_word("event", event),
		    log_hex("key", bytes_of(id, IPC_KEY_ID_LEN)),
		    log_word("kind",
			mbedtls_pk_can_do(&found->key, MBEDTLS_PK_RSA)
			    ? "RSA"
			    : "ECDSA"),
		    log_number("bits",
			(int64_t)mbedtls_pk_get_bitlen(&found->key)));
}

/* Take a key in and tell the master. why: what is wrong with it. */
static int
add_key(struct key *key, struct bytes file, char *why, size_t size)
{
	const struct x509_fault fault = { why, size };
	struct ipc_key_added added = { .is_usable = false };
	struct buffer payload = { NULL, 0, 0 };
	size_t count = key->keyring.count;
	int error = keyring_add(&key->keyring, file, added.key_id, &fault);

	added.is_usable = error == 0;
	if (key->keyring.count > count)
		log_key(&key->keyring, "key-added", added.key_id);
	if (error != 0)
		added.why = bytes_of_string(why);
	ipc_key_added_encode(&added, &payload);
	proc_master_push(key->child, IPC_KEY_ADDED, buffer_view(&payload));
	buffer_done(&payload);
	return error;
}

static int
on_key_add(struct key *key, struct ipc_message *message)
{
	struct buffer file = { NULL, 0, 0 };
	char why[IPC_KEY_WHY_MAX];
	int error = ipc_sealed_memory_read(message->fd, KEY_FILE_MAX, &file);

	if (error == 0)
		(void)add_key(key, buffer_view(&file), why, sizeof(why));
	buffer_wipe(&file);
	return error == 0 ? 0 : -EBADMSG;
}

static int
on_key_remove(struct key *key, struct ipc_message *message)
{
	uint8_t id[IPC_KEY_ID_LEN];

	if (ipc_key_id_decode(message->payload, id) != 0)
		return -EBADMSG;
	log_key(&key->keyring, "key-removed", id);
	return keyring_remove(&key->keyring, id) == 0 ? 0 : -EBADMSG;
}

static int
on_control(struct proc_child *child, struct ipc_message *message)
{
	struct key *key = child->context;

	switch (message->type) {
	case IPC_KEY_ADD:
		return on_key_add(key, message);
	case IPC_KEY_REMOVE:
		return on_key_remove(key, message);
	default:
		return -EBADMSG;
	}
}

/* signature: empty unless status is IPC_SIGN_DONE. */
static void
answer(struct key *key, struct gate *gate, uint32_t number,
    enum ipc_sign_status status, struct bytes signature)
{
	const struct ipc_signature made = { number, status, signature };
	struct buffer payload = { NULL, 0, 0 };

	gate->counts.of[status]++;
	key->child->counted[status == IPC_SIGN_DONE
				? IPC_STATISTIC_SIGNATURES_MADE
				: IPC_STATISTIC_SIGNATURES_FAILED]++;
	log_debug(log_word("process", "gate"), log_number("index", gate->index),
	    log_word("event", "request"),
	    log_word("result", status_words[status]));
	ipc_signature_encode(&made, &payload);
	proc_peer_push(key->child, gate->peer, IPC_SIGNATURE,
	    buffer_view(&payload), -1, false);
	buffer_done(&payload);
}

/* Once a minute; how many there were is told when it is over. */
static void
count_held(struct gate *gate)
{
	if (gate->counts.held++ > 0)
		return;
	log_warning(log_word("process", "gate"),
	    log_number("index", gate->index),
	    log_word("event", "signatures-held"),
	    log_string("hint",
		"a gate asks for more than limits.signatures_per_second"));
}

static void on_work(uv_idle_t *work);

static void
on_rate(uv_timer_t *timer)
{
	struct key *key = timer->data;

	uv_idle_start(&key->work, on_work);
}

/* One request a turn, so that each answer leaves before the next is made. */
static void
on_work(uv_idle_t *work)
{
	struct key *key = work->data;
	uint8_t signature[IPC_SIGNATURE_MAX];
	size_t len = 0;
	struct request request;
	uint64_t wait_ms;
	struct requester *requester = requests_pop(&key->requests,
	    uv_now(&key->child->loop), &request, &wait_ms);
	enum ipc_sign_status status;

	if (requester == NULL) {
		uv_idle_stop(work);
		if (wait_ms != UINT64_MAX)
			uv_timer_start(&key->rate, on_rate, wait_ms, 0);
		return;
	}
	if (requester->is_held) {
		key->child->counted[IPC_STATISTIC_SIGNATURES_HELD]++;
		count_held(requester->context);
	}
	status = keyring_sign(&key->keyring, &request.sign, signature, &len);
	answer(key, requester->context, request.sign.number, status,
	    bytes_of(signature, len));
}

static int
on_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	struct key *key = child->context;
	struct gate *gate = peer->context;
	struct ipc_sign sign;

	if (message->type != IPC_SIGN ||
	    ipc_sign_decode(message->payload, &sign) != 0 ||
	    requests_push(&key->requests, gate->requester, &sign) != 0)
		return -EBADMSG;
	if (!key->is_stopping)
		uv_idle_start(&key->work, on_work);
	return 0;
}

static void
report(struct gate *gate)
{
	const struct counts *counts = &gate->counts;
	uint64_t failed = 0;

	for (size_t i = IPC_SIGN_DONE + 1; i <= IPC_SIGN_FAILED; i++)
		failed += counts->of[i];
	if (failed > 0 || counts->of[IPC_SIGN_DONE] > 0)
		LOG_EVENT(failed + counts->held > 0 ? LOG_LEVEL_WARNING
						    : LOG_LEVEL_INFO,
		    log_word("process", "gate"),
		    log_number("index", gate->index),
		    log_word("event", "signatures"),
		    log_number("signed", (int64_t)counts->of[IPC_SIGN_DONE]),
		    log_number("failed", (int64_t)failed),
		    log_number("held", (int64_t)counts->held));
	gate->counts = (struct counts){ .held = 0 };
}

static void
on_report(uv_timer_t *timer)
{
	struct key *key = timer->data;
	struct requester *requester;

	TAILQ_FOREACH(requester, &key->requests.requesters, link)
	report(requester->context);
}

static void
on_peer_up(struct proc_child *child, struct proc_peer *peer)
{
	struct key *key = child->context;
	struct gate *gate = memory_new(1, sizeof(*gate));

	gate->peer = peer;
	gate->index = peer->index;
	gate->requester = requester_new(&key->requests, gate,
	    uv_now(&child->loop));
	peer->context = gate;
}

static void
free_gate(struct key *key, struct gate *gate)
{
	report(gate);
	requester_free(&key->requests, &gate->requester);
	free(gate);
}

static void
on_peer_down(struct proc_child *child, struct proc_peer *peer)
{
	free_gate(child->context, peer->context);
	peer->context = NULL;
}

static void
on_stop(struct proc_child *child)
{
	struct key *key = child->context;

	key->is_stopping = true;
	uv_close((uv_handle_t *)&key->work, NULL);
	uv_close((uv_handle_t *)&key->rate, NULL);
	uv_close((uv_handle_t *)&key->report, NULL);
	proc_child_stopped(child);
}

static const struct proc_events events = {
	.on_peer_up = on_peer_up,
	.on_peer_down = on_peer_down,
	.on_message = on_message,
	.on_control = on_control,
	.on_stop = on_stop,
};

/* The key that the daemon was started with, or now has. */
static void
take_first_key(struct key *key)
{
	struct buffer *file = &key->child->credentials.private_key;
	struct buffer named = { NULL, 0, 0 };
	char why[IPC_KEY_WHY_MAX] = "";
	int error = add_key(key, buffer_view(file), why, sizeof(why));

	buffer_wipe(file);
	if (error == 0)
		return;
	config_file_fault(key->child->config, bytes_of_string(why), &named);
	fatal("%.*s", (int)named.len, (const char *)named.data);
}

static void
prepare_loop(struct key *key)
{
	uv_loop_t *loop = &key->child->loop;

	key->work.data = key;
	key->rate.data = key;
	key->report.data = key;
	uv_idle_init(loop, &key->work);
	uv_timer_init(loop, &key->rate);
	uv_timer_init(loop, &key->report);
	uv_timer_start(&key->report, on_report, REPORT_MS, REPORT_MS);
}

int
key_run(struct proc_child *child)
{
	struct key *key = memory_new(1, sizeof(*key));
	struct requester *requester;
	int status;

	key->child = child;
	child->context = key;
	if (keyring_open(&key->keyring) != 0)
		fatal("there is no source of randomness");
	requests_init(&key->requests,
	    child->config->limits.signatures_per_second);
	take_first_key(key);
	prepare_loop(key);
	proc_child_ready(child);
	status = proc_child_loop(child, &events);
	while ((requester = TAILQ_FIRST(&key->requests.requesters)) != NULL)
		free_gate(key, requester->context);
	keyring_close(&key->keyring);
	free(key);
	return status;
}
