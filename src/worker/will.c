/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/will.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "lib/pack.h"
#include "worker/journal.h"
#include "worker/message_record.h"
#include "worker/retention.h"
#include "worker/router.h"
#include "worker/session_state.h"
#include "worker/worker.h"

/* What the value of a row says, behind its first byte. */
#define ROW_DUE   0
#define ROW_TAKEN 1
#define ROW_KEPT  2 /* and how many seconds after that it expires, if it does */

/* Each is a match and a few rows. */
#define WILLS_A_TURN 500

/* Another worker that is to have it on disk. */
struct part {
	struct forward_wait wait; /* first: they are the same address */
	LIST_ENTRY(part) next;
	struct will *will;
};

enum state {
	WILL_LEFT,   /* by a process that is gone: its connection is, too */
	WILL_ROUTED, /* here */
	WILL_SENT,
	WILL_TAKEN,    /* by all others; it is to be forgotten by them */
	WILL_RELEASED, /* and they were told */
};

struct will {
	TAILQ_ENTRY(will) next;
	struct worker *worker;
	uint64_t id; /* of its row */
	enum state state;
	struct session_will *left; /* of LEFT alone */
	struct message *message;   /* NULL from TAKEN on, and of LEFT */
	struct journal_wait wait;
	bool is_waiting;         /* by this */
	LIST_HEAD(, part) parts; /* that others owe: it, or that they forget */
	worker_set told;
	bool is_restored;
	struct retention_promise retained;
	bool is_retaining;
};

static void on_written(struct worker *worker, struct journal_wait *wait);

static struct will *
will_new(struct worker *worker, uint64_t id, enum state state,
    struct message *message)
{
	struct will *will = memory_new(1, sizeof(*will));

	will->worker = worker;
	will->id = id;
	will->state = state;
	will->message = message;
	will->wait.on_written = on_written;
	TAILQ_INSERT_TAIL(&worker->wills, will, next);
	return will;
}

static void
will_free(struct will *will)
{
	struct part *part;

	while ((part = LIST_FIRST(&will->parts)) != NULL) {
		LIST_REMOVE(part, next);
		forwards_wait_cancel(&part->wait);
		free(part);
	}
	if (will->is_waiting)
		journal_wait_cancel(will->worker, &will->wait);
	if (will->is_retaining)
		retention_promise_cancel(will->worker, &will->retained);
	TAILQ_REMOVE(&will->worker->wills, will, next);
	session_will_free(&will->left);
	message_unref(&will->message);
	free(will);
}

static struct forward_origin
origin_of(const struct will *will)
{
	return (struct forward_origin){ .session = will->id };
}

static void
wait_for_disk(struct will *will)
{
	will->is_waiting = true;
	journal_wait(will->worker, &will->wait);
}

static void
journal_row(struct worker *worker, uint64_t id, struct bytes value,
    struct message *message)
{
	/* It has no name, and has to have one. */
	journal_share_put(worker, id, BYTES_LITERAL("$will"), value, message);
}

static void
put_row(struct will *will)
{
	const uint8_t value[] = { WILL_ROW,
		will->state == WILL_TAKEN ? ROW_TAKEN : ROW_DUE };

	journal_row(will->worker, will->id, bytes_of(value, sizeof(value)),
	    will->message);
	wait_for_disk(will);
}

static bool
is_owed(const struct will *will)
{
	return !LIST_EMPTY(&will->parts) || will->is_retaining;
}

/* Everybody has it, or has forgotten it. A row that is put is not removed
 * before it is there: the journal would forget both, and not what was there
 * before. */
static void
go_on_if_done(struct will *will)
{
	if (is_owed(will) || will->is_waiting)
		return;
	if (will->state == WILL_SENT && will->told != 0) {
		will->state = WILL_TAKEN;
		message_unref(&will->message);
		put_row(will);
		return;
	}
	journal_share_remove(will->worker, will->id);
	sharing_forget_taken(will->worker, will->id);
	will_free(will);
}

static void
on_acknowledged(struct worker *worker, struct forward_wait *wait)
{
	struct part *part = (struct part *)wait;
	struct will *will = part->will;

	(void)worker;
	LIST_REMOVE(part, next);
	free(part);
	go_on_if_done(will);
}

