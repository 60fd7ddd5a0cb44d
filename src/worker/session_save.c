/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_save.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/message_record.h"

/*
 * Copy the subscriptions out of the topic tree.
 *
 * filters: grows by all Topic Filters, that the copies are views into.
 * Returned, free with free().
 */
static struct session_subscription *
copy_subscriptions(const struct session *session, struct buffer *filters)
{
	struct session_subscription *copies = memory_new(
	    session->subscription_count, sizeof(*copies));
	const struct subscription *subscription;
	size_t i = 0, pos = 0;

	LIST_FOREACH(subscription, &session->subscriptions, of_session)
	{
		struct session_subscription *copy = &copies[i++];

		copy->identifier = subscription->identifier;
		copy->qos = subscription->qos;
		copy->no_local = subscription->no_local;
		copy->retain_as_published = subscription->retain_as_published;
		copy->topic_filter.len = filters->len;
		if (subscription->share != NULL)
			share_filter(subscription->share, filters);
		else
			topic_node_filter(subscription->node, filters);
		copy->topic_filter.len = filters->len - copy->topic_filter.len;
	}
	/* Only now does the buffer stay where it is. */
	for (i = 0; i < session->subscription_count; i++) {
		copies[i].topic_filter.data = filters->data + pos;
		pos += copies[i].topic_filter.len;
	}
	return copies;
}

static int64_t
time_to_keep(const struct clock_reading *now, uint64_t at_ms)
{
	return at_ms == UINT64_MAX ? SESSION_RECORD_NEVER
				   : clock_to_realtime_seconds(now, at_ms);
}

void
session_save(struct session *session, const struct clock_reading *now,
    record_number_of *number_of, void *context, struct buffer *out)
{
	struct buffer filters = { .data = NULL };
	struct session_record record = {
		.state = session->state,
		.subscriptions = copy_subscriptions(session, &filters),
		.subscription_count = session->subscription_count,
		.id = session->id,
		.is_connected = session->connection != NULL,
		.expires_at_seconds = time_to_keep(now, session->expires_at_ms),
		.will_at_seconds = time_to_keep(now, session->will_at_ms),
	};

	session_record_encode(&record, number_of, context, out);
	free(record.subscriptions);
	buffer_done(&filters);
}

/* Its will stands behind the record. */
static uint64_t
number_of_will(void *context, struct message *message)
{
	(void)context;
	(void)message;
	return 1;
}

int64_t
session_head_encode(struct session *session, const struct clock_reading *now,
    struct buffer *out)
{
	struct session_record record = {
		.state = session->state,
		.id = session->id,
		.is_connected = session->connection != NULL,
		.expires_at_seconds = time_to_keep(now, session->expires_at_ms),
		.will_at_seconds = time_to_keep(now, session->will_at_ms),
	};

	record.state.queued = (struct pending_queue){ .items = NULL };
	record.state.inflight = (struct pending_queue){ .items = NULL };
	record.state.received_count = 0;
	session_record_encode(&record, number_of_will, NULL, out);
	if (session->state.will != NULL)
		message_record_encode(session->state.will, now, out);
	return record.is_connected ||
		       record.expires_at_seconds == SESSION_RECORD_NEVER
		   ? IPC_STORE_NEVER
		   : record.expires_at_seconds;
}

static uint64_t
time_from_kept(const struct clock_reading *now, int64_t seconds)
{
	return seconds == SESSION_RECORD_NEVER
		   ? UINT64_MAX
		   : clock_to_monotonic_ms(now, seconds);
}

static uint64_t
time_in(const struct clock_reading *now, uint32_t seconds)
{
	return now->monotonic_ms + (uint64_t)seconds * 1000;
}

static void
set_times(struct session *session, const struct clock_reading *now,
    const struct session_record *record)
{
	if (!record->is_connected) {
		session->expires_at_ms = time_from_kept(now,
		    record->expires_at_seconds);
		session->will_at_ms = time_from_kept(now,
		    record->will_at_seconds);
		return;
	}
	if (session->state.expiry_seconds != SESSION_EXPIRY_NEVER)
		session->expires_at_ms = time_in(now,
		    session->state.expiry_seconds);
	if (session->state.will != NULL)
		session->will_at_ms = time_in(now,
		    session->state.will_delay_seconds);
}

/* A session of the record's key; NULL if there is one already. */
static struct session *
session_of(struct worker *worker, const struct session_state *state)
{
	struct buffer key = { .data = NULL };
	struct session *session = NULL;

	session_key_encode(state->identity, state->client_id, &key);
	if (session_find(worker, buffer_view(&key)) == NULL)
		session = session_new(worker, state->identity,
		    buffer_view(&key));
	buffer_done(&key);
	return session;
}

/* The state moves, but for what is a view. */
static void
move_state(struct session_state *to, struct session_state *from)
{
	struct bytes identity = to->identity;
	struct bytes client_id = to->client_id;

	*to = *from;
	to->identity = identity;
	to->client_id = client_id;
	*from = (struct session_state){ .will = NULL };
}

int
session_restore(struct worker *worker, const struct clock_reading *now,
    struct session_record *record, struct session **session)
{
	struct session *restored = session_of(worker, &record->state);
	struct subscription *made;
	bool is_new;

	if (restored == NULL)
		return -EEXIST;
	restored->id = record->id;
	move_state(&restored->state, &record->state);
	for (uint32_t i = 0; i < record->subscription_count; i++)
		(void)session_subscribe(restored, &record->subscriptions[i],
		    &made, &is_new);
	set_times(restored, now, record);
	session_set_deadline(restored);
	*session = restored;
	return 0;
}
