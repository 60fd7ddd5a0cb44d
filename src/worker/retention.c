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
#include "worker/journal.h"
#include "worker/message_record.h"
#include "worker/retention_internal.h"

/* What a tick looks at to find what has expired. */
#define SWEEP_STEPS 4096
/* Of what the daemon counts. */
#define COUNTED_PREFIX "$SYS/broker/"
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
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++) {
		STAILQ_INIT(&retention->waits[i]);
		STAILQ_INIT(&retention->owed[i]);
	}
	return retention;
}

static size_t
wait_bytes(const struct retention_wait *wait)
{
	return sizeof(*wait) +
	       (wait->message == NULL ? 0 : message_bytes(wait->message));
}

/* Take the first one out: free with wait_free(). */
static struct retention_wait *
wait_pop(struct retention *retention, unsigned int worker)
{
	struct retention_waits *waits = &retention->waits[worker];
	struct retention_wait *wait = STAILQ_FIRST(waits);

	if (wait == NULL)
		return NULL;
	STAILQ_REMOVE_HEAD(waits, next);
	retention->waiting_bytes -= wait_bytes(wait);
	return wait;
}

static void
wait_free(struct retention_wait *wait)
{
	message_unref(&wait->message);
	free(wait);
}

static void
owed_clear(struct retention *retention, unsigned int worker)
{
	struct retention_owed *owed;

	while ((owed = STAILQ_FIRST(&retention->owed[worker])) != NULL) {
		STAILQ_REMOVE_HEAD(&retention->owed[worker], next);
		free(owed);
	}
	retention->owing &= ~((worker_set)1 << worker);
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
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++) {
		while ((wait = wait_pop(retention, i)) != NULL)
			wait_free(wait);
		owed_clear(retention, i);
	}
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

/* What is counted is said anew by who comes after us. */
static bool
is_to_last(struct bytes topic_name)
{
	return topic_name.len < sizeof(COUNTED_PREFIX) - 1 ||
	       memcmp(topic_name.data, COUNTED_PREFIX,
		   sizeof(COUNTED_PREFIX) - 1) != 0;
}

static void
keep_on_disk(struct retention *retention, struct message *message)
{
	const struct ipc_publish *parts = message_parts(message);

	if (!is_to_last(parts->topic_name))
		return;
	if (parts->payload.len > 0)
		journal_retained_put(retention->worker, message);
	else if (retained_find(retention->retained, parts->topic_name) != NULL)
		journal_retained_remove(retention->worker, parts->topic_name);
}

static void
keep_always(struct retention *retention, const struct ipc_publish *parts)
{
	struct message *message = message_new(parts);

	keep_on_disk(retention, message);
	retained_put(retention->retained, message);
	message_unref(&message);
}

/* Keep it here. *transaction: that covers it. */
static enum mqtt_reason
keep(struct retention *retention, const struct ipc_publish *parts,
    uint64_t *transaction)
{
	*transaction = IPC_STORE_NONE;
	if (is_too_much(retention, parts)) {
		log_not_retained(retention, parts->topic_name);
		return MQTT_REASON_QUOTA_EXCEEDED;
	}
	keep_always(retention, parts);
	*transaction = journal_covering(retention->worker);
	return MQTT_REASON_SUCCESS;
}

int
retention_take_row(struct worker *worker, const struct ipc_store_change *row)
{
	struct clock_reading now = clock_read();
	struct message *message;

	if (message_record_decode(row->body, &now, &message) != 0 ||
	    message_parts(message)->payload.len == 0 ||
	    !bytes_equal(message_parts(message)->topic_name, row->key))
		return -EBADMSG;
	retained_put(worker->retention->retained, message);
	message_unref(&message);
	return 0;
}

static void
send_put(struct worker *worker, unsigned int home, uint64_t number,
    const struct ipc_publish *parts)
{
	struct bytes pieces[IPC_RETAINED_PART_COUNT];
	uint8_t head[IPC_RETAINED_HEAD_LEN];

	ipc_retained_parts(number, parts, head, pieces);
	proc_peer_push_parts(worker->child, worker->peers[home],
	    IPC_RETAINED_PUT, pieces, IPC_RETAINED_PART_COUNT, -1, false);
}

/*
 * Have it kept by another worker, now or when that is there; connection and
 * ack: who waits, or NULL. Returned: what waits. At QoS 0, where nobody is held
 * back, it is dropped if too much waits: NULL.
 */
static struct retention_wait *
put_elsewhere(struct worker *worker, unsigned int home,
    const struct ipc_publish *parts, struct connection *connection,
    uint64_t ack)
{
	struct retention *retention = worker->retention;
	bool is_there = interest_is_known(worker, home);
	struct retention_wait *wait;

	if (parts->qos == 0 && !is_there && retention_is_full(worker))
		return NULL;
	wait = memory_new(1, sizeof(*wait));
	wait->number = ++retention->numbers;
	if (parts->qos > 0 || !is_there)
		wait->message = message_new(parts);
	wait->connection = connection;
	wait->ack = ack;
	if (connection != NULL)
		connection->waiting_acks++;
	retention->waiting_bytes += wait_bytes(wait);
	STAILQ_INSERT_TAIL(&retention->waits[home], wait, next);
	if (is_there)
		send_put(worker, home, wait->number, parts);
	return wait;
}

void
retention_resume(struct worker *worker, unsigned int index)
{
	const struct retention_wait *wait;

	STAILQ_FOREACH(wait, &worker->retention->waits[index], next)
	send_put(worker, index, wait->number, message_parts(wait->message));
}

