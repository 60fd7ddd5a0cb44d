/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/client_packets.h"

#include <inttypes.h>
#include <stdio.h>

/* Room for each packet but PUBLISH. */
#define PACKET_MAX 512

static struct mqtt_writer
writer_begin(struct client *client)
{
	return (struct mqtt_writer){
		.data = buffer_reserve(&client->output, PACKET_MAX),
		.capacity = PACKET_MAX,
	};
}

static void
writer_end(struct client *client, const struct mqtt_writer *writer, int error)
{
	if (error != 0)
		client_fail(client, "packet cannot be encoded");
	else
		client->output.len += writer->len;
}

void
client_packets_connect(struct client *client)
{
	const struct client_context *context = client->context;
	struct mqtt_connect connect = {
		.version = context->version,
		.clean_start = client->session_expiry == 0,
		.keep_alive = (uint16_t)context->keep_alive,
	};
	struct mqtt_writer writer = writer_begin(client);
	char client_id[CLIENT_ID_MAX];

	snprintf(client_id, sizeof(client_id), "sb%08" PRIx32 "-%" PRIu32,
	    (uint32_t)context->run, client->index);
	connect.client_id = bytes_of_string(client_id);
	if (client->session_expiry > 0 && connect.version == MQTT_VERSION_5) {
		connect.properties
		    .session_expiry_interval = client->session_expiry;
		mqtt_properties_mark(&connect.properties,
		    MQTT_PROPERTY_SESSION_EXPIRY_INTERVAL);
	}
	writer_end(client, &writer, mqtt_connect_encode(&connect, &writer));
}

void
client_packets_disconnect(struct client *client, bool ends_session)
{
	struct mqtt_disconnect disconnect = { .reason = 0 };
	struct mqtt_writer writer = writer_begin(client);

	if (client->session_expiry > 0 && ends_session &&
	    client->context->version == MQTT_VERSION_5)
		mqtt_properties_mark(&disconnect.properties,
		    MQTT_PROPERTY_SESSION_EXPIRY_INTERVAL); /* 0 */
	writer_end(client, &writer,
	    mqtt_disconnect_encode(client->context->version, MQTT_DISCONNECT,
		&disconnect, &writer));
}

void
client_ping(struct client *client)
{
	struct mqtt_writer writer = writer_begin(client);

	writer_end(client, &writer, mqtt_ping_encode(MQTT_PINGREQ, &writer));
}

void
client_subscribe(struct client *client, struct bytes topic_filter, uint8_t qos)
{
	struct mqtt_subscription subscription = {
		.topic_filter = topic_filter,
		.qos = qos,
	};
	struct mqtt_subscribe subscribe = { .packet_id = 1, .count = 1 };
	struct mqtt_writer writer = writer_begin(client);
	uint8_t data[PACKET_MAX / 2];
	struct mqtt_writer entries = { .data = data, .capacity = sizeof(data) };
	int error;

	error = mqtt_subscription_encode(client->context->version,
	    &subscription, &entries);
	if (error == 0) {
		subscribe.entries = bytes_of(entries.data, entries.len);
		error = mqtt_subscribe_encode(client->context->version,
		    &subscribe, &writer);
	}
	writer_end(client, &writer, error);
}

static void
ack_send(struct client *client, enum mqtt_packet_type type, uint16_t packet_id)
{
	struct mqtt_ack ack = { .packet_id = packet_id };
	struct mqtt_writer writer = writer_begin(client);

	writer_end(client, &writer,
	    mqtt_ack_encode(client->context->version, type, &ack, &writer));
}

static void
fail_with_reason(struct client *client, const char *packet, uint8_t reason)
{
	char text[96];

	if (client->context->version == MQTT_VERSION_5)
		snprintf(text, sizeof(text), "%s with reason 0x%02x %s", packet,
		    reason, mqtt_reason_name(reason));
	else
		snprintf(text, sizeof(text), "%s with return code %u", packet,
		    reason);
	client_fail(client, text);
}

static bool
handle_connack(struct client *client, const struct mqtt_frame *frame,
    struct client_event *event)
{
	struct mqtt_connack connack = { .reason = 0 };

	if (mqtt_connack_decode(client->context->version, frame, &connack) !=
		0 ||
	    client->state != CLIENT_AWAITING_CONNACK) {
		client_fail(client, "CONNACK is malformed or out of place");
		return false;
	}
	if (connack.reason != 0) {
		fail_with_reason(client, "CONNACK", connack.reason);
		return false;
	}
	if (mqtt_properties_have(&connack.properties,
		MQTT_PROPERTY_RECEIVE_MAXIMUM) &&
	    connack.properties.receive_maximum < client->receive_maximum)
		client->receive_maximum = connack.properties.receive_maximum;
	if (mqtt_properties_have(&connack.properties,
		MQTT_PROPERTY_SERVER_KEEP_ALIVE))
		client->keep_alive = connack.properties.server_keep_alive;
	client->state = CLIENT_READY;
	client->connected_ns = client->read_ns;
	event->type = CLIENT_EVENT_CONNECTED;
	return true;
}

