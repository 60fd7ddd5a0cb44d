/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_pager.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/session.h"
#include "worker/session_head.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct session_pager *
session_pager_new(struct session_queue *queue)
{
	struct session_pager *pager = memory_new(1, sizeof(*pager));

	pager->queue = queue;
	pager->from = queue->count > 0 ? queue->first : queue->last + 1;
	pager->readable = queue->last;
	for (size_t i = 0; i < COUNT(pager->marks); i++)
		pager->marks[i].pager = pager;
	return pager;
}

void
session_pager_hold(struct worker *worker, size_t bytes)
{
	worker->held_bytes += bytes;
}

void
session_pager_let_go(struct worker *worker, size_t bytes)
{
	worker->held_bytes -= bytes;
}

static void
drop_tail(struct session_pager *pager)
{
	session_pager_let_go(pager->queue->session->worker,
	    pending_queue_bytes(&pager->tail));
	pending_queue_done(&pager->tail);
}

void
session_pager_free(struct session_pager **pager)
{
	struct session_pager *last = *pager;

	*pager = NULL;
	if (last == NULL)
		return;
	for (size_t i = 0; i < COUNT(last->marks); i++)
		if (last->marks[i].is_set)
			journal_wait_cancel(last->queue->session->worker,
			    &last->marks[i].wait);
	store_read_cancel(&last->read);
	drop_tail(last);
	free(last);
}

static void
on_written(struct worker *worker, struct journal_wait *wait)
{
	struct session_mark *mark = (struct session_mark
		*)((char *)wait - offsetof(struct session_mark, wait));
	struct session_pager *pager = mark->pager;

	(void)worker;
	mark->is_set = false;
	if (mark->sequence > pager->readable)
		pager->readable = mark->sequence;
	session_on_written(pager->queue->session);
}

void
session_pager_wake(struct session_pager *pager)
{
	struct worker *worker = pager->queue->session->worker;
	uint64_t transaction = journal_covering(worker);
	struct session_mark *free_mark = NULL;

	for (size_t i = 0; i < COUNT(pager->marks); i++) {
		struct session_mark *mark = &pager->marks[i];

		if (!mark->is_set) {
			free_mark = mark;
			continue;
		}
		if (mark->wait.transaction == transaction ||
		    transaction == IPC_STORE_NONE) {
			mark->sequence = pager->queue->last;
			return;
		}
	}
	if (free_mark == NULL) { /* wait longer rather than not at all */
		free_mark = &pager->marks[0];
		journal_wait_cancel(worker, &free_mark->wait);
	}
	free_mark->is_set = true;
	free_mark->sequence = pager->queue->last;
	free_mark->wait.on_written = on_written;
	journal_wait(worker, &free_mark->wait);
}

/* Has a queue in memory room for one more? */
static bool
takes_more(const struct session_pager *pager, const struct pending_queue *queue)
{
	bool is_tight = pager->queue->session->worker->held_bytes >=
			SESSION_HELD_BYTES;

	return pending_queue_count(queue) <
		   (is_tight ? SESSION_PAGE_COUNT : SESSION_PAGE_COUNT_MOST) &&
	       pending_queue_bytes(queue) <
		   (is_tight ? SESSION_PAGE_BYTES : SESSION_PAGE_BYTES_MOST);
}

/* It is the last: if there is no room, those before it are on disk, too. */
static void
push_tail(struct session_pager *pager, struct pending *item)
{
	if (!takes_more(pager, &pager->tail))
		drop_tail(pager);
	session_pager_hold(pager->queue->session->worker,
	    message_bytes(item->message));
	pending_queue_push(&pager->tail, *item);
	*item = (struct pending){ .message = NULL };
}

bool
session_pager_has(const struct session_pager *pager, uint64_t sequence)
{
	return sequence < pager->from ||
	       (pending_queue_count(&pager->tail) > 0 &&
		   sequence >= pending_queue_at(&pager->tail, 0)->sequence);
}

bool
session_pager_holds(struct session_pager *pager, struct pending *item)
{
	struct session *session = pager->queue->session;

	if (pager->from != item->sequence ||
	    !takes_more(pager, &session->state.queued)) {
		push_tail(pager, item);
		session_pager_wake(pager);
		return false;
	}
	pager->from = item->sequence + 1;
	session_pager_hold(session->worker, message_bytes(item->message));
	if (item->qos == 2)
		session_pager_wake(pager);
	return true;
}

/* Was it sent before, as far as anybody knows? Then it is sent again, and not
 * what comes behind it. */
