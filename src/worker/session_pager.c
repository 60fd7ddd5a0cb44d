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

bool
session_pager_holds(struct session_pager *pager, const struct pending *item)
{
	const struct pending_queue *queued = &pager->queue->session->state
						  .queued;

	if (pager->from != item->sequence ||
	    queued->count >= SESSION_PAGE_COUNT ||
	    queued->bytes >= SESSION_PAGE_BYTES) {
		session_pager_wake(pager);
		return false;
	}
	pager->from = item->sequence + 1;
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
	if (queue->resend > 0) {
		queue->resend--;
		return true;
	}
	return item->state == PENDING_RELEASE || item->sequence <= queue->sent;
}

static void
take_entry(struct session_pager *pager, struct pending item)
{
	struct session_state *state = &pager->queue->session->state;

	if (was_sent(pager->queue, &item)) {
		item.packet_id = session_queue_packet_id(item.sequence);
		pending_queue_push(&state->inflight, item);
	} else if (!sharing_takes(pager->queue, &item)) {
		pending_queue_push(&state->queued, item);
	}
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
	uint32_t unsent = session->state.inflight.count - session->sent;

	return queued->count + unsent < SESSION_PAGE_COUNT / 2 &&
	       queued->bytes < SESSION_PAGE_BYTES / 2;
}

bool
session_pager_read(struct session_pager *pager)
{
	struct session *session = pager->queue->session;
	struct ipc_store_read read = {
		.session = pager->queue->number,
		.from = pager->from,
		.count = SESSION_PAGE_COUNT / 2,
		.bytes = SESSION_PAGE_BYTES / 2,
	};

	if (pager->from > pager->queue->last)
		return session->state.queued.count == 0 &&
		       session->state.inflight.count == 0;
	if (pager->read != NULL || pager->from > pager->readable ||
	    !has_room(session))
		return false;
	pager->through = pager->readable;
	pager->read = store_read_begin(session->worker, &read, &reader, pager);
	return false;
}
