/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a durable member that is away owes lies on disk: its queue is read
 * through, a page at a time, and what others can get is taken out of it. Until
 * another member has it, it is kept in a row of its own.
 */
#include <stddef.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/journal.h"
#include "worker/session.h"
#include "worker/session_queue.h"
#include "worker/sharing_internal.h"

#define PAGE_COUNT 128
#define PAGE_BYTES (128 * 1024)

/* No page is asked for while so many messages wait for a member already. */
#define ORPHANS_MAX 1024

struct sharing_drain {
	TAILQ_ENTRY(sharing_drain) in_waiting;
	struct session_queue *queue;
	struct journal_wait wait;
	struct store_read *read;
	uint64_t from;
	uint64_t through; /* all up to here are on disk when the wait is over */
	uint16_t resend;  /* as many may have been sent */
	bool is_written;  /* the wait is over */
	bool is_waiting;  /* for orphans to get fewer */
	bool has_left;    /* something shared stays in the queue */
};

void
sharing_drain_free(struct sharing_drain **drain)
{
	struct sharing_drain *last = *drain;
	struct worker *worker;

	*drain = NULL;
	if (last == NULL)
		return;
	worker = last->queue->session->worker;
	if (!last->is_written)
		journal_wait_cancel(worker, &last->wait);
	if (last->is_waiting)
		TAILQ_REMOVE(&worker->sharing.paused, last, in_waiting);
	store_read_cancel(&last->read);
	free(last);
}

/* Was it sent, as far as anybody knows? */
static bool
was_sent(struct sharing_drain *drain, const struct pending *item)
{
	if (item->sequence <= drain->queue->sent)
		return true;
	if (drain->resend == 0 || item->qos == 0)
		return false;
	drain->resend--;
	return true;
}

/* May it go to another member: if the session is over, to any, else to one that
 * is online [MQTT5-4.8.2-4, -5]. */
static bool
may_go(const struct sharing_drain *drain, const struct pending *item,
    bool is_sent)
{
	if (item->state != PENDING_PUBLISH || (is_sent && item->qos == 2))
		return false;
	return drain->queue->is_leaving ||
	       share_count_all(item->share).online > 0;
}

static void
on_entry(void *context, const struct ipc_store_change *put)
{
	struct sharing_drain *drain = context;
	struct session_queue *queue = drain->queue;
	struct pending item;
	bool is_sent;

	if (put->sequence < drain->from || put->sequence > queue->last)
		return;
	drain->from = put->sequence + 1;
	/* What does not decode is its client's to find. */
	if (session_queue_decode(queue->session->worker, put, &item) != 0)
		return;
	is_sent = was_sent(drain, &item);
	if (item.share == NULL) {
		pending_done(&item);
	} else if (may_go(drain, &item, is_sent)) {
		sharing_orphan(queue, &item);
	} else {
		drain->has_left = true;
		pending_done(&item);
	}
}

static void
finish(struct sharing_drain *drain)
{
	struct session_queue *queue = drain->queue;

	/* What came meanwhile was put for a member that is away: there was
	 * nobody else. */
	if (!drain->has_left && queue->last == drain->through)
		queue->has_shared = false;
	sharing_drain_free(&queue->drain);
	if (queue->is_leaving)
		session_left(queue->session);
}

static void read_on(struct sharing_drain *drain);

static void
on_page(void *context, const struct ipc_store_page *page)
{
	struct sharing_drain *drain = context;

	drain->read = NULL;
	if (page->next > drain->from)
		drain->from = page->next;
	if (page->is_end || drain->from > drain->through)
		finish(drain);
	else
		read_on(drain);
}

static const struct store_reader reader = {
	.on_entry = on_entry,
	.on_page = on_page,
};

static void
read_on(struct sharing_drain *drain)
{
	struct worker *worker = drain->queue->session->worker;
	struct ipc_store_read read = {
		.session = drain->queue->session->number,
		.from = drain->from,
		.count = PAGE_COUNT,
		.bytes = PAGE_BYTES,
	};

	if (pending_queue_count(&worker->sharing.orphans) < ORPHANS_MAX) {
		drain->read = store_read_begin(worker, &read, &reader, drain);
		return;
	}
	drain->is_waiting = true;
	TAILQ_INSERT_TAIL(&worker->sharing.paused, drain, in_waiting);
}

static void
on_written(struct worker *worker, struct journal_wait *wait)
{
	struct sharing_drain *drain = (struct sharing_drain
		*)((char *)wait - offsetof(struct sharing_drain, wait));

	(void)worker;
	drain->is_written = true;
	read_on(drain);
}

void
sharing_drain_queue(struct session_queue *queue)
{
	struct worker *worker = queue->session->worker;
	struct sharing_drain *drain;

	if (queue->drain != NULL)
		return;
	drain = memory_new(1, sizeof(*drain));
	drain->queue = queue;
	drain->from = queue->first;
	drain->through = queue->last;
	drain->resend = queue->resend;
	drain->wait.on_written = on_written;
	queue->drain = drain;
	journal_wait(worker, &drain->wait);
}

void
sharing_resume(struct worker *worker)
{
	struct sharing_drain *drain;

	while (pending_queue_count(&worker->sharing.orphans) < ORPHANS_MAX &&
	       (drain = TAILQ_FIRST(&worker->sharing.paused)) != NULL) {
		TAILQ_REMOVE(&worker->sharing.paused, drain, in_waiting);
		drain->is_waiting = false;
		read_on(drain);
	}
}
