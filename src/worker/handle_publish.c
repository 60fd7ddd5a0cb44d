/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBLISH (3.3): from the client to the router.
 */
#include "worker/handler.h"
#include "worker/retention.h"
#include "worker/router.h"
#include "worker/session.h"

/* The answer to a PUBLISH at QoS above 0. */
static struct ack
ack_of(const struct mqtt_publish *publish, enum mqtt_reason reason)
{
	return (struct ack){
		.packet_id = publish->packet_id,
		.type = publish->qos == 1 ? MQTT_PUBACK : MQTT_PUBREC,
		.reason = (uint8_t)reason,
	};
}

/* What CONNACK has set bounds to. */
static int
check_bounds(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	const struct config *config = connection->worker->config;
	uint32_t in_flight = connection->acks.own_count +
			     connection->session->state.received_count;

	/* A client does not send this one [MQTT5-3.3.4-6]. */
	if (connection->version == MQTT_VERSION_5 &&
	    mqtt_properties_have(&publish->properties,
		MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER))
		return MQTT_ERR_PROTOCOL_ERROR;
	if (publish->qos > config->sessions.maximum_qos)
		return -MQTT_REASON_QOS_NOT_SUPPORTED; /* [MQTT5-3.2.2-11] */
	if (connection->version == MQTT_VERSION_5 && publish->qos > 0 &&
	    in_flight >= config->sessions.receive_maximum)
		return -MQTT_REASON_RECEIVE_MAXIMUM_EXCEEDED;
	return 0;
}

static bool
is_duplicate(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	return publish->qos == 2 &&
	       session_has_received(connection->session, publish->packet_id);
}

/* 5.0: an answer at QoS above 0. 3.1.1 has none but to end [-3.3.5-2]. */
static int
refuse(struct connection *connection, const struct mqtt_publish *publish,
    enum mqtt_reason reason)
{
	struct ack ack = ack_of(publish, reason);

	if (publish->qos == 0)
		return 0;
	if (connection->version != MQTT_VERSION_5)
		return -(int)reason;
	acks_push(connection, &ack);
	return 0;
}

/* MQTT 5.0, 3.3.2.3.2: what is said to be text is checked to be. */
static bool
has_valid_format(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	return connection->version != MQTT_VERSION_5 ||
	       !mqtt_properties_have(&publish->properties,
		   MQTT_PROPERTY_PAYLOAD_FORMAT_INDICATOR) ||
	       publish->properties.payload_format_indicator == 0 ||
	       mqtt_utf8_is_valid(publish->payload);
}

static void
set_expiry(const struct connection *connection,
    const struct mqtt_properties *properties, struct ipc_publish *parts)
{
	if (!mqtt_properties_have(properties,
		MQTT_PROPERTY_MESSAGE_EXPIRY_INTERVAL))
		return;
	parts->has_expiry = true;
	parts->expires_at_ms = worker_now_ms(connection->worker) +
			       (uint64_t)properties->message_expiry_interval *
				   1000;
}

static void
route_publish(struct connection *connection, const struct mqtt_publish *publish)
{
	struct worker *worker = connection->worker;
	struct ipc_publish parts = {
		.qos = publish->qos,
		.retain = publish->retain,
		.publisher = connection->session->id,
		.topic_name = publish->topic_name,
		.payload = publish->payload,
	};
	struct buffer forwarded = { .data = NULL };
	struct mqtt_writer writer = { .data = NULL };
	struct router_result result;
	struct buffer *storage;
	struct ack ack;

	if (connection->version == MQTT_VERSION_5 &&
	    publish->properties.raw.len > 0) {
		writer.capacity = publish->properties.raw.len;
		writer.data = buffer_reserve(&forwarded, writer.capacity);
		if (mqtt_properties_forward(&publish->properties, &writer) != 0)
			panic("what is forwarded is not longer than it came");
		parts.properties = bytes_of(writer.data, writer.len);
		set_expiry(connection, &publish->properties, &parts);
	}
	/* A large payload that came alone is not copied again. */
	storage = connection->is_packet_alone && parts.properties.len == 0 &&
			  !publish->retain
		      ? &connection->plaintext
		      : NULL;
	result = router_publish(worker, &parts, storage);
	ack = ack_of(publish, result.has_receivers
				  ? MQTT_REASON_SUCCESS
				  : MQTT_REASON_NO_MATCHING_SUBSCRIBERS);
	ack.is_noted = publish->qos == 2;
	if (ack.is_noted)
		session_receive(connection->session, publish->packet_id);
	if (publish->retain)
		retention_put(connection, &parts,
		    publish->qos > 0 ? &ack : NULL);
	else if (publish->qos > 0)
		acks_push(connection, &ack);
	if (result.is_full || (publish->retain && worker_is_congested(worker)))
		connection_hold(connection);
	buffer_done(&forwarded);
}

/* May it go to the router? SUCCESS, or why not. */
static enum mqtt_reason
check_publish(struct connection *connection, const struct mqtt_publish *publish)
{
	struct session *session = connection->session;

	if (topic_level_count(publish->topic_name) >
	    connection->worker->config->limits.topic_levels)
		return MQTT_REASON_TOPIC_NAME_INVALID;
	if (!has_valid_format(connection, publish))
		return MQTT_REASON_PAYLOAD_FORMAT_INVALID;
	if (!rights_may_publish(session->rights, session_identity(session),
		session_client_id(session), publish->topic_name, NULL)) {
		log_denied(connection, "publish", publish->topic_name);
		return MQTT_REASON_NOT_AUTHORIZED;
	}
	return MQTT_REASON_SUCCESS;
}

int
handle_publish(struct connection *connection, const struct mqtt_frame *frame)
{
	enum mqtt_version version = (enum mqtt_version)connection->version;
	struct mqtt_publish publish;
	enum mqtt_reason reason;
	int error = mqtt_publish_decode(version, frame, &publish);

	if (error == 0 && version == MQTT_VERSION_5)
		error = topic_aliases_resolve(&connection->aliases,
		    (uint16_t)connection->worker->config->sessions
			.topic_alias_maximum,
		    &publish);
	if (error != 0)
		return error;
	if (is_duplicate(connection, &publish)) { /* [MQTT-4.3.3-2] */
		struct ack ack = ack_of(&publish, MQTT_REASON_SUCCESS);

		ack.is_noted = true;
		acks_push(connection, &ack);
		return 0;
	}
	error = check_bounds(connection, &publish);
	if (error != 0)
		return error;
	connection->worker->statistics.messages_received++;
	connection->worker->statistics.payload_received += publish.payload.len;
	reason = check_publish(connection, &publish);
	if (reason != MQTT_REASON_SUCCESS)
		return refuse(connection, &publish, reason);
	route_publish(connection, &publish);
	return 0;
}