static bool
handle_suback(struct client *client, const struct mqtt_frame *frame,
    struct client_event *event)
{
	struct mqtt_suback suback;

	if (mqtt_suback_decode(client->context->version, frame, &suback) != 0 ||
	    suback.codes.len != 1) {
		client_fail(client, "SUBACK is malformed");
		return false;
	}
	if (suback.codes.data[0] >= MQTT_SUBACK_FAILURE) {
		fail_with_reason(client, "SUBACK", suback.codes.data[0]);
		return false;
	}
	event->type = CLIENT_EVENT_SUBSCRIBED;
	return true;
}

static bool
handle_publish(struct client *client, const struct mqtt_frame *frame,
    struct client_event *event)
{
	struct mqtt_publish publish;

	if (mqtt_publish_decode(client->context->version, frame, &publish) !=
	    0) {
		client_fail(client, "PUBLISH is malformed");
		return false;
	}
	if (publish.qos > 0)
		ack_send(client, publish.qos == 1 ? MQTT_PUBACK : MQTT_PUBREC,
		    publish.packet_id);
	event->type = CLIENT_EVENT_MESSAGE;
	event->payload = publish.payload;
	return true;
}

/* PUBACK, PUBREC and PUBCOMP, to a publisher. */
static bool
handle_ack(struct client *client, const struct mqtt_frame *frame,
    struct client_event *event)
{
	struct mqtt_ack ack;
	uint64_t sent_ns;
	int status;

	if (client->flight.entries == NULL ||
	    mqtt_ack_decode(client->context->version, frame, &ack) != 0) {
		client_fail(client, "acknowledgement is malformed");
		return false;
	}
	status = flight_acknowledge(&client->flight,
	    (enum mqtt_packet_type)frame->type, ack.packet_id, ack.reason,
	    &sent_ns);
	if (status < 0) {
		client_fail(client, "acknowledgement of nothing sent");
		return false;
	}
	if (status == MQTT_NEED_MORE) {
		ack_send(client, MQTT_PUBREL, ack.packet_id);
		return false;
	}
	event->type = CLIENT_EVENT_ACKNOWLEDGED;
	event->acknowledged_ns = client->read_ns - sent_ns;
	event->is_refused = ack.reason >= 0x80;
	return true;
}

/* To a subscriber. */
static bool
handle_pubrel(struct client *client, const struct mqtt_frame *frame,
    struct client_event *event)
{
	struct mqtt_ack ack;

	(void)event;
	if (mqtt_ack_decode(client->context->version, frame, &ack) != 0)
		client_fail(client, "PUBREL is malformed");
	else
		ack_send(client, MQTT_PUBCOMP, ack.packet_id);
	return false;
}

static bool
handle_pingresp(struct client *client, const struct mqtt_frame *frame,
    struct client_event *event)
{
	(void)client;
	(void)frame;
	(void)event;
	return false;
}

static bool
handle_disconnect(struct client *client, const struct mqtt_frame *frame,
    struct client_event *event)
{
	struct mqtt_disconnect disconnect;

	(void)event;
	if (mqtt_disconnect_decode(client->context->version, frame,
		&disconnect) != 0)
		client_fail(client, "DISCONNECT is malformed");
	else
		fail_with_reason(client, "DISCONNECT", disconnect.reason);
	return false;
}

bool
client_packets_handle(struct client *client, const struct mqtt_frame *frame,
    struct client_event *event)
{
	static bool (*const handlers[16])(struct client *,
	    const struct mqtt_frame *, struct client_event *) = {
		[MQTT_CONNACK] = handle_connack,
		[MQTT_PUBLISH] = handle_publish,
		[MQTT_PUBACK] = handle_ack,
		[MQTT_PUBREC] = handle_ack,
		[MQTT_PUBREL] = handle_pubrel,
		[MQTT_PUBCOMP] = handle_ack,
		[MQTT_SUBACK] = handle_suback,
		[MQTT_PINGRESP] = handle_pingresp,
		[MQTT_DISCONNECT] = handle_disconnect,
	};

	if (handlers[frame->type] == NULL ||
	    (client->state != CLIENT_READY && frame->type != MQTT_CONNACK)) {
		client_fail(client, "packet out of place from the broker");
		return false;
	}
	return handlers[frame->type](client, frame, event);
}
