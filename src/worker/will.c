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
#include "worker/worker.h"

/* Another worker that is to have it on disk. */
struct part {
	struct forward_wait wait; /* first: they are the same address */
	LIST_ENTRY(part) next;
	struct will *will;
};

enum state {
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
	struct message *message; /* NULL from TAKEN on */
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
will_new(struct worker *worker, uint64_t id, struct message *message)
{
	struct will *will = memory_new(1, sizeof(*will));

	will->worker = worker;
	will->id = id;
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
put_row(struct will *will)
{
	struct buffer value = { .data = NULL };

	pack_u8(&value, WILL_ROW);
	pack_u8(&value, will->state == WILL_TAKEN);
	/* It has no name, and has to have one. */
	journal_share_put(will->worker, will->id, BYTES_LITERAL("$will"),
	    buffer_view(&value), will->message);
	wait_for_disk(will);
	buffer_done(&value);
}

/* Everybody has it, or has forgotten it. */
static void
go_on_if_done(struct will *will)
{
	if (!LIST_EMPTY(&will->parts) || will->is_retaining)
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

/* To the others: it is on disk here, and was delivered here; but for sessions
 * that were at home elsewhere when it was. */
static void
publish(struct will *will)
{
	const struct ipc_publish *parts = message_parts(will->message);
	struct forward_origin origin = origin_of(will);
	struct router_result result = router_publish_once(will->worker, parts,
	    NULL, &origin, true);

	if (!sharing_has_taken(will->worker, will->id))
		sharing_taken(will->worker, will->id, true);
	will->state = WILL_SENT;
	will->told = result.kept;
	/* They may have noted it in a life before. */
	if (will->is_restored)
		will->told = worker_others(will->worker);
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (result.kept >> i & 1)
			wait_for(will, i);
	will->retained.on_kept = on_retained;
	if (parts->retain) /* [MQTT-3.1.2-17], [MQTT5-3.1.2-15] */
		will->is_retaining = retention_put_will(will->worker, parts,
		    &will->retained);
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
	else
		publish(will);
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
	    message_new(parts));
	struct forward_origin origin = origin_of(will);

	put_row(will);
	router_publish_here(worker, parts, &origin);
	sharing_taken(worker, will->id, true);
}

bool
will_take_row(struct worker *worker, const struct ipc_store_change *put,
    struct bytes value)
{
	struct clock_reading now = clock_read();
	struct message *message = NULL;
	struct will *will;

	if (value.len != 1 || value.data[0] > 1)
		return false;
	if (value.data[0] == 0 &&
	    message_record_decode(put->body, &now, &message) != 0)
		return false;
	will = will_new(worker, put->message, message);
	will->is_restored = true;
	if (value.data[0] == 1) {
		will->state = WILL_TAKEN;
		will->told = worker_others(worker);
	}
	return true;
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
	while (!TAILQ_EMPTY(&worker->wills))
		will_free(TAILQ_FIRST(&worker->wills));
}
