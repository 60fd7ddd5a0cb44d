/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking: what a new subscription matches is fetched from one worker after
 * the other, page by page, as the client takes it.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "worker/connection.h"
#include "worker/retention_internal.h"
#include "worker/session.h"

/* More topics than that are not remembered: what was kept in place of their
 * messages may then come behind them. */
#define OVERTAKEN_MAX 8192

/* The one that goes on for a subscription. */
static struct retention_query *
query_of(const struct subscription *subscription)
{
	const struct retention *retention = subscription->session->worker
						->retention;
	struct retention_query *query;

	HASH_FIND(by_subscription, retention->of_subscriptions, &subscription,
	    sizeof(subscription), query);
	return query;
}

static struct retention_overtaken *
overtaken_find(const struct retention_query *query, uint64_t topic)
{
	struct retention_overtaken *found;

	HASH_FIND(hh, query->overtaken, &topic, sizeof(topic), found);
	return found;
}

void
retention_overtake(struct subscription *subscription,
    const struct ipc_publish *live)
{
	struct retention_query *query = query_of(subscription);
	uint64_t topic = hash_of(live->topic_name);
	struct retention_overtaken *overtaken = overtaken_find(query, topic);

	if (overtaken == NULL) {
		if (HASH_COUNT(query->overtaken) >= OVERTAKEN_MAX)
			return;
		overtaken = memory_new(1, sizeof(*overtaken));
		overtaken->topic = topic;
		HASH_ADD(hh, query->overtaken, topic, sizeof(topic), overtaken);
	}
	if (live->published_ns > overtaken->published_ns)
		overtaken->published_ns = live->published_ns;
}

/* Has a later one come live? */
static bool
is_overtaken(const struct retention_query *query,
    const struct ipc_publish *found)
{
	const struct retention_overtaken *overtaken;

	if (query->overtaken == NULL)
		return false;
	overtaken = overtaken_find(query, hash_of(found->topic_name));
	return overtaken != NULL &&
	       found->published_ns < overtaken->published_ns;
}

static void
overtaken_done(struct retention_query *query)
{
	struct retention_overtaken *overtaken, *next;

	HASH_ITER(hh, query->overtaken, overtaken, next)
	{
		HASH_DEL(query->overtaken, overtaken);
		free(overtaken);
	}
}

void
retention_query_free(struct retention *retention, struct retention_query *query)
{
	HASH_DEL(retention->queries, query);
	HASH_DELETE(by_subscription, retention->of_subscriptions, query);
	TAILQ_REMOVE(query->is_waiting ? &retention->waiting
				       : &retention->order,
	    query, next);
	query->subscription->has_query = false;
	retained_walk_free(&query->walk);
	overtaken_done(query);
	free((void *)(uintptr_t)query->topic_filter.data);
	free(query);
}

static void
send_to(struct retention_query *query, struct retention *retention,
    enum ipc_message_type type)
{
	struct worker *worker = retention->worker;
	struct ipc_interest message = { .number = query->number };

	worker->scratch.len = 0;
	ipc_interest_encode(&message, &worker->scratch);
	proc_peer_push(worker->child, worker->peers[query->worker], type,
	    buffer_view(&worker->scratch), -1, false);
}

static void
send_query(struct retention_query *query, struct retention *retention)
{
	struct worker *worker = retention->worker;
	struct ipc_retained_query message = {
		.number = query->number,
		.until_ns = query->until_ns,
		.topic_filter = query->topic_filter,
	};

	worker->scratch.len = 0;
	ipc_retained_query_encode(&message, &worker->scratch);
	proc_peer_push(worker->child, worker->peers[query->worker],
	    IPC_RETAINED_QUERY, buffer_view(&worker->scratch), -1, false);
}

/* From here on everything comes live. */
static void
query_begin(struct retention *retention, struct retention_query *query)
{
	query->is_waiting = false;
	query->until_ns = clock_monotonic_ns();
	TAILQ_INSERT_TAIL(&retention->order, query, next);
}

void
retention_taken_in(struct worker *worker, uint64_t announcement)
{
	struct retention *retention = worker->retention;
	struct retention_query *query;

	/* In the order of their SUBACKs, which wait for the same. */
	while ((query = TAILQ_FIRST(&retention->waiting)) != NULL &&
	       query->announcement <= announcement) {
		TAILQ_REMOVE(&retention->waiting, query, next);
		query_begin(retention, query);
	}
}

void
retention_query(struct subscription *subscription, struct bytes topic_filter,
    uint64_t announcement)
{
	struct worker *worker = subscription->session->worker;
	struct retention *retention = worker->retention;
	struct retention_query *query;

	retention_cancel(subscription);
	query = memory_new(1, sizeof(*query));
	query->number = ++retention->numbers;
	query->subscription = subscription;
	query->topic_filter = bytes_of(memory_copy(topic_filter),
	    topic_filter.len);
	query->announcement = announcement;
	HASH_ADD(hh, retention->queries, number, sizeof(query->number), query);
	HASH_ADD(by_subscription, retention->of_subscriptions, subscription,
	    sizeof(query->subscription), query);
	subscription->has_query = true;
	query->is_waiting = !interest_is_taken_in(worker, announcement);
	if (query->is_waiting)
		TAILQ_INSERT_TAIL(&retention->waiting, query, next);
	else
		query_begin(retention, query);
}

