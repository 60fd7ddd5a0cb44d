/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages from the server to the client of a session (4.3, 4.4, 4.9).
 */
#include "lib/memory.h"
#include "worker/connection.h"
#include "worker/handler.h"
#include "worker/journal.h"
#include "worker/permission.h"
#include "worker/session.h"
#include "worker/session_queue.h"

static void
session_drop(struct session *session)
{
	session->dropped++;
	session->worker->child->counted[IPC_STATISTIC_MESSAGES_DROPPED]++;
	if (session->dropped == 1)
		log_warning(log_id("session", session->id),
		    log_word("event", "dropping"),
		    log_word("reason", "receiver-too-slow"),
		    log_text("identity", session_identity(session)),
		    log_text("client_id", session_client_id(session)));
}

/*
 * [MQTT5-3.1.2-24]: what is too large for the client is not sent to it, and
 * it is as if it had been delivered [MQTT5-3.1.2-25].
 */
static bool
session_takes_size(const struct session *session, const struct message *message,
    const struct message_delivery *delivery)
{
	uint32_t max = session->connection->maximum_packet_size;
	struct message_delivery sized = *delivery;

	sized.version = (enum mqtt_version)session->connection->version;
	return max == 0 || message_packet_len(message, &sized) <= max;
}

static void
session_send(struct session *session, struct message *message,
    const struct message_delivery *delivery)
{
	session->connection->messages_sent++;
	session->worker->child->counted[IPC_STATISTIC_MESSAGES_SENT]++;
	session->worker->child->counted[IPC_STATISTIC_PAYLOAD_SENT] +=
	    message_parts(message)->payload.len;
	connection_send_message(session->connection, message, delivery);
}

static struct message_delivery
delivery_of(const struct pending *item)
{
	return (struct message_delivery){
		.qos = item->qos,
		.retain = item->retain,
		.packet_id = item->packet_id,
		.subscription_ids = item->subscription_ids,
		.subscription_id_count = item->subscription_id_count,
	};
}

/* The next Packet Identifier that is not in use [MQTT-2.3.1-4]. */
static uint16_t
session_packet_id(struct session *session)
{
	do
		session->state.next_packet_id++;
	while (session->state.next_packet_id == 0 ||
	       pending_queue_find(&session->state.inflight,
		   session->state.next_packet_id) <
		   pending_queue_count(&session->state.inflight));
	return session->state.next_packet_id;
}

uint64_t
session_waiting(const struct session *session)
{
	return session->queue != NULL
		   ? session_queue_waiting(session->queue)
		   : pending_queue_count(&session->state.queued);
}

static bool
queue_has_room(const struct session *session, const struct message *message)
{
	const struct config *config = session->worker->config;
	uint64_t bytes = session->queue != NULL
			     ? session_queue_waiting_bytes(session->queue)
			     : pending_queue_bytes(&session->state.queued);

	return session_waiting(session) <
		   config->sessions.max_queued_messages &&
	       bytes + message_bytes(message) <=
		   config->sessions.max_queued_bytes;
}

bool
session_has_room(const struct session *session, const struct message *message,
    uint8_t qos)
{
	struct message_delivery delivery = { .qos = qos };

	if (session->connection != NULL &&
	    !session_takes_size(session, message, &delivery))
		return false;
	if (qos > 0)
		return queue_has_room(session, message);
	return session_is_online(session) &&
	       connection_has_room(session->connection, message_bytes(message));
}

/* An item is done with: the store forgets it, too. */
static void
session_done_with(struct session *session, struct pending *item)
{
	if (session->queue != NULL)
		session_queue_remove(session->queue, item);
	pending_done(item);
}

/* Queue a message; the newest is dropped at the bounds. */
static void
session_queue(struct session *session, struct message *message,
    const struct message_delivery *delivery)
{
	struct pending item = {
		.qos = delivery->qos,
		.retain = delivery->retain,
		.subscription_id_count = (uint16_t)
					     delivery->subscription_id_count,
	};

	if (!queue_has_room(session, message)) {
		session_drop(session);
		return;
	}
	item.message = message_ref(message);
	if (delivery->share != NULL)
		item.share = share_ref(delivery->share);
	if (item.subscription_id_count > 0)
		item.subscription_ids = memory_copy(
		    bytes_of(delivery->subscription_ids,
			delivery->subscription_id_count * sizeof(uint32_t)));
	if (session->queue != NULL && !session_queue_put(session->queue, &item))
		pending_done(&item);
	else
		pending_queue_push(&session->state.queued, item);
}

