/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Shared Subscription owes to a member on another worker, so that it
 * gets there once, whoever dies: a row says what is owed to whom, and is
 * forwarded when it is on disk. The other worker delivers it and notes so in
 * one transaction, and gives a message that is noted to nobody again. When it
 * has acknowledged, the row says that it is over, then the note goes, and then
 * the row.
 *
 * With another number of workers others owe, and are owed to, which is why all
 * take all notes in (sharing_note.c): what is noted by anybody is over.
 */
#include <stddef.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "lib/pack.h"
#include "worker/journal.h"
#include "worker/pending_record.h"
#include "worker/router.h"
#include "worker/router_forward.h"
#include "worker/session.h"
#include "worker/session_queue.h"
#include "worker/sharing_internal.h"

/* The worker is not known, or is this one. */
#define NOBODY WORKER_SET_MAX

struct sharing_debt {
	struct journal_wait wait;
	struct forward_wait acknowledged;
	TAILQ_ENTRY(sharing_debt) next;
	struct pending item; /* its sequence: the id of the row */
	uint16_t target;     /* the worker that gets it; NOBODY */
	enum {
		DEBT_RESTORED, /* waits until this worker is ready */
		DEBT_UNWRITTEN,
		DEBT_SENT,
		DEBT_ENDING,   /* its row is to say that it is over */
		DEBT_ENDED,    /* it did at the start: as RESTORED */
		DEBT_RELEASED, /* the other one is to forget it */
	} state;
};

static struct buffer
filter_of(const struct share *share)
{
	struct buffer filter = { .data = NULL };

	share_filter(share, &filter);
	return filter;
}

/* target: 0: it is not known yet; else a worker's index and one more. */
static void
put_row(struct worker *worker, const struct pending *item, uint16_t target)
{
	struct buffer value = { .data = NULL };
	struct buffer filter = filter_of(item->share);

	pack_u8(&value, SHARING_ROW_DEBT);
	pack_u16(&value, target);
	pending_delivery_encode(item, &value);
	journal_share_put(worker, item->sequence, buffer_view(&filter),
	    buffer_view(&value), item->message);
	buffer_done(&value);
	buffer_done(&filter);
}

void
sharing_orphan(struct session_queue *queue, struct pending *item)
{
	struct worker *worker = queue->session->worker;

	session_queue_remove(queue, item);
	item->packet_id = 0;
	item->sequence = journal_next_id(worker);
	put_row(worker, item, 0);
	pending_queue_push(&worker->sharing.orphans, *item);
}

static void
debt_free(struct worker *worker, struct sharing_debt *debt)
{
	TAILQ_REMOVE(&worker->sharing.debts, debt, next);
	pending_done(&debt->item);
	free(debt);
}

/* What was owed when a process ended may have been delivered, by one that is
 * gone, too. */
static struct forward_origin
origin_of(const struct sharing_debt *debt)
{
	return (struct forward_origin){
		.session = debt->item.sequence,
		.is_unsure = debt->state == DEBT_RESTORED,
	};
}

/* Nobody remembers it. */
static void
debt_remove(struct worker *worker, struct sharing_debt *debt)
{
	journal_share_remove(worker, debt->item.sequence);
	debt_free(worker, debt);
}

static void
wait_for_target(struct worker *worker, struct sharing_debt *debt)
{
	forwards_wait(worker, debt->target, NULL, &debt->acknowledged);
}

/* It is on disk that it is over: who has taken it may forget it. */
static void
debt_release(struct worker *worker, struct sharing_debt *debt)
{
	struct forward_origin origin = origin_of(debt);

	debt->state = DEBT_RELEASED;
	forwards_release_to(worker, debt->target, &origin);
	wait_for_target(worker, debt);
}

/* It was taken. */
static void
debt_end(struct worker *worker, struct sharing_debt *debt)
{
	static const uint8_t over = SHARING_ROW_DEBT_OVER;

	debt->state = DEBT_ENDING;
	/* It has no name, and has to have one. */
	journal_share_put(worker, debt->item.sequence, BYTES_LITERAL("$share"),
	    bytes_of(&over, sizeof(over)), NULL);
	journal_wait(worker, &debt->wait);
}

static void debt_send(struct worker *worker, struct sharing_debt *debt);

