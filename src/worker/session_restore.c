/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_restore.h"

#include <errno.h>
#include <malloc.h>

#include "lib/pack.h"
#include "mqtt/topic.h"
#include "worker/session.h"
#include "worker/session_head.h"
#include "worker/session_queue.h"
#include "worker/subscription_record.h"

/* See session_key_encode(). */
static bool
key_is_valid(struct bytes key)
{
	struct unpack in = { .input = key };
	uint16_t len = unpack_u16(&in);

	return !in.failed && len > 0 && len <= SESSION_IDENTITY_MAX &&
	       key.len - in.pos > len &&
	       key.len - in.pos - len <= SESSION_CLIENT_ID_MAX;
}

static void
lost(const struct ipc_store_row *row, const char *what)
{
	log_error(log_word("event", "lost"), log_word("reason", what),
	    log_id("number", row->put.session));
}

static uint64_t
time_in(const struct worker *worker, uint32_t seconds)
{
	return worker_now_ms(worker) + (uint64_t)seconds * 1000;
}

/* One that had a connection has just lost it. */
static void
set_times(struct session *session, const struct clock_reading *now,
    const struct session_head *head, int64_t expires_at)
{
	struct session_will *will = session->state.will;

	if (!head->is_connected) {
		if (expires_at != IPC_STORE_NEVER)
			session->expires_at_ms = clock_to_monotonic_ms(now,
			    expires_at * 1000);
		if (will != NULL && head->will_at_seconds != IPC_STORE_NEVER)
			will->at_ms = clock_to_monotonic_ms(now,
			    head->will_at_seconds * 1000);
		return;
	}
	if (head->expiry_seconds != SESSION_EXPIRY_NEVER)
		session->expires_at_ms = time_in(session->worker,
		    head->expiry_seconds);
	if (will != NULL)
		will->at_ms = time_in(session->worker, will->delay_seconds);
}

static struct session_will *
restored_will(const struct session_head *head)
{
	struct session_will *will = session_will_new(head->will);

	will->delay_seconds = head->will_delay_seconds;
	will->expiry_seconds = head->will_expiry_seconds;
	will->has_expiry = head->has_will_expiry;
	return will;
}

/* The head's will moves into the session. */
static void
restore(struct worker *worker, const struct ipc_store_row *row,
    struct session_head *head)
{
	struct clock_reading now = clock_read();
	struct session *session = session_new(worker, row->put.key);

	session->id = head->id;
	session->was_cut_off = head->is_connected || head->was_cut_off;
	session->state.expiry_seconds = head->expiry_seconds;
	if (head->will != NULL)
		session->state.will = restored_will(head);
	session_queue_new(session, row->put.session);
	session_queue_restore(session->queue, row, head);
	if (head->is_leaving) {
		session_leave(session);
		return;
	}
	set_times(session, &now, head, row->put.expires_at);
	session_set_deadline(session);
}

static int
take_session(struct worker *worker, const struct ipc_store_row *row)
{
	struct clock_reading now = clock_read();
	struct session_head head;

	if (row->put.session == IPC_STORE_NONE ||
	    session_queue_find(worker, row->put.session) != NULL)
		return -EBADMSG;
	if (!key_is_valid(row->put.key) ||
	    session_find(worker, row->put.key) != NULL ||
	    session_head_decode(row->put.value, &now, &head) != 0) {
		lost(row, "session-not-valid");
		return 0;
	}
	restore(worker, row, &head);
	return 0;
}

static int
take_subscription(struct worker *worker, const struct ipc_store_row *row)
{
	struct session_queue *queue = session_queue_find(worker,
	    row->put.session);
	struct session_subscription wanted = { .qos = 0 };

	/* It was lost, and that was said; or it has ended. */
	if (queue == NULL || queue->is_leaving)
		return 0;
	wanted.topic_filter = row->put.key;
	if (!mqtt_utf8_is_valid(wanted.topic_filter) ||
	    !mqtt_topic_filter_is_valid(wanted.topic_filter) ||
	    subscription_record_decode(row->put.value, &wanted) != 0)
		lost(row, "subscription-not-valid");
	else
		session_restore_subscription(queue->session, &wanted);
	return 0;
}

static int
take_received(struct worker *worker, const struct ipc_store_row *row)
{
	struct session_queue *queue = session_queue_find(worker,
	    row->put.session);

	if (queue == NULL)
		return -ENOENT;
	if (row->put.packet_id != 0)
		session_restore_received(queue->session, row->put.packet_id);
	return 0;
}

int
session_take_row(struct worker *worker, const struct ipc_store_row *row)
{
	switch (row->put.type) {
	case IPC_STORE_SESSION_PUT:
		return take_session(worker, row);
	case IPC_STORE_SUBSCRIPTION_PUT:
		return take_subscription(worker, row);
	case IPC_STORE_RECEIVED_PUT:
		return take_received(worker, row);
	default:
		return -EBADMSG;
	}
}

void
session_loaded(struct worker *worker)
{
	struct session_queue *queue, *next;
	size_t bucket = 0;

	for (queue = session_queue_next(worker, NULL, &bucket); queue != NULL;
	     queue = next) {
		next = session_queue_next(worker, queue, &bucket);
		if (queue->is_leaving)
			(void)sharing_end(queue->session);
	}
	/* What came in pieces has left holes. */
	malloc_trim(0);
	log_info(log_word("event", "loaded"),
	    log_number("sessions", (int64_t)worker->session_index.count),
	    log_number("subscriptions",
		(int64_t)worker->child->counted[IPC_STATISTIC_SUBSCRIPTIONS]));
}