void
retention_cancel(struct subscription *subscription)
{
	struct retention *retention = subscription->session->worker->retention;
	struct retention_query *query;

	if (!subscription->has_query)
		return;
	query = query_of(subscription);
	if (query->is_begun && query->walk == NULL &&
	    retention->worker->peers[query->worker] != NULL)
		send_to(query, retention, IPC_RETAINED_CANCEL);
	retention_query_free(retention, query);
}

static void
query_next_worker(struct retention_query *query)
{
	retained_walk_free(&query->walk);
	query->worker++;
	query->is_begun = false;
	query->is_asked = false;
}

static void
deliver_found(const struct retention_query *query, struct message *message)
{
	const struct ipc_publish *parts = message_parts(message);
	struct subscription *subscription = query->subscription;
	const struct session *session = subscription->session;
	uint32_t identifier = subscription->identifier;
	struct message_delivery delivery = {
		.qos = parts->qos < subscription->qos
			   ? parts->qos
			   : (uint8_t)subscription->qos,
		.retain = true, /* [MQTT-3.3.1-8] */
		.subscription_ids = &identifier,
		.subscription_id_count = identifier != 0,
	};

	if (subscription->no_local &&
	    parts->publisher == session_publisher(session))
		return; /* [MQTT5-3.8.3-3] */
	if (is_overtaken(query, parts))
		return;
	session_deliver(subscription->session, message, &delivery);
}

/* Is there room for a page more on the way to the client? */
static bool
has_room(const struct session *session)
{
	const struct config *config = session->worker->config;

	return session_waiting(session) + RETENTION_PAGE <=
		   config->sessions.max_queued_messages / 2 + RETENTION_PAGE &&
	       (session->connection == NULL ||
		   (session->connection->outbox.bytes <=
			   config->limits.outbox_bytes / 2 &&
		       session_waiting(session) < RETENTION_PAGE));
}

static void
walk_here(struct retention *retention, struct retention_query *query,
    unsigned int *budget)
{
	unsigned int steps = RETENTION_STEPS, found = 0;
	struct message *message;

	if (query->walk == NULL)
		query->walk = retained_walk_new(retention->retained,
		    query->topic_filter, query->until_ns);
	while (found++ < RETENTION_PAGE &&
	       (message = retained_walk_next(query->walk,
		    worker_now_ms(retention->worker), &steps)) != NULL)
		deliver_found(query, message);
	*budget -= RETENTION_STEPS - steps;
	if (retained_walk_is_done(query->walk))
		query_next_worker(query);
}

static void
ask_there(struct retention *retention, struct retention_query *query)
{
	if (query->is_begun)
		send_to(query, retention, IPC_RETAINED_MORE);
	else
		send_query(query, retention);
	query->is_begun = true;
	query->is_asked = true;
}

/* Returns true if it can go on in the next turn. */
static bool
query_turn(struct retention *retention, struct retention_query *query,
    unsigned int *budget)
{
	struct worker *worker = retention->worker;

	if (query->worker >= worker->child->start.worker_count) {
		retention_query_free(retention, query);
		return false;
	}
	if (query->is_asked || !has_room(query->subscription->session))
		return false;
	if (query->worker == worker->child->index)
		walk_here(retention, query, budget);
	else if (interest_is_known(worker, query->worker))
		ask_there(retention, query);
	else /* until it has taken in what it has kept */
		return false;
	return !query->is_asked;
}

bool
retention_query_turn(struct retention *retention)
{
	unsigned int budget = RETENTION_TURN_STEPS;
	unsigned int count = HASH_COUNT(retention->queries);
	struct retention_query *query;
	bool goes_on = false;

	if (count > RETENTION_TURN_WALKS)
		count = RETENTION_TURN_WALKS;
	for (; count > 0 && budget > RETENTION_STEPS &&
	       (query = TAILQ_FIRST(&retention->order)) != NULL;
	     count--) {
		TAILQ_REMOVE(&retention->order, query, next);
		TAILQ_INSERT_TAIL(&retention->order, query, next);
		if (query_turn(retention, query, &budget))
			goes_on = true;
	}
	return goes_on;
}

/* What it has not answered is asked of the one in its place, from the first
 * page on: where the walk was, nobody knows any more. */
void
retention_query_peer_down(struct retention *retention, unsigned int worker)
{
	struct retention_query *query, *next;

	HASH_ITER(hh, retention->queries, query, next)
	{
		if (query->worker != worker)
			continue;
		query->is_begun = false;
		query->is_asked = false;
	}
}

int
on_retained_found(struct retention *retention, struct bytes payload)
{
	struct retention_query *query;
	struct ipc_publish parts;
	struct message *message;
	uint64_t number;
	int error = ipc_retained_decode(payload, &number, &parts);

	if (error != 0)
		return error;
	HASH_FIND(hh, retention->queries, &number, sizeof(number), query);
	if (query == NULL)
		return 0; /* cancelled meanwhile */
	message = message_new(&parts);
	deliver_found(query, message);
	message_unref(&message);
	return 0;
}

int
on_retained_page(struct retention *retention, unsigned int worker,
    struct bytes payload)
{
	struct retention_query *query;
	uint64_t number;
	uint8_t is_last;
	int error = ipc_retained_status_decode(payload, &number, &is_last);

	if (error != 0)
		return error;
	HASH_FIND(hh, retention->queries, &number, sizeof(number), query);
	if (query == NULL)
		return 0;
	if (!query->is_asked || query->worker != worker)
		return -EBADMSG;
	query->is_asked = false;
	if (is_last)
		query_next_worker(query);
	return 0;
}
