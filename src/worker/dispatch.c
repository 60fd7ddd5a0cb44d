/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handler.h"
#include "worker/session.h"

/* NULL: not for a server, or not without what precedes it. */
static packet_handler *const handlers[] = {
	[MQTT_PUBLISH] = handle_publish,
	[MQTT_PUBACK] = handle_puback,
	[MQTT_PUBREC] = handle_pubrec,
	[MQTT_PUBREL] = handle_pubrel,
	[MQTT_PUBCOMP] = handle_pubcomp,
	[MQTT_SUBSCRIBE] = handle_subscribe,
	[MQTT_UNSUBSCRIBE] = handle_unsubscribe,
	[MQTT_PINGREQ] = handle_pingreq,
	[MQTT_DISCONNECT] = handle_disconnect,
	[MQTT_AUTH] = NULL,
};

int
connection_dispatch(struct connection *connection,
    const struct mqtt_frame *frame)
{
	connection->received_ms = worker_now_ms(connection->worker);
	if (connection->state == CONNECTION_OPENING)
		return frame->type == MQTT_CONNECT
			   ? handle_connect(connection, frame)
			   : MQTT_ERR_PROTOCOL_ERROR; /* [MQTT-3.1.0-1] */
	/* A second CONNECT too [MQTT-3.1.0-2], and AUTH without a method. */
	if (handlers[frame->type] == NULL)
		return MQTT_ERR_PROTOCOL_ERROR;
	return handlers[frame->type](connection, frame);
}

int
handle_pingreq(struct connection *connection, const struct mqtt_frame *frame)
{
	uint8_t packet[2];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	int error = mqtt_ping_decode(frame);

	if (error != 0)
		return error;
	send_encoded(connection, mqtt_ping_encode(MQTT_PINGRESP, &writer),
	    &writer);
	return 0;
}

/* A new Session Expiry Interval, but none where there was none. */
static int
take_expiry(struct session *session, const struct mqtt_properties *properties)
{
	if (!mqtt_properties_have(properties,
		MQTT_PROPERTY_SESSION_EXPIRY_INTERVAL))
		return 0;
	/* [MQTT5-3.1.2-23], MQTT 5.0, 3.14.2.2.2 */
	if (session->state.expiry_seconds == 0 &&
	    properties->session_expiry_interval > 0)
		return MQTT_ERR_PROTOCOL_ERROR;
	session_set_expiry(session, properties->session_expiry_interval);
	return 0;
}

int
handle_disconnect(struct connection *connection, const struct mqtt_frame *frame)
{
	struct mqtt_disconnect disconnect;
	int error = mqtt_disconnect_decode(
	    (enum mqtt_version)connection->version, frame, &disconnect);

	if (error == 0 && connection->version == MQTT_VERSION_5)
		error = take_expiry(connection->session,
		    &disconnect.properties);
	if (error != 0)
		return error;
	/* [MQTT5-3.14.4-3]: 0x00 takes the will back; any other keeps it. */
	connection_disconnected(connection, disconnect.reason != 0);
	return 0;
}

void
send_encoded(struct connection *connection, int error,
    const struct mqtt_writer *writer)
{
	if (error != 0)
		panic("a packet of ours fits the memory made for it");
	connection_send(connection, bytes_of(writer->data, writer->len));
}