static void
on_retained(struct worker *worker, struct retention_promise *promise)
{
	struct will *will = (struct will *)((char *)promise -
					    offsetof(struct will, retained));

	(void)worker;
	will->is_retaining = false;
	go_on_if_done(will);
}

/* For what was said last to another worker. */
static void
wait_for(struct will *will, unsigned int index)
{
	struct part *part = memory_new(1, sizeof(*part));

	part->will = will;
	part->wait.on_acknowledged = on_acknowledged;
	LIST_INSERT_HEAD(&will->parts, part, next);
	forwards_wait(will->worker, index, NULL, &part->wait);
}

static void
note_here(struct will *will)
{
	if (!sharing_has_taken(will->worker, will->id))
		sharing_taken(will->worker, will->id, true);
}

/* is_routed: only to the others: it was delivered here, but for sessions that
 * were at home elsewhere when it was. */
static void
hand_out(struct will *will, bool is_routed)
{
	const struct ipc_publish *parts = message_parts(will->message);
	struct forward_origin origin = origin_of(will);
	struct router_result result = router_publish_once(will->worker, parts,
	    NULL, &origin, is_routed);

	will->state = WILL_SENT;
	will->told = result.kept;
	/* They may have noted it in a life before. */
	if (will->is_restored && parts->qos > 0)
		will->told = worker_others(will->worker);
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (result.kept >> i & 1)
			wait_for(will, i);
	will->retained.on_kept = on_retained;
	if (parts->retain) /* [MQTT-3.1.2-17], [MQTT5-3.1.2-15] */
		will->is_retaining = retention_put_will(will->worker, parts,
		    &will->retained);
}

/* It is on disk, with what was delivered here. */
static void
publish(struct will *will)
{
	hand_out(will, true);
	note_here(will);
	go_on_if_done(will);
}

/* Its row is on disk, and it was delivered to nobody: to all at once, and the
 * row says so in the transaction of what is delivered here. */
static void
publish_to_all(struct will *will)
{
	hand_out(will, false);
	if (is_owed(will)) {
		note_here(will);
		put_row(will);
	}
	go_on_if_done(will);
}

/* It is not published again: they need not remember it any more. */
static void
release(struct will *will)
{
	struct forward_origin origin = origin_of(will);

	will->state = WILL_RELEASED;
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++) {
		if ((will->told >> i & 1) == 0)
			continue;
		forwards_release_to(will->worker, i, &origin);
		wait_for(will, i);
	}
	go_on_if_done(will);
}

static void
next_step(struct will *will)
{
	if (will->state == WILL_TAKEN)
		release(will);
	else if (will->state == WILL_ROUTED)
		publish(will);
	else
		go_on_if_done(will);
}

static void
on_written(struct worker *worker, struct journal_wait *wait)
{
	struct will *will = (struct will *)((char *)wait -
					    offsetof(struct will, wait));

	(void)worker;
	will->is_waiting = false;
	next_step(will);
}

void
will_publish(struct worker *worker, const struct ipc_publish *parts)
{
	struct will *will = will_new(worker, journal_next_id(worker),
	    WILL_ROUTED, message_new(parts));
	struct forward_origin origin = origin_of(will);

	put_row(will);
	router_publish_here(worker, parts, &origin);
	sharing_taken(worker, will->id, true);
}

struct ipc_publish
will_parts(const struct worker *worker, const struct session_will *will)
{
	struct ipc_publish parts = *message_parts(will->message);

	parts.published_ns = parts.retain ? clock_monotonic_ns() : 0;
	parts.has_expiry = will->has_expiry;
	parts.expires_at_ms = worker_now_ms(worker) +
			      (uint64_t)will->expiry_seconds * 1000;
	return parts;
}

