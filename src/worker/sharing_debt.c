/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Shared Subscription owes to a member on another worker, so that it
 * gets there once, whoever dies: a row says what is owed to whom, and is
 * forwarded when it is on disk. The other worker delivers it and notes so in
 * one transaction, and gives a message that is noted to nobody again. When it
 * has acknowledged, the row goes, and then the note.
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

/* What a row is. */
#define ROW_DEBT 1
#define ROW_NOTE 2
/* WILL_ROW is 3. */
#define ROW_WILL_NOTE 4

struct sharing_debt {
	struct journal_wait wait;
	struct forward_wait acknowledged;
	LIST_ENTRY(sharing_debt) next;
	struct pending item; /* its sequence: the id of the row */
	uint16_t target;     /* the worker that gets it */
	enum {
		DEBT_RESTORED, /* waits until this worker is ready */
		DEBT_UNWRITTEN,
		DEBT_SENT,
		DEBT_OVER, /* its row is being removed */
	} state;
};

struct sharing_note {
	UT_hash_handle hh;
	uint64_t id;  /* of the other worker's row */
	uint64_t row; /* of the one that keeps this */
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

	pack_u8(&value, ROW_DEBT);
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
debt_free(struct sharing_debt *debt)
{
	LIST_REMOVE(debt, next);
	pending_done(&debt->item);
	free(debt);
}

static struct forward_origin
origin_of(const struct sharing_debt *debt)
{
	return (struct forward_origin){ .session = debt->item.sequence };
}

/* Its row is gone: the other worker may forget that it has it. */
static void
on_removed(struct worker *worker, struct sharing_debt *debt)
{
	struct forward_origin origin = origin_of(debt);

	forwards_release_to(worker, debt->target, &origin);
	debt_free(debt);
}

static void debt_send(struct worker *worker, struct sharing_debt *debt);

static void
on_written(struct worker *worker, struct journal_wait *wait)
{
	struct sharing_debt *debt = (struct sharing_debt
		*)((char *)wait - offsetof(struct sharing_debt, wait));

	if (debt->state == DEBT_OVER)
		on_removed(worker, debt);
	else
		debt_send(worker, debt);
}

static void
on_acknowledged(struct worker *worker, struct forward_wait *wait)
{
	struct sharing_debt *debt = (struct sharing_debt
		*)((char *)wait - offsetof(struct sharing_debt, acknowledged));

	debt->state = DEBT_OVER;
	journal_share_remove(worker, debt->item.sequence);
	journal_wait(worker, &debt->wait);
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
	debt->acknowledged.on_acknowledged = on_acknowledged;
	forwards_wait(worker, debt->target, NULL, &debt->acknowledged);
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
	LIST_INSERT_HEAD(&worker->sharing.debts, debt, next);
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

void
sharing_owe(struct worker *worker, struct share *share, struct message *message,
    unsigned int target)
{
	struct pending item = {
		.message = message_ref(message),
		.share = share_ref(share),
		.qos = message_parts(message)->qos,
		.sequence = journal_next_id(worker),
	};

	send_written(worker, item, target);
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
	LIST_FOREACH(debt, &worker->sharing.debts, next)
	if (debt->state == DEBT_RESTORED)
		debt_send(worker, debt);
}

/* Is there a worker of this index besides this one? */
static bool
is_other(const struct worker *worker, unsigned int index)
{
	return index < worker->child->start.worker_count &&
	       index != worker->child->index;
}

static void
note(struct worker *worker, uint64_t id, uint64_t row)
{
	struct sharing_note *made = memory_new(1, sizeof(*made));

	made->id = id;
	made->row = row;
	HASH_ADD(hh, worker->sharing.notes, id, sizeof(made->id), made);
}

static struct sharing_note *
note_find(const struct worker *worker, uint64_t id)
{
	struct sharing_note *found;

	HASH_FIND(hh, worker->sharing.notes, &id, sizeof(id), found);
	return found;
}

bool
sharing_has_taken(const struct worker *worker, uint64_t id)
{
	return note_find(worker, id) != NULL;
}

void
sharing_taken(struct worker *worker, uint64_t id, bool is_will)
{
	struct buffer value = { .data = NULL };
	uint64_t row = journal_next_id(worker);

	pack_u8(&value, is_will ? ROW_WILL_NOTE : ROW_NOTE);
	pack_u64(&value, id);
	/* It speaks of the sessions of this worker: they have it. */
	if (is_will)
		pack_u16(&value, worker->child->start.worker_count);
	/* It has no name, and has to have one. */
	journal_share_put(worker, row, BYTES_LITERAL("$share"),
	    buffer_view(&value), NULL);
	note(worker, id, row);
	buffer_done(&value);
}

void
sharing_forget_taken(struct worker *worker, uint64_t id)
{
	struct sharing_note *found = note_find(worker, id);

	if (found == NULL)
		return;
	journal_share_remove(worker, found->row);
	HASH_DEL(worker->sharing.notes, found);
	free(found);
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
	if (target > 0 && is_other(worker, target - 1u)) {
		debt_new(worker, item, target - 1u)->state = DEBT_RESTORED;
		worker->sharing.has_restored = true;
	} else {
		pending_queue_push(&worker->sharing.orphans, item);
	}
	return true;
}

static bool
take_note(struct worker *worker, struct unpack *in,
    const struct ipc_store_change *put, bool is_will)
{
	uint64_t id = unpack_u64(in);
	uint16_t workers = worker->child->start.worker_count;

	if (is_will)
		workers = unpack_u16(in);
	if (!unpack_is_complete(in) || note_find(worker, id) != NULL)
		return false;
	/* With another number of workers the sessions here are others: rather
	 * twice than not at all. */
	if (workers == worker->child->start.worker_count)
		note(worker, id, put->message);
	else
		journal_share_remove(worker, put->message);
	return true;
}

static bool
take_row(struct worker *worker, const struct ipc_store_change *put)
{
	struct unpack in = { .input = put->value };
	uint8_t kind = unpack_u8(&in);

	switch (kind) {
	case ROW_DEBT:
		return take_debt(worker, &in, put);
	case ROW_NOTE:
	case ROW_WILL_NOTE:
		return take_note(worker, &in, put, kind == ROW_WILL_NOTE);
	case WILL_ROW:
		return will_take_row(worker, put,
		    bytes_skip(put->value, in.pos));
	default:
		return false;
	}
}

int
sharing_take_row(struct worker *worker, const struct ipc_store_change *put)
{
	if (!take_row(worker, put))
		log_error(log_word("event", "lost"),
		    log_word("reason", "share-not-valid"),
		    log_id("number", put->message));
	return 0;
}

void
sharing_forget_debts(struct worker *worker)
{
	struct sharing_debt *debt;
	struct sharing_note *found, *next;

	while ((debt = LIST_FIRST(&worker->sharing.debts)) != NULL) {
		if (debt->state == DEBT_SENT)
			forwards_wait_cancel(&debt->acknowledged);
		else if (debt->state != DEBT_RESTORED)
			journal_wait_cancel(worker, &debt->wait);
		debt_free(debt);
	}
	HASH_ITER(hh, worker->sharing.notes, found, next)
	{
		HASH_DEL(worker->sharing.notes, found);
		free(found);
	}
}
