/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBLISH (3.3): from the client to the router.
 */
#include "worker/handler.h"
#include "worker/router.h"
#include "worker/session.h"

static void
send_puback(struct connection *connection, uint16_t packet_id,
    enum mqtt_reason reason)
{
	uint8_t packet[8];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	struct mqtt_ack ack = {
		.packet_id = packet_id,
		.reason = (uint8_t)reason,
	};

	send_encoded(connection,
	    mqtt_ack_encode((enum mqtt_version)connection->version, MQTT_PUBACK,
		&ack, &writer),
	    &writer);
}

/* What was not offered in CONNACK may not be used. */
static int
check_offered(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	if (publish->qos > 1)
		return -MQTT_REASON_QOS_NOT_SUPPORTED; /* [MQTT5-3.2.2-11] */
	if (publish->retain && connection->version == MQTT_VERSION_5)
		return -MQTT_REASON_RETAIN_NOT_SUPPORTED; /* [MQTT5-3.2.2-14] */
	if (connection->version != MQTT_VERSION_5)
		return 0;
	if (mqtt_properties_have(&publish->properties,
		MQTT_PROPERTY_TOPIC_ALIAS))
		return -MQTT_REASON_TOPIC_ALIAS_INVALID; /* [MQTT5-3.2.2-17] */
	/* A client does not send this one [MQTT5-3.3.4-6]. */
	if (mqtt_properties_have(&publish->properties,
		MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER))
		return MQTT_ERR_PROTOCOL_ERROR;
	return 0;
}

/* 5.0: an answer at QoS above 0. 3.1.1 has none but to end [-3.3.5-2]. */
static int
deny(struct connection *connection, const struct mqtt_publish *publish)
{
	log_denied(connection, "publish", publish->topic_name);
	if (publish->qos == 0)
		return 0;
	if (connection->version != MQTT_VERSION_5)
		return -MQTT_REASON_NOT_AUTHORIZED;
	send_puback(connection, publish->packet_id, MQTT_REASON_NOT_AUTHORIZED);
	return 0;
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

	if (connection->version == MQTT_VERSION_5 &&
	    publish->properties.raw.len > 0) {
		writer.capacity = publish->properties.raw.len;
		writer.data = buffer_reserve(&forwarded, writer.capacity);
		if (mqtt_properties_forward(&publish->properties, &writer) != 0)
			panic("what is forwarded is not longer than it came");
		parts.properties = bytes_of(writer.data, writer.len);
		set_expiry(connection, &publish->properties, &parts);
	}
	result = router_publish(worker, &parts);
	buffer_done(&forwarded);
	if (result.is_full)
		connection_hold(connection);
	if (publish->qos > 0)
		send_puback(connection, publish->packet_id,
		    result.has_receivers ? MQTT_REASON_SUCCESS
					 : MQTT_REASON_NO_MATCHING_SUBSCRIBERS);
}

int
handle_publish(struct connection *connection, const struct mqtt_frame *frame)
{
	struct session *session = connection->session;
	struct mqtt_publish publish;
	int error = mqtt_publish_decode((enum mqtt_version)connection->version,
	    frame, &publish);

	if (error == 0)
		error = check_offered(connection, &publish);
	if (error != 0)
		return error;
	connection->worker->statistics.messages_received++;
	if (topic_level_count(publish.topic_name) >
	    connection->worker->config->limits.topic_levels)
		return MQTT_ERR_TOPIC_NAME_INVALID;
	if (!rights_may_publish(session->rights, session_identity(session),
		session_client_id(session), publish.topic_name, NULL))
		return deny(connection, &publish);
	route_publish(connection, &publish);
	return 0;
}