static bool
was_sent(struct session_queue *queue, const struct pending *item)
{
	if (item->qos == 0)
		return false;
	if (item->sequence <= queue->sent)
		return true;
	if (queue->resend == 0)
		return item->state == PENDING_RELEASE;
	queue->resend--;
	return true;
}

static void
take_entry(struct session_pager *pager, struct pending item)
{
	struct session_state *state = &pager->queue->session->state;

	if (was_sent(pager->queue, &item)) {
		item.packet_id = session_queue_packet_id(item.sequence);
		pending_queue_push(&state->inflight, item);
	} else if (!sharing_takes(pager->queue, &item)) {
		session_pager_hold(pager->queue->session->worker,
		    message_bytes(item.message));
		pending_queue_push(&state->queued, item);
	}
}

/* All before the tail is read: it follows. */
static void
splice_tail(struct session_pager *pager)
{
	struct worker *worker = pager->queue->session->worker;

	/* Nobody can have been sent what came since. */
	pager->queue->resend = 0;
	while (pending_queue_count(&pager->tail) > 0) {
		struct pending item = pending_queue_pop(&pager->tail);

		session_pager_let_go(worker, message_bytes(item.message));
		if (item.sequence < pager->from) {
			pending_done(&item);
			continue;
		}
		pager->from = item.sequence + 1;
		take_entry(pager, item);
	}
	pending_queue_rest(&pager->tail);
}

static bool
reaches_tail(const struct session_pager *pager)
{
	return pending_queue_count(&pager->tail) > 0 &&
	       pager->from >= pending_queue_at(&pager->tail, 0)->sequence;
}

static void
lose_entry(struct session_pager *pager, const struct ipc_store_change *put)
{
	struct session *session = pager->queue->session;

	log_error(log_id("session", session->id), log_word("event", "lost"),
	    log_word("reason", "entry-of-queue-not-valid"),
	    log_text("identity", session_identity(session)),
	    log_text("client_id", session_client_id(session)));
	journal_queue_remove(session, put->sequence, put->message);
}

static void
on_entry(void *context, const struct ipc_store_change *put)
{
	struct session_pager *pager = context;
	struct session *session = pager->queue->session;
	struct pending item;

	/* What came behind the last is not of this session's doing. */
	if (put->sequence < pager->from || put->sequence > pager->queue->last)
		return;
	pager->from = put->sequence + 1;
	if (session_queue_decode(session->worker, put, &item) == 0)
		take_entry(pager, item);
	else
		lose_entry(pager, put);
}

static void
on_page(void *context, const struct ipc_store_page *page)
{
	struct session_pager *pager = context;
	struct session *session = pager->queue->session;
	uint64_t next = page->is_end ? pager->through + 1 : page->next;

	pager->read = NULL;
	/* What came since the process began was sent by nobody else. */
	if (page->is_end)
		pager->queue->resend = 0;
	if (next > pager->from && next <= pager->queue->last + 1)
		pager->from = next;
	if (page->lost > 0)
		log_error(log_id("session", session->id),
		    log_word("event", "lost"),
		    log_word("reason", "entries-of-queue-not-readable"),
		    log_text("identity", session_identity(session)),
		    log_text("client_id", session_client_id(session)),
		    log_number("count", page->lost));
	session_send_queued(session);
}

static const struct store_reader reader = {
	.on_entry = on_entry,
	.on_page = on_page,
};

static bool
has_room(const struct session *session)
{
	const struct pending_queue *queued = &session->state.queued;
	uint32_t unsent = pending_queue_count(&session->state.inflight) -
			  session->sent;

	return pending_queue_count(queued) + unsent < SESSION_PAGE_COUNT &&
	       pending_queue_bytes(queued) < SESSION_PAGE_BYTES;
}

bool
session_pager_read(struct session_pager *pager)
{
	struct session *session = pager->queue->session;
	struct ipc_store_read read = {
		.session = pager->queue->session->number,
		.from = pager->from,
		.count = SESSION_PAGE_COUNT,
		.bytes = SESSION_PAGE_BYTES,
	};

	if (pager->read == NULL && has_room(session) && reaches_tail(pager))
		splice_tail(pager);
	if (pager->from > pager->queue->last)
		return pending_queue_count(&session->state.queued) == 0 &&
		       pending_queue_count(&session->state.inflight) == 0;
	if (pager->read != NULL || pager->from > pager->readable ||
	    !has_room(session))
		return false;
	pager->through = pager->readable;
	pager->read = store_read_begin(session->worker, &read, &reader, pager);
	return false;
}
