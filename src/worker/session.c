/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a session: from its first CONNECT to its expiry.
 */
#include "worker/session.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "lib/pack.h"
#include "worker/connection.h"
#include "worker/journal.h"
#include "worker/presence.h"
#include "worker/retention.h"
#include "worker/router.h"
#include "worker/session_queue.h"

/* Where the client identifier begins in a key, behind the identity. */
#define KEY_LENGTHS 2

void
session_key_encode(struct bytes identity, struct bytes client_id,
    struct buffer *out)
{
	pack_u16(out, (uint16_t)identity.len);
	buffer_append(out, identity);
	buffer_append(out, client_id);
}

static struct session *
session_of(struct index_link *link)
{
	return (struct session *)((char *)link -
				  offsetof(struct session, in_index));
}

static struct bytes
session_key(const struct session *session)
{
	return bytes_of(session->key, session->key_len);
}

static uint64_t
hash_of_link(const struct index_link *link)
{
	const struct session *session = (const struct session
		*)((const char *)link - offsetof(struct session, in_index));

	return hash_of(session_key(session));
}

struct session *
session_find(struct worker *worker, struct bytes key)
{
	struct index_link *link = index_first(&worker->session_index,
	    hash_of(key));

	for (; link != NULL; link = link->next)
		if (bytes_equal(session_key(session_of(link)), key))
			return session_of(link);
	return NULL;
}

uint64_t
session_publisher(const struct session *session)
{
	struct hash_key home_key;

	memcpy(home_key.bytes, session->worker->child->start.home_key,
	    HASH_KEY_LEN);
	return hash_keyed(&home_key, session_key(session));
}

struct session *
session_new(struct worker *worker, struct bytes key)
{
	struct session *session = memory_new(1, sizeof(*session) + key.len);

	session->worker = worker;
	session->key_len = (uint32_t)key.len;
	memcpy(session->key, key.data, key.len);
	session->expires_at_ms = UINT64_MAX;
	LIST_INIT(&session->subscriptions);
	TAILQ_INSERT_TAIL(&worker->sessions, session, in_all);
	index_add(&worker->session_index, &session->in_index, hash_of_link);
	return session;
}

bool
session_is_online(const struct session *session)
{
	return session->connection != NULL &&
	       !session->connection->waits_connack;
}

void
session_keep(struct session *session)
{
	if (session->number == IPC_STORE_NONE) {
		if (session->state.expiry_seconds == 0 ||
		    !journal_is_loaded(session->worker))
			return;
		session_queue_new(session, journal_next_id(session->worker));
		session_queue_attach(session->queue);
	}
	journal_session_changed(session);
}

struct bytes
session_identity(const struct session *session)
{
	struct unpack in = { .input = session_key(session) };
	uint16_t len = unpack_u16(&in);

	return bytes_of(session->key + in.pos, len);
}

struct bytes
session_client_id(const struct session *session)
{
	struct bytes identity = session_identity(session);

	return bytes_skip(session_key(session), KEY_LENGTHS + identity.len);
}

static void
publish_will(struct session *session)
{
	struct session_will *will = session->state.will;
	struct ipc_publish parts;

	session->state.will = NULL;
	if (will == NULL)
		return;
	parts = *message_parts(will->message);
	parts.published_ns = parts.retain ? clock_monotonic_ns() : 0;
	parts.has_expiry = will->has_expiry;
	parts.expires_at_ms = worker_now_ms(session->worker) +
			      (uint64_t)will->expiry_seconds * 1000;
	if (session->number != IPC_STORE_NONE && parts.qos > 0) {
		will_publish(session->worker, &parts);
	} else {
		router_publish(session->worker, &parts, NULL);
		if (parts.retain) /* [MQTT-3.1.2-17], [MQTT5-3.1.2-15] */
			retention_put_will(session->worker, &parts, NULL);
	}
	session_will_free(&will);
}

static void
leave_table(struct session *session)
{
	session_cursors_forget(session->worker, session);
	TAILQ_REMOVE(&session->worker->sessions, session, in_all);
	index_remove(&session->worker->session_index, &session->in_index,
	    hash_of_link);
}

/* Free everything but the subscriptions, which are gone. */
static void
session_free(struct session *session)
{
	if (session->queue == NULL || !session->queue->is_leaving)
		leave_table(session);
	session_queue_free(&session->queue);
	deadline_clear(&session->deadline);
	session_state_done(&session->state);
	free(session);
}

void
session_leave(struct session *session)
{
	leave_table(session);
	deadline_clear(&session->deadline);
	session->queue->is_leaving = true;
	session->expires_at_ms = worker_now_ms(session->worker);
}

static void
remove_session(struct session *session)
{
	if (session->number != IPC_STORE_NONE)
		journal_session_removed(session);
	session_free(session);
}

void
session_end(struct session *session)
{
	struct session_will *will = session->state.will;
	bool is_owing;

	if (session->number != IPC_STORE_NONE)
		forwards_forget(session);
	/* The session must not receive its own last word. */
	session->state.will = NULL;
	session_unsubscribe_all(session);
	is_owing = sharing_end(session);
	session->state.will = will;
	publish_will(session);
	if (is_owing) {
		session_leave(session);
		journal_session_changed(session);
	} else {
		remove_session(session);
	}
}

void
session_left(struct session *session)
{
	remove_session(session);
}

void
session_forget_all(struct worker *worker)
{
	struct session_queue *queue, *next;
	struct session *session;
	size_t bucket = 0;

	while ((session = TAILQ_FIRST(&worker->sessions)) != NULL) {
		session_unsubscribe_all(session);
		session_free(session);
	}
	for (queue = session_queue_next(worker, NULL, &bucket); queue != NULL;
	     queue = next) {
		next = session_queue_next(worker, queue, &bucket);
		session_free(queue->session);
	}
	index_done(&worker->session_index);
	index_done(&worker->queues);
}

