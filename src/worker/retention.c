/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping: a message goes to the worker of its topic.
 */
#include "worker/retention.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "mqtt/topic.h"
#include "worker/connection.h"
#include "worker/retention_internal.h"

/* What a tick looks at to find what has expired. */
#define SWEEP_STEPS 4096
/* Between two lines about messages that are not kept. */
#define REFUSED_LOG_MS 1000

struct retention *
retention_new(struct worker *worker)
{
	struct retention *retention = memory_new(1, sizeof(*retention));

	retention->worker = worker;
	retention->retained = retained_new();
	TAILQ_INIT(&retention->order);
	TAILQ_INIT(&retention->waiting);
	TAILQ_INIT(&retention->answers);
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		STAILQ_INIT(&retention->waits[i]);
	return retention;
}

static struct retention_wait *
wait_pop(struct retention_waits *waits)
{
	struct retention_wait *wait = STAILQ_FIRST(waits);

	if (wait != NULL)
		STAILQ_REMOVE_HEAD(waits, next);
	return wait;
}

void
retention_free(struct retention **pointer)
{
	struct retention *retention = *pointer;
	struct retention_wait *wait;

	if (retention == NULL)
		return;
	*pointer = NULL;
	while (retention->queries != NULL)
		retention_query_free(retention, retention->queries);
	while (!TAILQ_EMPTY(&retention->answers))
		retention_answer_free(retention,
		    TAILQ_FIRST(&retention->answers));
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		while ((wait = wait_pop(&retention->waits[i])) != NULL)
			free(wait);
	retained_free(&retention->retained);
	free(retention);
}

const struct retained *
retention_retained(const struct retention *retention)
{
	return retention->retained;
}

/*
 * Would it be too much to keep this one, in place of the one before? The
 * bounds are those of all workers, shared out evenly.
 */
static bool
is_too_much(const struct retention *retention, const struct ipc_publish *parts)
{
	const struct worker *worker = retention->worker;
	size_t workers = worker->child->start.worker_count;
	size_t max_count = worker->config->limits.retained_messages / workers +
			   1;
	size_t max_bytes = worker->config->limits.retained_bytes / workers;
	const struct message *before = retained_find(retention->retained,
	    parts->topic_name);
	size_t freed = before == NULL ? 0 : message_bytes(before);
	size_t added = parts->topic_name.len + parts->properties.len +
		       parts->payload.len;

	/* What removes one, or is no larger, always fits. */
	if (parts->payload.len == 0 || added <= freed)
		return false;
	return retained_bytes(retention->retained) - freed + added >
		   max_bytes ||
	       (before == NULL &&
		   retained_count(retention->retained) >= max_count);
}

/* Log that one is not kept, at most once a second. */
static void
log_not_retained(struct retention *retention, struct bytes topic_name)
{
	uint64_t now_ms = worker_now_ms(retention->worker);

	retention->refused++;
	if (retention->refused_ms != 0 &&
	    now_ms - retention->refused_ms < REFUSED_LOG_MS)
		return;
	log_warning(log_word("event", "not-retained"),
	    log_word("reason", "too-many-retained"),
	    log_text("topic", topic_name),
	    log_number("count", retention->refused));
	retention->refused_ms = now_ms;
	retention->refused = 0;
}

static enum mqtt_reason
keep(struct retention *retention, const struct ipc_publish *parts)
{
	struct message *message;

	if (is_too_much(retention, parts)) {
		log_not_retained(retention, parts->topic_name);
		return MQTT_REASON_QUOTA_EXCEEDED;
	}
	message = message_new(parts);
	retained_put(retention->retained, message);
	message_unref(&message);
	return MQTT_REASON_SUCCESS;
}

/* Have it kept by another worker; connection and ack: who waits, or NULL. */
static void
send_put(struct worker *worker, struct proc_peer *peer,
    const struct ipc_publish *parts, struct connection *connection,
    uint64_t ack)
{
	struct retention *retention = worker->retention;
	struct retention_wait *wait = memory_new(1, sizeof(*wait));
	struct bytes pieces[IPC_RETAINED_PART_COUNT];
	uint8_t head[IPC_RETAINED_HEAD_LEN];

	wait->number = ++retention->numbers;
	wait->connection = connection;
	wait->ack = ack;
	if (connection != NULL)
		connection->waiting_acks++;
	STAILQ_INSERT_TAIL(&retention->waits[peer->index], wait, next);
	ipc_retained_parts(wait->number, parts, head, pieces);
	proc_peer_push_parts(worker->child, peer, IPC_RETAINED_PUT, pieces,
	    IPC_RETAINED_PART_COUNT, -1, false);
}

/*
 * With the time of this moment: whoever has been sent it live began to wait
 * for it before, and whoever has not asks for what is kept with a later time.
 */
static struct ipc_publish
published_now(const struct ipc_publish *parts)
{
	struct ipc_publish published = *parts;

	published.published_ns = clock_monotonic_ns();
	return published;
}