/* What is not sent again is forgotten. */
static void
forget_unkept(struct retention *retention, unsigned int worker)
{
	struct retention_waits kept = STAILQ_HEAD_INITIALIZER(kept);
	struct retention_wait *wait;

	while ((wait = wait_pop(retention, worker)) != NULL) {
		if (wait->message == NULL) {
			wait_free(wait);
			continue;
		}
		retention->waiting_bytes += wait_bytes(wait);
		STAILQ_INSERT_TAIL(&kept, wait, next);
	}
	STAILQ_CONCAT(&retention->waits[worker], &kept);
}

bool
retention_is_full(const struct worker *worker)
{
	return worker->retention->waiting_bytes >
	       worker->config->limits.unwritten_bytes;
}

/* Keep it here, and acknowledge it. */
static void
put_here(struct connection *connection, const struct ipc_publish *parts,
    const struct ack *ack, worker_set kept)
{
	uint64_t transaction;
	enum mqtt_reason reason = keep(connection->worker->retention, parts,
	    &transaction);
	struct ack pending;

	if (ack == NULL)
		return;
	pending = *ack;
	if (transaction > pending.transaction)
		pending.transaction = transaction;
	if (reason != MQTT_REASON_SUCCESS)
		pending.reason = (uint8_t)reason;
	acks_push_after(connection, &pending, kept, NULL);
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
    const struct ack *ack, worker_set kept)
{
	const struct ipc_publish published = published_now(publish);
	const struct ipc_publish *parts = &published;
	struct worker *worker = connection->worker;
	unsigned int home = worker_home_of(worker, parts->topic_name);
	struct ack pending;

	if (home == worker->child->index) {
		put_here(connection, parts, ack, kept);
		return;
	}
	if (ack == NULL) {
		put_elsewhere(worker, home, parts, NULL, 0);
		return;
	}
	pending = *ack;
	pending.outstanding++;
	put_elsewhere(worker, home, parts, connection,
	    acks_push_after(connection, &pending, kept, NULL));
}

bool
retention_put_will(struct worker *worker, const struct ipc_publish *will,
    struct retention_promise *promise)
{
	struct retention_wait *wait;
	const struct ipc_publish published = published_now(will);
	unsigned int home = worker_home_of(worker, will->topic_name);
	uint64_t transaction;

	if (home == worker->child->index) {
		keep(worker->retention, &published, &transaction);
		return false;
	}
	if (!interest_is_known(worker, home) && !is_to_last(will->topic_name))
		return false;
	wait = put_elsewhere(worker, home, &published, NULL, 0);
	if (wait == NULL || will->qos == 0 || promise == NULL)
		return false;
	wait->promise = promise;
	return true;
}

void
retention_put_own(struct worker *worker, const struct ipc_publish *own)
{
	const struct ipc_publish published = published_now(own);

	keep_always(worker->retention, &published);
}

bool
retention_has_own(const struct worker *worker, struct bytes topic_name)
{
	return retained_find(worker->retention->retained, topic_name) != NULL;
}

struct retained_walk *
retention_walk(struct worker *worker, struct bytes topic_filter)
{
	return retained_walk_new(worker->retention->retained, topic_filter,
	    clock_monotonic_ns());
}

void
retention_promise_cancel(struct worker *worker,
    const struct retention_promise *promise)
{
	struct retention_wait *wait;

	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		STAILQ_FOREACH(wait, &worker->retention->waits[i], next)
	if (wait->promise == promise)
		wait->promise = NULL;
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
wait_end(struct worker *worker, struct retention_wait *wait,
    enum mqtt_reason reason)
{
	if (wait->promise != NULL)
		wait->promise->on_kept(worker, wait->promise);
	if (wait->connection != NULL) {
		wait->connection->waiting_acks--;
		acks_complete(wait->connection, wait->ack, reason);
	}
	wait_free(wait);
}

static int
on_put(struct retention *retention, struct proc_peer *peer,
    struct bytes payload)
{
	uint64_t number, now_ns = clock_monotonic_ns();
	struct retention_owed *owed;
	struct ipc_publish parts;
	int error = ipc_retained_decode(payload, &number, &parts);

	if (error != 0)
		return error;
	if (!mqtt_topic_name_is_valid(parts.topic_name))
		return -EBADMSG;
	/* From the future it would be hidden from all who ask. */
	if (parts.published_ns > now_ns)
		parts.published_ns = now_ns;
	owed = memory_new(1, sizeof(*owed));
	owed->number = number;
	owed->reason = (uint8_t)keep(retention, &parts, &owed->transaction);
	STAILQ_INSERT_TAIL(&retention->owed[peer->index], owed, next);
	retention->owing |= (worker_set)1 << peer->index;
	return 0;
}

/* Acknowledge to one worker, in the order of its PUTs. */
static void
acknowledge(struct worker *worker, unsigned int index)
{
	struct retention_owed_list *list = &worker->retention->owed[index];
	struct retention_owed *owed;

	while ((owed = STAILQ_FIRST(list)) != NULL &&
	       journal_is_written(worker, owed->transaction)) {
		STAILQ_REMOVE_HEAD(list, next);
		worker->scratch.len = 0;
		ipc_retained_status_encode(owed->number, owed->reason,
		    &worker->scratch);
		proc_peer_push(worker->child, worker->peers[index],
		    IPC_RETAINED_ACK, buffer_view(&worker->scratch), -1, false);
		free(owed);
	}
	if (owed == NULL)
		worker->retention->owing &= ~((worker_set)1 << index);
}

void
retention_turn_end(struct worker *worker)
{
	worker_set owing = worker->retention->owing;

	for (unsigned int i = 0; owing != 0; i++, owing >>= 1)
		if (owing & 1)
			acknowledge(worker, i);
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
	wait_end(retention->worker, wait_pop(retention, worker),
	    (enum mqtt_reason)reason);
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

	owed_clear(retention, peer->index);
	forget_unkept(retention, peer->index);
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