/* QoS 0 is for those who are there (4.3.1), unless it is configured that what
 * outlives a connection waits for its client. */
static bool
queues_qos0(const struct session *session)
{
	return session->connection == NULL && session->queue != NULL &&
	       session->worker->config->sessions.queue_qos0;
}

void
session_deliver(struct session *session, struct message *message,
    const struct message_delivery *delivery)
{
	if (delivery->qos > 0 || queues_qos0(session)) {
		session_queue(session, message, delivery);
		session_send_queued(session);
		return;
	}
	if (!session_is_online(session))
		return;
	if (connection_has_room(session->connection, message_bytes(message)) &&
	    session_takes_size(session, message, delivery))
		session_send(session, message, delivery);
	else
		session_drop(session);
}

static void
send_pubrel(struct session *session, uint16_t packet_id)
{
	uint8_t packet[8];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	struct mqtt_ack ack = { .packet_id = packet_id };

	if (mqtt_ack_encode((enum mqtt_version)session->connection->version,
		MQTT_PUBREL, &ack, &writer) != 0)
		panic("a PUBREL has at most eight bytes");
	connection_send(session->connection, bytes_of(packet, writer.len));
}

/* May the client still have what has waited for it, with the rights that it
 * has come back with? */
static bool
is_still_granted(const struct session *session, const struct message *message)
{
	return !session->connection->is_resuming ||
	       permission_subscribe(session->connection,
		   message_parts(message)->topic_name);
}

/* Take out of flight what is next to be sent there. */
static void
give_up_next(struct session *session)
{
	struct pending item = pending_queue_remove(&session->state.inflight,
	    session->sent);

	session_done_with(session, &item);
}

/* Send the next in flight again, as it was left [MQTT-4.4.0-1]. */
static void
send_again(struct session *session)
{
	struct pending *item = pending_queue_at(&session->state.inflight,
	    session->sent);
	struct message_delivery delivery = delivery_of(item);

	if (item->state == PENDING_RELEASE) {
		send_pubrel(session, item->packet_id);
		session->sent++;
		return;
	}
	delivery.dup = true; /* [MQTT-3.3.1-1] */
	if (!is_still_granted(session, item->message)) {
		give_up_next(session);
	} else if (session_takes_size(session, item->message, &delivery)) {
		session_send(session, item->message, &delivery);
		session->sent++;
	} else {
		give_up_next(session);
		session_drop(session);
	}
}

static uint16_t
next_packet_id(struct session *session, const struct pending *item)
{
	return session->queue != NULL ? session_queue_packet_id(item->sequence)
				      : session_packet_id(session);
}

/* Send the next that was never sent. */
static void
send_first(struct session *session)
{
	struct pending item = pending_queue_pop(&session->state.queued);
	struct message_delivery delivery;

	if (session->queue != NULL)
		session_queue_popped(session->queue, &item);

	/* [MQTT5-3.3.2-5] */
	if (message_is_expired(item.message, worker_now_ms(session->worker)) ||
	    !is_still_granted(session, item.message)) {
		session_done_with(session, &item);
		return;
	}
	if (item.qos > 0)
		item.packet_id = next_packet_id(session, &item);
	delivery = delivery_of(&item);
	if (!session_takes_size(session, item.message, &delivery)) {
		session_done_with(session, &item);
		session_drop(session);
		return;
	}
	session_send(session, item.message, &delivery);
	if (item.qos == 0) { /* was kept, but is not acknowledged */
		session_done_with(session, &item);
		return;
	}
	if (session->queue != NULL)
		session_queue_sent(session->queue, &item);
	pending_queue_push(&session->state.inflight, item);
	session->sent++;
}