void
retention_put(struct connection *connection, const struct ipc_publish *publish,
    const struct ack *ack)
{
	const struct ipc_publish published = published_now(publish);
	const struct ipc_publish *parts = &published;
	struct worker *worker = connection->worker;
	unsigned int home = worker_home_of(worker, parts->topic_name);
	struct proc_peer *peer = worker->peers[home];
	struct ack pending;

	if (home == worker->child->index || peer == NULL) {
		/* A worker that is not there keeps nothing either. */
		enum mqtt_reason reason = home == worker->child->index
					      ? keep(worker->retention, parts)
					      : MQTT_REASON_SUCCESS;

		if (ack == NULL)
			return;
		pending = *ack;
		if (reason != MQTT_REASON_SUCCESS)
			pending.reason = (uint8_t)reason;
		acks_push(connection, &pending);
		return;
	}
	if (ack == NULL) {
		send_put(worker, peer, parts, NULL, 0);
		return;
	}
	pending = *ack;
	pending.outstanding++;
	send_put(worker, peer, parts, connection,
	    acks_push(connection, &pending));
}

void
retention_put_will(struct worker *worker, const struct ipc_publish *will)
{
	const struct ipc_publish published = published_now(will);
	unsigned int home = worker_home_of(worker, will->topic_name);

	if (home == worker->child->index)
		keep(worker->retention, &published);
	else if (worker->peers[home] != NULL)
		send_put(worker, worker->peers[home], &published, NULL, 0);
}

void
retention_forget(struct worker *worker, struct connection *connection)
{
	struct retention_wait *wait;

	if (connection->waiting_acks == 0)
		return;
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		STAILQ_FOREACH(wait, &worker->retention->waits[i], next)
	if (wait->connection == connection)
		wait->connection = NULL;
	connection->waiting_acks = 0;
}

static void
wait_end(struct retention_wait *wait, enum mqtt_reason reason)
{
	if (wait->connection != NULL) {
		wait->connection->waiting_acks--;
		acks_complete(wait->connection, wait->ack, reason);
	}
	free(wait);
}

static int
on_put(struct retention *retention, struct proc_peer *peer,
    struct bytes payload)
{
	struct buffer *scratch = &retention->worker->scratch;
	uint64_t number, now_ns = clock_monotonic_ns();
	struct ipc_publish parts;
	int error = ipc_retained_decode(payload, &number, &parts);

	if (error != 0)
		return error;
	if (!mqtt_topic_name_is_valid(parts.topic_name))
		return -EBADMSG;
	/* From the future it would be hidden from all who ask. */
	if (parts.published_ns > now_ns)
		parts.published_ns = now_ns;
	scratch->len = 0;
	ipc_retained_status_encode(number, (uint8_t)keep(retention, &parts),
	    scratch);
	proc_peer_push(retention->worker->child, peer, IPC_RETAINED_ACK,
	    buffer_view(scratch), -1, false);
	return 0;
}

static int
on_ack(struct retention *retention, unsigned int worker, struct bytes payload)
{
	struct retention_wait *wait = STAILQ_FIRST(&retention->waits[worker]);
	uint64_t number;
	uint8_t reason;
	int error = ipc_retained_status_decode(payload, &number, &reason);

	if (error != 0)
		return error;
	if (wait == NULL || wait->number != number)
		return -EBADMSG;
	wait_end(wait_pop(&retention->waits[worker]), (enum mqtt_reason)reason);
	return 0;
}

int
on_retained_message(struct worker *worker, struct proc_peer *peer,
    const struct ipc_message *message)
{
	struct retention *retention = worker->retention;

	switch (message->type) {
	case IPC_RETAINED_PUT:
		return on_put(retention, peer, message->payload);
	case IPC_RETAINED_ACK:
		return on_ack(retention, peer->index, message->payload);
	case IPC_RETAINED_QUERY:
		return on_retained_query(retention, peer, message->payload);
	case IPC_RETAINED_MORE:
		return on_retained_more(retention, peer, message->payload);
	case IPC_RETAINED_CANCEL:
		return on_retained_cancel(retention, peer, message->payload);
	case IPC_RETAINED_MESSAGE:
		return on_retained_found(retention, message->payload);
	case IPC_RETAINED_PAGE:
		return on_retained_page(retention, peer->index,
		    message->payload);
	default:
		return -EBADMSG;
	}
}

void
retention_peer_down(struct worker *worker, struct proc_peer *peer)
{
	struct retention *retention = worker->retention;
	struct retention_wait *wait;

	/* What it kept is lost with it; nobody is better off by waiting. */
	while ((wait = wait_pop(&retention->waits[peer->index])) != NULL)
		wait_end(wait, MQTT_REASON_SUCCESS);
	retention_answer_peer_down(retention, peer);
	retention_query_peer_down(retention, peer->index);
}

bool
retention_turn(struct worker *worker)
{
	bool is_asking = retention_query_turn(worker->retention);

	return retention_answer_turn(worker->retention) || is_asking;
}

void
retention_tick(struct worker *worker)
{
	retained_sweep(worker->retention->retained, worker_now_ms(worker),
	    SWEEP_STEPS);
}
