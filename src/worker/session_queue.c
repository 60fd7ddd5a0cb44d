/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_queue.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "worker/journal.h"
#include "worker/message_record.h"
#include "worker/pending_record.h"
#include "worker/session.h"
#include "worker/session_head.h"
#include "worker/session_pager.h"

/* There are so many packet identifiers (2.2.1). */
#define PACKET_ID_COUNT 65535

static struct session_queue *
queue_of(struct index_link *link)
{
	return link == NULL
		   ? NULL
		   : (struct session_queue *)((char *)link -
					      offsetof(struct session_queue,
						  in_index));
}

static uint64_t
hash_of_number(uint64_t number)
{
	return hash_of(bytes_of(&number, sizeof(number)));
}

static uint64_t
hash_of_link(const struct index_link *link)
{
	const struct session_queue *queue = (const struct session_queue
		*)((const char *)link -
		   offsetof(struct session_queue, in_index));

	return hash_of_number(queue->session->number);
}

struct session_queue *
session_queue_find(const struct worker *worker, uint64_t number)
{
	struct index_link *link = index_first(&worker->queues,
	    hash_of_number(number));

	while (link != NULL && queue_of(link)->session->number != number)
		link = link->next;
	return queue_of(link);
}

struct session_queue *
session_queue_next(const struct worker *worker,
    const struct session_queue *queue, size_t *bucket)
{
	return queue_of(index_next(&worker->queues,
	    queue == NULL ? NULL : &queue->in_index, bucket));
}

void
session_queue_new(struct session *session, uint64_t number)
{
	struct session_queue *queue = memory_new(1, sizeof(*queue));

	queue->session = session;
	queue->first = 1;
	session->number = number;
	session->queue = queue;
	index_add(&session->worker->queues, &queue->in_index, hash_of_link);
}

void
session_queue_free(struct session_queue **queue)
{
	struct session_queue *last = *queue;

	*queue = NULL;
	if (last == NULL)
		return;
	session_pager_free(&last->pager);
	sharing_drain_free(&last->drain);
	index_remove(&last->session->worker->queues, &last->in_index,
	    hash_of_link);
	free(last);
}

void
session_queue_restore(struct session_queue *queue,
    const struct ipc_store_row *row, const struct session_head *head)
{
	const struct config *config = queue->session->worker->config;

	queue->last = head->last_sequence > row->last_sequence
			  ? head->last_sequence
			  : row->last_sequence;
	queue->first = queue->last + 1;
	queue->sent = head->sent_sequence;
	queue->has_shared = head->has_shared;
	queue->is_leaving = head->is_leaving;
	if (row->first_sequence == 0)
		return;
	queue->first = row->first_sequence;
	queue->count = row->last_sequence - row->first_sequence + 1;
	queue->total = row->last_total;
	/* An entry without its message says less than there is before it. */
	if (row->last_total + row->first_len > row->first_total)
		queue->bytes = row->last_total + row->first_len -
			       row->first_total;
	/* What was sent at the end nobody wrote down: it was among the first. */
	if (head->is_connected || head->is_unsure)
		queue->resend = (uint16_t)
				    config->sessions.max_inflight_messages;
}

void
session_queue_head(const struct session_queue *queue, struct session_head *head)
{
	head->last_sequence = queue->last;
	head->sent_sequence = queue->sent;
	head->has_shared = queue->has_shared;
	head->is_unsure = queue->resend > 0;
	head->is_leaving = queue->is_leaving;
}

void
session_queue_attach(struct session_queue *queue)
{
	sharing_drain_free(&queue->drain);
	session_pager_free(&queue->pager);
	queue->pager = session_pager_new(queue);
}

/* The first of those that are in the queue, whether in memory or not. */
static uint64_t
first_sequence(const struct session_queue *queue)
{
	const struct session_state *state = &queue->session->state;

	if (pending_queue_count(&state->inflight) > 0)
		return pending_queue_at(&state->inflight, 0)->sequence;
	if (pending_queue_count(&state->queued) > 0)
		return pending_queue_at(&state->queued, 0)->sequence;
	return queue->pager->from;
}

static uint64_t
less(uint64_t from, uint64_t by)
{
	return from > by ? from - by : 0;
}

/* What was sent is sent again, whatever its time [MQTT5-4.3.3-7]. */
static void
keep_sent(struct session_queue *queue)
{
	const struct pending_queue *inflight = &queue->session->state.inflight;

	for (uint32_t i = 0; i < pending_queue_count(inflight); i++) {
		struct pending *item = pending_queue_at(inflight, i);

		if (item->message == NULL || item->never_expires ||
		    !message_parts(item->message)->has_expiry)
			continue;
		item->never_expires = true;
		journal_queue_remove(queue->session, item->sequence,
		    message_kept_id(item->message));
		journal_queue_put(queue->session, item->sequence,
		    less(queue->total, queue->bytes) +
			message_bytes(item->message),
		    item);
	}
}

static void
forget_memory(struct session_queue *queue)
{
	struct session_state *state = &queue->session->state;

	keep_sent(queue);
	/* All that was to be sent again is that, and may have been sent. */
	if (pending_queue_count(&state->inflight) > 0) {
		uint64_t sequence = pending_queue_at(&state->inflight,
		    pending_queue_count(&state->inflight) - 1)
					->sequence;

		if (sequence > queue->sent)
			queue->sent = sequence;
	}
	session_pager_let_go(queue->session->worker,
	    pending_queue_bytes(&state->queued));
	pending_queue_done(&state->inflight);
	pending_queue_done(&state->queued);
}