static bool
session_may_send(const struct session *session)
{
	/* [MQTT5-3.3.4-9] */
	return session_is_online(session) &&
	       session->sent < session->inflight_max &&
	       connection_has_room(session->connection, 0);
}

/* May the first that waits be sent, once there is room? */
static bool
first_is_ready(const struct session *session)
{
	const struct pending_queue *queued = &session->state.queued;

	return pending_queue_count(queued) > 0 &&
	       (session->queue == NULL || session_queue_may_send(session->queue,
					      pending_queue_at(queued, 0)));
}

void
session_send_queued(struct session *session)
{
	while (session_may_send(session)) {
		if (session->sent <
		    pending_queue_count(&session->state.inflight))
			send_again(session);
		else if (first_is_ready(session))
			send_first(session);
		else
			break;
	}
	if (session->queue != NULL && session_is_online(session))
		session_queue_read(session->queue);
}

/* Send PUBREL for each PUBREC that is on disk now. */
static void
send_releases(struct session *session)
{
	for (uint32_t i = 0; i < session->sent; i++) {
		struct pending *item = pending_queue_at(
		    &session->state.inflight, i);

		if (item->state != PENDING_RELEASE ||
		    item->transaction == IPC_STORE_NONE ||
		    !journal_is_written(session->worker, item->transaction))
			continue;
		item->transaction = IPC_STORE_NONE;
		send_pubrel(session, item->packet_id);
	}
}

void
session_on_written(struct session *session)
{
	if (!session_is_online(session))
		return;
	send_releases(session);
	session_send_queued(session);
}

/* The position of what was sent on this connection, in this state and QoS;
 * inflight.count if there is none. */
static uint32_t
find_sent(const struct session *session, uint16_t packet_id, uint8_t qos,
    enum pending_state state)
{
	uint32_t position = pending_queue_find(&session->state.inflight,
	    packet_id);
	const struct pending *item;

	if (position >= session->sent)
		return pending_queue_count(&session->state.inflight);
	item = pending_queue_at(&session->state.inflight, position);
	if (item->qos != qos || item->state != state)
		return pending_queue_count(&session->state.inflight);
	return position;
}

static void
finish(struct session *session, uint32_t position)
{
	struct pending item = pending_queue_remove(&session->state.inflight,
	    position);

	session_done_with(session, &item);
	session->sent--;
	session_send_queued(session);
}

bool
session_on_puback(struct session *session, uint16_t packet_id)
{
	uint32_t position = find_sent(session, packet_id, 1, PENDING_PUBLISH);

	if (position == pending_queue_count(&session->state.inflight))
		return false;
	finish(session, position);
	return true;
}

/* A PUBREC came for one that is released already. */
static enum session_pubrec
pubrec_again(const struct session *session, uint16_t packet_id)
{
	uint32_t position = find_sent(session, packet_id, 2, PENDING_RELEASE);

	if (position == pending_queue_count(&session->state.inflight))
		return SESSION_PUBREC_UNKNOWN;
	return pending_queue_at(&session->state.inflight, position)
			   ->transaction == IPC_STORE_NONE
		   ? SESSION_PUBREC_DONE
		   : SESSION_PUBREC_WAITS;
}

enum session_pubrec
session_on_pubrec(struct session *session, uint16_t packet_id, bool is_refused)
{
	uint32_t position = find_sent(session, packet_id, 2, PENDING_PUBLISH);

	if (position == pending_queue_count(&session->state.inflight))
		return pubrec_again(session, packet_id);
	if (is_refused) {
		finish(session, position);
		return SESSION_PUBREC_DONE;
	}
	if (session->queue != NULL) {
		session_queue_release(session->queue, position);
		return SESSION_PUBREC_WAITS;
	}
	pending_queue_release(&session->state.inflight, position);
	return SESSION_PUBREC_DONE;
}

bool
session_on_pubcomp(struct session *session, uint16_t packet_id)
{
	uint32_t position = find_sent(session, packet_id, 2, PENDING_RELEASE);

	if (position == pending_queue_count(&session->state.inflight))
		return false;
	finish(session, position);
	return true;
}