void
session_set_expiry(struct session *session, uint32_t expiry_seconds)
{
	uint32_t max = session->worker->config->sessions.max_expiry_seconds;

	session->state.expiry_seconds = expiry_seconds < max ? expiry_seconds
							     : max;
}

void
session_attach(struct session *session, struct connection *connection)
{
	/* It was due, and the next tick would have published it. */
	if (session_will_at_ms(session) <= worker_now_ms(session->worker))
		publish_will(session);
	session->connection = connection;
	session->worker->child->counted[IPC_STATISTIC_CONNECTED]++;
	session->id = connection->id;
	connection->publisher = session_publisher(session);
	session->sent = 0;
	session->expires_at_ms = UINT64_MAX;
	deadline_clear(&session->deadline);
	session_will_free(&session->state.will);
	if (session->queue != NULL)
		session_queue_attach(session->queue);
	sharing_attach(session);
}

void
session_set_deadline(struct session *session)
{
	uint64_t will_at_ms = session_will_at_ms(session);
	uint64_t at_ms = session->expires_at_ms < will_at_ms
			     ? session->expires_at_ms
			     : will_at_ms;

	if (at_ms == UINT64_MAX)
		deadline_clear(&session->deadline);
	else
		deadline_set(&session->worker->session_deadlines,
		    &session->deadline, at_ms);
}

void
session_detach(struct session *session, bool keeps_will)
{
	uint64_t now_ms = worker_now_ms(session->worker);
	struct session_will *will;

	session->connection = NULL;
	session->worker->child->counted[IPC_STATISTIC_CONNECTED]--;
	session->sent = 0;
	if (!keeps_will)
		session_will_free(&session->state.will);
	if (session->queue != NULL)
		session_queue_detach(session->queue);
	if (session->state.expiry_seconds == 0) {
		session_end(session);
		return;
	}
	sharing_detach(session);
	will = session->state.will;
	session->expires_at_ms =
	    session->state.expiry_seconds == SESSION_EXPIRY_NEVER
		? UINT64_MAX
		: now_ms + (uint64_t)session->state.expiry_seconds * 1000;
	if (will != NULL && will->delay_seconds > 0)
		will->at_ms = now_ms + (uint64_t)will->delay_seconds * 1000;
	else
		publish_will(session);
	session_set_deadline(session);
	if (session->number != IPC_STORE_NONE)
		journal_session_changed(session);
}

bool
session_is_over(const struct session *session)
{
	return session->connection == NULL &&
	       session->expires_at_ms <= worker_now_ms(session->worker);
}

void
session_due(struct session *session)
{
	uint64_t now_ms = worker_now_ms(session->worker);

	if (session_is_over(session)) {
		log_info(log_id("session", session->id),
		    log_word("event", "expired"),
		    log_text("identity", session_identity(session)),
		    log_text("client_id", session_client_id(session)));
		session->worker->child
		    ->counted[IPC_STATISTIC_SESSIONS_EXPIRED]++;
		presence_session_ends(session, "expired");
		session_end(session);
		return;
	}
	if (session_will_at_ms(session) <= now_ms) {
		publish_will(session);
		if (session->number != IPC_STORE_NONE)
			journal_session_changed(session);
	}
	session_set_deadline(session);
}

/* Where an identifier stands, or would stand, among those noted: sorted. */
static uint16_t
received_position(const struct session *session, uint16_t packet_id)
{
	uint16_t low = 0, high = session->state.received_count;

	while (low < high) {
		uint16_t middle = (uint16_t)(low + (high - low) / 2);

		if (session->state.received[middle] < packet_id)
			low = (uint16_t)(middle + 1);
		else
			high = middle;
	}
	return low;
}

static bool
is_received(const struct session *session, uint16_t position,
    uint16_t packet_id)
{
	return position < session->state.received_count &&
	       session->state.received[position] == packet_id;
}

bool
session_has_received(const struct session *session, uint16_t packet_id)
{
	return is_received(session, received_position(session, packet_id),
	    packet_id);
}

bool
session_restore_received(struct session *session, uint16_t packet_id)
{
	uint16_t at = received_position(session, packet_id);
	size_t behind = (size_t)(session->state.received_count - at);

	if (is_received(session, at, packet_id))
		return false;
	session->state.received = memory_resize(session->state.received,
	    (session->state.received_count + 1u) * sizeof(packet_id));
	memmove(&session->state.received[at + 1], &session->state.received[at],
	    behind * sizeof(packet_id));
	session->state.received[at] = packet_id;
	session->state.received_count++;
	return true;
}

bool
session_receive(struct session *session, uint16_t packet_id)
{
	if (!session_restore_received(session, packet_id))
		return false;
	if (session->number != IPC_STORE_NONE)
		journal_received_put(session->worker, session->number,
		    packet_id);
	return true;
}

bool
session_release(struct session *session, uint16_t packet_id)
{
	uint16_t at = received_position(session, packet_id);

	if (!is_received(session, at, packet_id))
		return false;
	session->state.received_count--;
	memmove(&session->state.received[at], &session->state.received[at + 1],
	    (size_t)(session->state.received_count - at) * sizeof(packet_id));
	if (session->number != IPC_STORE_NONE)
		journal_received_remove(session->worker, session->number,
		    packet_id);
	return true;
}

void
session_rest(struct session *session)
{
	pending_queue_rest(&session->state.queued);
	pending_queue_rest(&session->state.inflight);
	if (session->state.received_count == 0) {
		free(session->state.received);
		session->state.received = NULL;
	}
}
