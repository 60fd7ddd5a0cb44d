/* SPDX-License-Identifier: Apache-2.0 */
#include "any_packet.h"

#include <stdlib.h>

int
any_packet_decode(enum mqtt_version version, const struct mqtt_frame *frame,
    struct any_packet *any)
{
	any->version = version;
	any->type = frame->type;
	switch (frame->type) {
	case MQTT_CONNECT:
		return mqtt_connect_decode(frame, &any->as.connect);
	case MQTT_CONNACK:
		return mqtt_connack_decode(version, frame, &any->as.connack);
	case MQTT_PUBLISH:
		return mqtt_publish_decode(version, frame, &any->as.publish);
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP:
		return mqtt_ack_decode(version, frame, &any->as.ack);
	case MQTT_SUBSCRIBE:
		return mqtt_subscribe_decode(version, frame,
		    &any->as.subscribe);
	case MQTT_SUBACK:
	case MQTT_UNSUBACK:
		return mqtt_suback_decode(version, frame, &any->as.suback);
	case MQTT_UNSUBSCRIBE:
		return mqtt_unsubscribe_decode(version, frame,
		    &any->as.unsubscribe);
	case MQTT_PINGREQ:
	case MQTT_PINGRESP:
		return mqtt_ping_decode(frame);
	default:
		return mqtt_disconnect_decode(version, frame,
		    &any->as.disconnect);
	}
}

/* What is written to scratch never exceeds what was read. */
static void
check(int error)
{
	if (error != 0)
		abort();
}

static void
prepare(struct mqtt_properties *properties, struct mqtt_writer *scratch)
{
	size_t start = scratch->len;
	struct bytes name, value;
	uint32_t identifier;
	size_t pos = 0;

	/* The first is in the struct. */
	if (mqtt_subscription_identifier_next(properties, &pos, &identifier) &&
	    identifier != properties->subscription_identifier)
		abort();
	while (mqtt_subscription_identifier_next(properties, &pos, &identifier))
		check(mqtt_subscription_identifier_encode(identifier, scratch));
	pos = 0;
	while (mqtt_user_property_next(properties, &pos, &name, &value))
		check(mqtt_user_property_encode(name, value, scratch));
	properties->encoded = bytes_of(scratch->data + start,
	    scratch->len - start);
}

void
any_packet_prepare(struct any_packet *any, struct mqtt_writer *scratch)
{
	switch (any->type) {
	case MQTT_CONNECT:
		prepare(&any->as.connect.properties, scratch);
		if (any->as.connect.has_will)
			prepare(&any->as.connect.will.properties, scratch);
		break;
	case MQTT_CONNACK:
		prepare(&any->as.connack.properties, scratch);
		break;
	case MQTT_PUBLISH:
		prepare(&any->as.publish.properties, scratch);
		break;
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP:
		prepare(&any->as.ack.properties, scratch);
		break;
	case MQTT_SUBSCRIBE:
		prepare(&any->as.subscribe.properties, scratch);
		break;
	case MQTT_SUBACK:
	case MQTT_UNSUBACK:
		prepare(&any->as.suback.properties, scratch);
		break;
	case MQTT_UNSUBSCRIBE:
		prepare(&any->as.unsubscribe.properties, scratch);
		break;
	case MQTT_DISCONNECT:
	case MQTT_AUTH:
		prepare(&any->as.disconnect.properties, scratch);
		break;
	default:
		break;
	}
}

int
any_packet_encode(const struct any_packet *any, struct mqtt_writer *writer)
{
	enum mqtt_packet_type type = any->type;

	switch (type) {
	case MQTT_CONNECT:
		return mqtt_connect_encode(&any->as.connect, writer);
	case MQTT_CONNACK:
		return mqtt_connack_encode(any->version, &any->as.connack,
		    writer);
	case MQTT_PUBLISH:
		return mqtt_publish_encode(any->version, &any->as.publish,
		    writer);
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP:
		return mqtt_ack_encode(any->version, type, &any->as.ack,
		    writer);
	case MQTT_SUBSCRIBE:
		return mqtt_subscribe_encode(any->version, &any->as.subscribe,
		    writer);
	case MQTT_SUBACK:
	case MQTT_UNSUBACK:
		return mqtt_suback_encode(any->version, type, &any->as.suback,
		    writer);
	case MQTT_UNSUBSCRIBE:
		return mqtt_unsubscribe_encode(any->version,
		    &any->as.unsubscribe, writer);
	case MQTT_PINGREQ:
	case MQTT_PINGRESP:
		return mqtt_ping_encode(type, writer);
	default:
		return mqtt_disconnect_encode(any->version, type,
		    &any->as.disconnect, writer);
	}
}