static void
on_written(struct worker *worker, struct journal_wait *wait)
{
	struct sharing_debt *debt = (struct sharing_debt
		*)((char *)wait - offsetof(struct sharing_debt, wait));

	if (debt->state == DEBT_ENDING)
		debt_release(worker, debt);
	else
		debt_send(worker, debt);
}

static void
on_acknowledged(struct worker *worker, struct forward_wait *wait)
{
	struct sharing_debt *debt = (struct sharing_debt
		*)((char *)wait - offsetof(struct sharing_debt, acknowledged));

	if (debt->state == DEBT_RELEASED)
		debt_remove(worker, debt);
	else
		debt_end(worker, debt);
}

static void
debt_send(struct worker *worker, struct sharing_debt *debt)
{
	struct forward_origin origin = origin_of(debt);
	struct share *share = debt->item.share;
	struct forward_share to = { .hops = 1 };
	struct buffer filter = { .data = NULL }, names = { .data = NULL };

	topic_node_filter(share->node, &filter);
	ipc_share_name_append(share_group(share), buffer_view(&filter), &names);
	to.names = buffer_view(&names);
	debt->state = DEBT_SENT;
	forwards_publish(worker, debt->target, debt->item.message, &origin,
	    &to);
	wait_for_target(worker, debt);
	buffer_done(&names);
	buffer_done(&filter);
}

static struct sharing_debt *
debt_new(struct worker *worker, struct pending item, unsigned int target)
{
	struct sharing_debt *debt = memory_new(1, sizeof(*debt));

	debt->item = item;
	debt->target = (uint16_t)target;
	debt->wait.on_written = on_written;
	debt->acknowledged.on_acknowledged = on_acknowledged;
	TAILQ_INSERT_TAIL(&worker->sharing.debts, debt, next);
	return debt;
}

/* An item with an id goes to a worker's member, once that is on disk. */
static void
send_written(struct worker *worker, struct pending item, unsigned int target)
{
	struct sharing_debt *debt = debt_new(worker, item, target);

	debt->state = DEBT_UNWRITTEN;
	put_row(worker, &debt->item, (uint16_t)(target + 1));
	journal_wait(worker, &debt->wait);
}

static struct pending
item_new(struct worker *worker, struct share *share, struct message *message)
{
	return (struct pending){
		.message = message_ref(message),
		.share = share_ref(share),
		.qos = message_parts(message)->qos,
		.sequence = journal_next_id(worker),
	};
}

void
sharing_owe(struct worker *worker, struct share *share, struct message *message,
    unsigned int target)
{
	send_written(worker, item_new(worker, share, message), target);
}

void
sharing_keep(struct worker *worker, struct share *share,
    struct message *message)
{
	struct pending item = item_new(worker, share, message);

	put_row(worker, &item, 0);
	pending_queue_push(&worker->sharing.orphans, item);
}

void
sharing_give(struct worker *worker, struct pending *item)
{
	int pick = message_is_expired(item->message, worker_now_ms(worker))
		       ? SHARE_NOBODY
		       : share_pick(item->share);

	if (pick >= 0) {
		send_written(worker, *item, (unsigned int)pick);
		*item = (struct pending){ .message = NULL };
		return;
	}
	if (pick == SHARE_HERE)
		router_share_here(worker, item->share, item->message);
	else
		worker->child->counted[IPC_STATISTIC_MESSAGES_DROPPED]++;
	journal_share_remove(worker, item->sequence);
}

void
sharing_resend(struct worker *worker)
{
	struct sharing_debt *debt;

	worker->sharing.has_restored = false;
	TAILQ_FOREACH(debt, &worker->sharing.debts, next)
	{
		if (debt->state == DEBT_RESTORED)
			debt_send(worker, debt);
		else if (debt->state == DEBT_ENDED)
			debt_release(worker, debt);
	}
}

/* Who a row says is to get it: with fewer workers, another. */
static unsigned int
target_of(const struct worker *worker, uint16_t target)
{
	unsigned int index;

	if (target == 0)
		return NOBODY;
	index = (target - 1u) % worker->child->start.worker_count;
	return index == worker->child->index ? NOBODY : index;
}

