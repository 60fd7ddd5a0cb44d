/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "lib/pack.h"
#include "worker/connection.h"

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

struct session *
session_find(struct worker *worker, struct bytes key)
{
	struct session *session;

	HASH_FIND(hh, worker->sessions, key.data, key.len, session);
	return session;
}

struct session *
session_new(struct worker *worker, struct bytes identity, struct bytes key)
{
	struct session *session = memory_new(1, sizeof(*session) + key.len);

	session->worker = worker;
	session->identity_len = identity.len;
	session->key_len = key.len;
	memcpy(session->key, key.data, key.len);
	session->rights = rights_ref(worker->rights, identity);
	LIST_INIT(&session->subscriptions);
	HASH_ADD_KEYPTR(hh, worker->sessions, session->key, session->key_len,
	    session);
	return session;
}

static void
subscription_free(struct session *session, struct subscription *subscription)
{
	struct worker *worker = session->worker;
	struct topic_node *node = subscription->node;

	if (topic_node_subscription_count(node) == 1)
		interest_withdraw(worker, node);
	LIST_REMOVE(subscription, of_session);
	session->subscription_count--;
	topic_node_remove(worker->topics, subscription);
	free(subscription);
}

void
session_free(struct session **session)
{
	struct session *last = *session;

	if (last == NULL)
		return;
	*session = NULL;
	HASH_DEL(last->worker->sessions, last);
	while (!LIST_EMPTY(&last->subscriptions))
		subscription_free(last, LIST_FIRST(&last->subscriptions));
	pending_queue_done(&last->queued);
	pending_queue_done(&last->inflight);
	message_unref(&last->will);
	rights_unref(&last->rights);
	free(last);
}

struct bytes
session_identity(const struct session *session)
{
	return bytes_of(session->key + KEY_LENGTHS, session->identity_len);
}

struct bytes
session_client_id(const struct session *session)
{
	return bytes_skip(bytes_of(session->key, session->key_len),
	    KEY_LENGTHS + session->identity_len);
}

uint64_t
session_subscribe(struct session *session,
    const struct session_subscription *wanted)
{
	struct topic_tree *topics = session->worker->topics;
	struct topic_node *node = topic_tree_node(topics, wanted->topic_filter);
	struct subscription *subscription = topic_node_subscription(node,
	    session);

	if (subscription == NULL) {
		subscription = memory_new(1, sizeof(*subscription));
		subscription->session = session;
		topic_node_add(node, subscription);
		LIST_INSERT_HEAD(&session->subscriptions, subscription,
		    of_session);
		session->subscription_count++;
		if (topic_node_subscription_count(node) == 1)
			interest_announce(session->worker, node);
	}
	subscription->identifier = wanted->identifier;
	subscription->qos = wanted->qos;
	subscription->no_local = wanted->no_local;
	subscription->retain_as_published = wanted->retain_as_published;
	return topic_node_announced(node);
}

bool
session_is_subscribed(const struct session *session, struct bytes topic_filter)
{
	struct topic_node *node = topic_tree_find(session->worker->topics,
	    topic_filter);

	return node != NULL && topic_node_subscription(node, session) != NULL;
}

bool
session_unsubscribe(struct session *session, struct bytes topic_filter)
{
	struct topic_node *node = topic_tree_find(session->worker->topics,
	    topic_filter);
	struct subscription *subscription = node == NULL
						? NULL
						: topic_node_subscription(node,
						      session);

	if (subscription == NULL)
		return false;
	subscription_free(session, subscription);
	return true;
}

static void
session_drop(struct session *session)
{
	session->dropped++;
	session->worker->statistics.messages_dropped++;
	if (session->dropped == 1)
		log_warning(log_id("session", session->id),
		    log_word("event", "dropping"),
		    log_word("reason", "receiver-too-slow"),
		    log_text("identity", session_identity(session)),
		    log_text("client_id", session_client_id(session)));
}

/* [MQTT5-3.1.2-24]: what is too large for the client is not sent to it. */
static bool
session_takes_size(const struct session *session, const struct message *message,
    const struct message_delivery *delivery)
{
	return session->maximum_packet_size == 0 ||
	       message_packet_len(message, delivery) <=
		   session->maximum_packet_size;
}

static void
session_send(struct session *session, struct message *message,
    const struct message_delivery *delivery)
{
	session->worker->statistics.messages_sent++;
	connection_send_message(session->connection, message, delivery);
}

/* The next Packet Identifier that is not in use [MQTT-2.3.1-4]. */
static uint16_t
session_packet_id(struct session *session)
{
	for (;;) {
		uint16_t packet_id = ++session->next_packet_id;
		uint32_t i = 0;

		if (packet_id == 0)
			continue;
		while (i < session->inflight.count &&
		       pending_queue_at(&session->inflight, i)->packet_id !=
			   packet_id)
			i++;
		if (i == session->inflight.count)
			return packet_id;
	}
}

static bool
session_may_send(const struct session *session)
{
	return session->connection != NULL &&
	       session->inflight.count < session->inflight_max &&
	       connection_has_room(session->connection, 0);
}

/* Queue a message at QoS above 0; the newest is dropped at the bound. */
static void
session_queue(struct session *session, struct message *message,
    const struct message_delivery *delivery)
{
	const struct config *config = session->worker->config;
	struct pending item = {
		.qos = delivery->qos,
		.retain = delivery->retain,
		.subscription_id_count = (uint16_t)
					     delivery->subscription_id_count,
	};

	if (session->queued.count >= config->sessions.max_queued_messages ||
	    session->queued.bytes + message_bytes(message) >
		config->sessions.max_queued_bytes) {
		session_drop(session);
		return;
	}
	item.message = message_ref(message);
	if (item.subscription_id_count > 0)
		item.subscription_ids = memory_copy(
		    bytes_of(delivery->subscription_ids,
			delivery->subscription_id_count * sizeof(uint32_t)));
	pending_queue_push(&session->queued, item);
}

void
session_deliver(struct session *session, struct message *message,
    const struct message_delivery *delivery)
{
	if (!session_takes_size(session, message, delivery)) {
		session_drop(session);
		return;
	}
	if (delivery->qos > 0) {
		session_queue(session, message, delivery);
		session_send_queued(session);
		return;
	}
	if (session->connection == NULL)
		return; /* QoS 0 is for those who are there (4.3.1) */
	if (connection_has_room(session->connection, message_bytes(message)))
		session_send(session, message, delivery);
	else
		session_drop(session);
}

void
session_send_queued(struct session *session)
{
	while (session->queued.count > 0 && session_may_send(session)) {
		struct pending item = pending_queue_pop(&session->queued);
		struct message_delivery delivery = {
			.qos = item.qos,
			.retain = item.retain,
			.subscription_ids = item.subscription_ids,
			.subscription_id_count = item.subscription_id_count,
		};

		if (message_is_expired(item.message,
			worker_now_ms(session->worker))) {
			pending_done(&item); /* [MQTT5-3.3.2-5] */
			continue;
		}
		item.packet_id = session_packet_id(session);
		delivery.packet_id = item.packet_id;
		session_send(session, item.message, &delivery);
		pending_queue_push(&session->inflight, item);
	}
}

bool
session_acknowledge(struct session *session, uint16_t packet_id)
{
	struct pending item;

	if (!pending_queue_remove(&session->inflight, packet_id, &item))
		return false;
	pending_done(&item);
	session_send_queued(session);
	return true;
}

void
session_rest(struct session *session)
{
	pending_queue_rest(&session->queued);
	pending_queue_rest(&session->inflight);
}