/* Nothing is in it: so much is certain, whatever was counted. */
static void
set_empty(struct session_queue *queue)
{
	queue->count = 0;
	queue->bytes = 0;
	queue->resend = 0;
	queue->has_shared = false;
}

void
session_queue_detach(struct session_queue *queue)
{
	if (queue->pager == NULL)
		return;
	queue->first = first_sequence(queue);
	forget_memory(queue);
	session_pager_free(&queue->pager);
	if (queue->first > queue->last)
		set_empty(queue);
}

bool
session_queue_put(struct session_queue *queue, struct pending *item)
{
	size_t len = message_bytes(item->message);

	if (queue->count == 0 && queue->pager == NULL)
		queue->first = queue->last + 1;
	item->sequence = ++queue->last;
	queue->count++;
	queue->bytes += len;
	queue->total += len;
	if (item->share != NULL && !queue->has_shared) {
		queue->has_shared = true;
		journal_session_changed(queue->session);
	}
	/* It is sent as soon as it is on disk: should all end between the two,
	 * nobody knows whether it was [MQTT5-4.3.3-7]. */
	item->never_expires = item->qos == 2 && queue->pager != NULL &&
			      queue->pager->from == item->sequence;
	journal_queue_put(queue->session, item->sequence, queue->total, item);
	item->transaction = journal_covering(queue->session->worker);
	if (queue->pager != NULL)
		return session_pager_holds(queue->pager, item);
	return false;
}

static void
count_out_message(struct session_queue *queue, const struct pending *item)
{
	if (item->message != NULL)
		queue->bytes = less(queue->bytes, message_bytes(item->message));
}

static uint64_t
kept_id_of(const struct pending *item)
{
	return item->message == NULL ? IPC_STORE_NONE
				     : message_kept_id(item->message);
}

void
session_queue_remove(struct session_queue *queue, const struct pending *item)
{
	count_out_message(queue, item);
	queue->count = less(queue->count, 1);
	journal_queue_remove(queue->session, item->sequence, kept_id_of(item));
}

void
session_queue_release(struct session_queue *queue, uint32_t position)
{
	struct session *session = queue->session;
	struct pending *item = pending_queue_at(&session->state.inflight,
	    position);

	count_out_message(queue, item);
	journal_queue_remove(session, item->sequence, kept_id_of(item));
	pending_queue_release(&session->state.inflight, position);
	/* The bytes of all others are behind it, as far as anybody knows. */
	journal_queue_put(session, item->sequence,
	    less(queue->total, queue->bytes), item);
	item->transaction = journal_covering(session->worker);
	session_pager_wake(queue->pager);
}

bool
session_queue_may_send(const struct session_queue *queue,
    const struct pending *item)
{
	const struct pending_queue *inflight = &queue->session->state.inflight;

	if (pending_queue_count(inflight) > 0 &&
	    item->sequence - pending_queue_at(inflight, 0)->sequence >=
		PACKET_ID_COUNT)
		return false;
	if (item->qos < 2 || item->transaction == IPC_STORE_NONE)
		return true;
	return journal_is_written(queue->session->worker, item->transaction);
}

uint16_t
session_queue_packet_id(uint64_t sequence)
{
	return (uint16_t)(1 + sequence % PACKET_ID_COUNT);
}

void
session_queue_popped(struct session_queue *queue, const struct pending *item)
{
	session_pager_let_go(queue->session->worker,
	    message_bytes(item->message));
}

void
session_queue_sent(struct session_queue *queue, const struct pending *item)
{
	queue->sent = item->sequence;
}

void
session_queue_read(struct session_queue *queue)
{
	if (queue->pager != NULL && session_pager_read(queue->pager))
		set_empty(queue);
}

uint64_t
session_queue_waiting(const struct session_queue *queue)
{
	return less(queue->count,
	    pending_queue_count(&queue->session->state.inflight));
}

uint64_t
session_queue_waiting_bytes(const struct session_queue *queue)
{
	return less(queue->bytes,
	    pending_queue_bytes(&queue->session->state.inflight));
}

void
session_queue_expired(struct worker *worker,
    const struct ipc_store_expired *expired)
{
	struct session_queue *queue = session_queue_find(worker,
	    expired->session);

	if (queue == NULL ||
	    (queue->pager != NULL &&
		session_pager_has(queue->pager, expired->sequence)))
		return;
	queue->count = less(queue->count, 1);
	queue->bytes = less(queue->bytes, expired->len);
}

int
session_queue_decode(struct worker *worker, const struct ipc_store_change *put,
    struct pending *item)
{
	struct clock_reading now = clock_read();
	struct unpack in = { .input = put->value };
	struct pending decoded = { .message = NULL };
	int error = 0;

	pending_delivery_decode(&in, worker->topics, &decoded);
	if (!unpack_is_complete(&in))
		error = -EBADMSG;
	else if (decoded.state == PENDING_PUBLISH)
		error = message_record_decode(put->body, &now,
		    &decoded.message);
	if (error != 0) {
		pending_done(&decoded);
		return error;
	}
	if (decoded.message != NULL)
		message_set_kept_id(decoded.message, put->message);
	decoded.sequence = put->sequence;
	decoded.never_expires = put->expires_at == IPC_STORE_NEVER;
	*item = decoded;
	return 0;
}