/* What was owed when the process ended. */
static bool
take_debt(struct worker *worker, struct unpack *in,
    const struct ipc_store_change *put)
{
	uint16_t target = unpack_u16(in);
	struct ipc_store_change entry = *put;
	struct pending item;

	if (in->failed)
		return false;
	entry.value = bytes_skip(in->input, in->pos);
	if (session_queue_decode(worker, &entry, &item) != 0)
		return false;
	if (item.message == NULL || item.share == NULL) {
		pending_done(&item);
		return false;
	}
	item.sequence = put->message;
	message_set_kept_id(item.message, IPC_STORE_NONE);
	debt_new(worker, item, target_of(worker, target))
	    ->state = DEBT_RESTORED;
	return true;
}

static void
take_ended(struct worker *worker, const struct ipc_store_change *put)
{
	struct pending item = { .sequence = put->message };

	debt_new(worker, item, NOBODY)->state = DEBT_ENDED;
}

static bool
take_own(struct worker *worker, struct unpack *in, uint8_t kind,
    const struct ipc_store_change *put)
{
	switch (kind) {
	case SHARING_ROW_DEBT:
		return take_debt(worker, in, put);
	case SHARING_ROW_DEBT_OVER:
		take_ended(worker, put);
		return unpack_is_complete(in);
	case WILL_ROW:
		return will_take_row(worker, put,
		    bytes_skip(put->value, in->pos));
	default:
		return false;
	}
}

static bool
take_row(struct worker *worker, const struct ipc_store_row *row)
{
	struct unpack in = { .input = row->put.value };
	uint8_t kind = unpack_u8(&in);

	if (kind == SHARING_ROW_NOTE || kind == SHARING_ROW_WILL_NOTE)
		return sharing_take_note(worker, &in, row,
		    kind == SHARING_ROW_WILL_NOTE);
	/* Without a body it came to all. */
	return !sharing_is_own(worker, row) ||
	       take_own(worker, &in, kind, &row->put);
}

int
sharing_take_row(struct worker *worker, const struct ipc_store_row *row)
{
	if (!take_row(worker, row))
		log_error(log_word("event", "lost"),
		    log_word("reason", "share-not-valid"),
		    log_id("number", row->put.message));
	return 0;
}

/* It was taken, and is noted by a worker. */
static void
settle_noted(struct worker *worker, struct sharing_debt *debt, unsigned int by)
{
	if (by == worker->child->index) {
		sharing_forget_taken(worker, debt->item.sequence);
		debt_remove(worker, debt);
		return;
	}
	debt->target = (uint16_t)by;
	if (debt->state == DEBT_RESTORED)
		debt_end(worker, debt);
	else
		worker->sharing.has_restored = true;
}

/* All notes are there: what is to become of one that was owed at the end? */
static void
settle(struct worker *worker, struct sharing_debt *debt)
{
	unsigned int by;

	if (sharing_find_note(worker, debt->item.sequence, &by)) {
		settle_noted(worker, debt, by);
	} else if (debt->state == DEBT_ENDED) {
		debt_remove(worker, debt);
	} else if (debt->target == NOBODY) {
		pending_queue_push(&worker->sharing.orphans, debt->item);
		debt->item = (struct pending){ .message = NULL };
		debt_free(worker, debt);
	} else {
		worker->sharing.has_restored = true;
	}
}

void
sharing_loaded(struct worker *worker)
{
	struct sharing_debt *debt, *next;

	for (debt = TAILQ_FIRST(&worker->sharing.debts); debt != NULL;
	     debt = next) {
		next = TAILQ_NEXT(debt, next);
		settle(worker, debt);
	}
	sharing_notes_loaded(worker);
}

void
sharing_forget_debts(struct worker *worker)
{
	struct sharing_debt *debt;

	while ((debt = TAILQ_FIRST(&worker->sharing.debts)) != NULL) {
		if (debt->state == DEBT_SENT || debt->state == DEBT_RELEASED)
			forwards_wait_cancel(&debt->acknowledged);
		else if (debt->state == DEBT_UNWRITTEN ||
			 debt->state == DEBT_ENDING)
			journal_wait_cancel(worker, &debt->wait);
		debt_free(worker, debt);
	}
	sharing_notes_done(worker);
}
