/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties (MQTT 5.0, 2.2.2): decoded into one struct, each at most once
 * except where the standard allows more.
 */
#ifndef SIGNET_MQTT_PROPERTY_H
#define SIGNET_MQTT_PROPERTY_H

#include "mqtt/mqtt.h"
#include "mqtt/wire.h"

enum mqtt_property_id {
	MQTT_PROPERTY_PAYLOAD_FORMAT_INDICATOR = 0x01,
	MQTT_PROPERTY_MESSAGE_EXPIRY_INTERVAL = 0x02,
	MQTT_PROPERTY_CONTENT_TYPE = 0x03,
	MQTT_PROPERTY_RESPONSE_TOPIC = 0x08,
	MQTT_PROPERTY_CORRELATION_DATA = 0x09,
	MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER = 0x0b,
	MQTT_PROPERTY_SESSION_EXPIRY_INTERVAL = 0x11,
	MQTT_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER = 0x12,
	MQTT_PROPERTY_SERVER_KEEP_ALIVE = 0x13,
	MQTT_PROPERTY_AUTHENTICATION_METHOD = 0x15,
	MQTT_PROPERTY_AUTHENTICATION_DATA = 0x16,
	MQTT_PROPERTY_REQUEST_PROBLEM_INFORMATION = 0x17,
	MQTT_PROPERTY_WILL_DELAY_INTERVAL = 0x18,
	MQTT_PROPERTY_REQUEST_RESPONSE_INFORMATION = 0x19,
	MQTT_PROPERTY_RESPONSE_INFORMATION = 0x1a,
	MQTT_PROPERTY_SERVER_REFERENCE = 0x1c,
	MQTT_PROPERTY_REASON_STRING = 0x1f,
	MQTT_PROPERTY_RECEIVE_MAXIMUM = 0x21,
	MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM = 0x22,
	MQTT_PROPERTY_TOPIC_ALIAS = 0x23,
	MQTT_PROPERTY_MAXIMUM_QOS = 0x24,
	MQTT_PROPERTY_RETAIN_AVAILABLE = 0x25,
	MQTT_PROPERTY_USER_PROPERTY = 0x26,
	MQTT_PROPERTY_MAXIMUM_PACKET_SIZE = 0x27,
	MQTT_PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28,
	MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29,
	MQTT_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE = 0x2a,
};

/* Where properties may stand: a packet type, or the will in a CONNECT. */
#define MQTT_PROPERTIES_OF_WILL 0

/*
 * A field means something only where its bit in present is set; the decoder
 * leaves the others as they were, sets raw and empties encoded. Of a struct to
 * encode, present and encoded must be set. Views point into the decoded packet.
 */
struct mqtt_properties {
	uint64_t present; /* bit n: property identifier n */
	uint8_t payload_format_indicator;
	uint8_t request_problem_information;
	uint8_t request_response_information;
	uint8_t maximum_qos;
	uint8_t retain_available;
	uint8_t wildcard_subscription_available;
	uint8_t subscription_identifier_available;
	uint8_t shared_subscription_available;
	uint16_t server_keep_alive;
	uint16_t receive_maximum;
	uint16_t topic_alias_maximum;
	uint16_t topic_alias;
	uint32_t message_expiry_interval;
	uint32_t session_expiry_interval;
	uint32_t will_delay_interval;
	uint32_t maximum_packet_size;
	uint32_t subscription_identifier; /* the first, if several */
	struct bytes content_type;
	struct bytes response_topic;
	struct bytes correlation_data;
	struct bytes assigned_client_identifier;
	struct bytes authentication_method;
	struct bytes authentication_data;
	struct bytes response_information;
	struct bytes server_reference;
	struct bytes reason_string;

	/* Decoded: the whole block, without its length, for the iterators. */
	struct bytes raw;
	/* To encode: further properties in wire form, behind those above. */
	struct bytes encoded;
};

static inline bool
mqtt_properties_have(const struct mqtt_properties *properties,
    enum mqtt_property_id id)
{
	return (properties->present >> id & 1) != 0;
}

/* Mark a property whose field was just set, so that it is encoded. */
static inline void
mqtt_properties_mark(struct mqtt_properties *properties,
    enum mqtt_property_id id)
{
	properties->present |= UINT64_C(1) << id;
}

/*
 * Decode the Property Length and the properties that follow, of a packet type
 * or MQTT_PROPERTIES_OF_WILL.
 *
 * Returns 0; MQTT_ERR_MALFORMED_PACKET (bad length, bad text, an identifier
 * that does not belong here: MQTT 5.0, 2.2.2.2); MQTT_ERR_PROTOCOL_ERROR
 * (given twice, a value that its property forbids, Authentication Data of a
 * CONNECT without a method, an AUTH without one).
 */
int mqtt_properties_decode(unsigned int packet_type, struct mqtt_reader *reader,
    struct mqtt_properties *properties);

/*
 * The bytes of the properties to encode without and with the Property Length;
 * the first is at least 0 and the second at least 1.
 */
size_t mqtt_properties_len(const struct mqtt_properties *properties);
size_t mqtt_properties_encoded_len(const struct mqtt_properties *properties);

/*
 * Encode with the Property Length: what is marked in present, by ascending
 * identifier, then encoded. The mark of User Properties alone writes nothing:
 * they go through encoded, as do all Subscription Identifiers but one.
 * 0 or MQTT_ERR_PACKET_TOO_LARGE; then nothing is written.
 */
int mqtt_properties_encode(const struct mqtt_properties *properties,
    struct mqtt_writer *writer);

/*
 * Encode, without a length, those properties of a PUBLISH or will that a
 * server forwards as they came: Payload Format Indicator, Content Type,
 * Response Topic, Correlation Data, and the User Properties in their order
 * [MQTT5-3.3.2-17]. Needs at most properties->raw.len bytes of room.
 */
int mqtt_properties_forward(const struct mqtt_properties *properties,
    struct mqtt_writer *writer);

/*
 * Append one property in wire form, to build what encoded takes.
 * 0 or MQTT_ERR_PACKET_TOO_LARGE; then nothing is written.
 */
int mqtt_user_property_encode(struct bytes name, struct bytes value,
    struct mqtt_writer *writer);
int mqtt_subscription_identifier_encode(uint32_t value,
    struct mqtt_writer *writer);

/*
 * Walk the User Properties (or Subscription Identifiers) of a decoded block.
 * *pos is 0 at first. False when there are no more.
 */
bool mqtt_user_property_next(const struct mqtt_properties *properties,
    size_t *pos, struct bytes *name, struct bytes *value);
bool mqtt_subscription_identifier_next(const struct mqtt_properties *properties,
    size_t *pos, uint32_t *value);

#endif