void
will_keep(struct worker *worker, struct session_will *will)
{
	struct buffer value = { .data = NULL };

	if (will == NULL || will->row != IPC_STORE_NONE ||
	    journal_is_half_full(worker))
		return;
	pack_u8(&value, WILL_ROW);
	pack_u8(&value, ROW_KEPT);
	if (will->has_expiry)
		pack_u32(&value, will->expiry_seconds);
	will->row = journal_next_id(worker);
	journal_row(worker, will->row, buffer_view(&value), will->message);
	will->transaction = journal_covering(worker);
	buffer_done(&value);
}

bool
will_is_kept(const struct worker *worker, const struct session_will *will)
{
	return will->row != IPC_STORE_NONE &&
	       journal_is_written(worker, will->transaction);
}

void
will_publish_kept(struct worker *worker, uint64_t row,
    const struct ipc_publish *parts)
{
	publish_to_all(will_new(worker, row, WILL_LEFT, message_new(parts)));
}

void
will_forget(struct worker *worker, struct session_will *will)
{
	if (will == NULL || will->row == IPC_STORE_NONE)
		return;
	journal_share_remove(worker, will->row);
	will->row = IPC_STORE_NONE;
}

bool
wills_turn(struct worker *worker)
{
	struct will *will;

	for (unsigned int i = 0; i < WILLS_A_TURN; i++) {
		struct ipc_publish parts;

		will = TAILQ_FIRST(&worker->wills_left);
		if (will == NULL)
			return false;
		TAILQ_REMOVE(&worker->wills_left, will, next);
		TAILQ_INSERT_TAIL(&worker->wills, will, next);
		parts = will_parts(worker, will->left);
		will->message = message_new(&parts);
		session_will_free(&will->left);
		publish_to_all(will);
	}
	return !TAILQ_EMPTY(&worker->wills_left);
}

/* value: behind ROW_KEPT. */
static bool
take_kept(struct worker *worker, uint64_t id, struct bytes value,
    struct message *message)
{
	struct unpack in = { .input = value };
	struct will *will;

	if (value.len != 0 && value.len != sizeof(uint32_t))
		return false;
	will = will_new(worker, id, WILL_LEFT, NULL);
	will->is_restored = true;
	will->left = session_will_new(message_ref(message));
	will->left->has_expiry = value.len != 0;
	if (will->left->has_expiry)
		will->left->expiry_seconds = unpack_u32(&in);
	TAILQ_REMOVE(&worker->wills, will, next);
	TAILQ_INSERT_TAIL(&worker->wills_left, will, next);
	return true;
}

static bool
take_message(struct worker *worker, const struct ipc_store_change *put,
    uint8_t what, struct bytes value)
{
	struct clock_reading now = clock_read();
	struct message *message;
	bool is_valid = true;

	if (message_record_decode(put->body, &now, &message) != 0)
		return false;
	if (what == ROW_KEPT)
		is_valid = take_kept(worker, put->message, value, message);
	else if (value.len == 0)
		will_new(worker, put->message, WILL_ROUTED,
		    message_ref(message))
		    ->is_restored = true;
	else
		is_valid = false;
	message_unref(&message);
	return is_valid;
}

static bool
take_taken(struct worker *worker, uint64_t id, struct bytes value)
{
	struct will *will;

	if (value.len != 0)
		return false;
	will = will_new(worker, id, WILL_TAKEN, NULL);
	will->is_restored = true;
	will->told = worker_others(worker);
	return true;
}

bool
will_take_row(struct worker *worker, const struct ipc_store_change *put,
    struct bytes value)
{
	struct bytes behind = bytes_skip(value, 1);

	if (value.len == 0)
		return false;
	if (value.data[0] == ROW_TAKEN)
		return take_taken(worker, put->message, behind);
	return value.data[0] <= ROW_KEPT &&
	       take_message(worker, put, value.data[0], behind);
}

void
wills_resend(struct worker *worker)
{
	struct will *will, *next;

	for (will = TAILQ_FIRST(&worker->wills); will != NULL; will = next) {
		next = TAILQ_NEXT(will, next);
		if (!will->is_waiting)
			next_step(will);
	}
}

void
wills_forget(struct worker *worker)
{
	TAILQ_CONCAT(&worker->wills, &worker->wills_left, next);
	while (!TAILQ_EMPTY(&worker->wills))
		will_free(TAILQ_FIRST(&worker->wills));
}
