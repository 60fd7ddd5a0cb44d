/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties: one row of the table says of each identifier its type, where its
 * field lies, where it may stand and which values it may have.
 */
#include "mqtt/property.h"

#include "mqtt/topic.h"

enum property_type {
	PROPERTY_NONE, /* not an identifier */
	PROPERTY_U8,
	PROPERTY_U16,
	PROPERTY_U32,
	PROPERTY_VARINT,
	PROPERTY_STRING,
	PROPERTY_BINARY,
	PROPERTY_PAIR,
};

#define PROPERTY_ID_MAX MQTT_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE

struct property {
	uint8_t type;      /* enum property_type */
	uint16_t offset;   /* of the field in struct mqtt_properties */
	uint16_t packets;  /* bit n: in packet type n; bit 0: in the will */
	uint16_t repeated; /* the same, where it may stand more than once */
	uint32_t least;    /* of integers */
	uint32_t most;
};

#define IN(type)   (1u << MQTT_##type)
#define IN_WILL    (1u << MQTT_PROPERTIES_OF_WILL)
#define IN_MESSAGE (IN(PUBLISH) | IN_WILL)
#define IN_CON     (IN(CONNECT) | IN(CONNACK))
#define IN_ACK                                                                 \
	(IN(CONNACK) | IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) |    \
	    IN(SUBACK) | IN(UNSUBACK) | IN(DISCONNECT) | IN(AUTH))
#define IN_ALL                                                                 \
	(IN_ACK | IN_MESSAGE | IN(CONNECT) | IN(SUBSCRIBE) | IN(UNSUBSCRIBE))

/* MQTT 5.0, table 2-4. */
#define ROW(ID, field, kind, where, min, max)                                  \
	[MQTT_PROPERTY_##ID] = {                                               \
		.type = PROPERTY_##kind,                                       \
		.offset = offsetof(struct mqtt_properties, field),             \
		.packets = (where),                                            \
		.least = (min),                                                \
		.most = (max),                                                 \
	}

static const struct property properties_by_id[PROPERTY_ID_MAX + 1] = {
	/* MQTT 5.0, 3.3.2.3.2, 3.1.3.2.3 */
	ROW(PAYLOAD_FORMAT_INDICATOR, payload_format_indicator, U8, IN_MESSAGE,
	    0, 1),
	ROW(MESSAGE_EXPIRY_INTERVAL, message_expiry_interval, U32, IN_MESSAGE,
	    0, UINT32_MAX),
	ROW(CONTENT_TYPE, content_type, STRING, IN_MESSAGE, 0, 0),
	ROW(RESPONSE_TOPIC, response_topic, STRING, IN_MESSAGE, 0, 0),
	ROW(CORRELATION_DATA, correlation_data, BINARY, IN_MESSAGE, 0, 0),
	/* MQTT 5.0, 3.8.2.1.2, 3.3.2.3.8: several, but only in PUBLISH */
	[MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER] = {
	    .type = PROPERTY_VARINT,
	    .offset = offsetof(struct mqtt_properties, subscription_identifier),
	    .packets = IN(PUBLISH) | IN(SUBSCRIBE),
	    .repeated = IN(PUBLISH),
	    .least = 1,
	    .most = MQTT_VARINT_MAX,
	},
	ROW(SESSION_EXPIRY_INTERVAL, session_expiry_interval, U32,
	    IN_CON | IN(DISCONNECT), 0, UINT32_MAX),
	ROW(ASSIGNED_CLIENT_IDENTIFIER, assigned_client_identifier, STRING,
	    IN(CONNACK), 0, 0),
	ROW(SERVER_KEEP_ALIVE, server_keep_alive, U16, IN(CONNACK), 0,
	    UINT16_MAX),
	ROW(AUTHENTICATION_METHOD, authentication_method, STRING,
	    IN_CON | IN(AUTH), 0, 0),
	ROW(AUTHENTICATION_DATA, authentication_data, BINARY, IN_CON | IN(AUTH),
	    0, 0),
	/* MQTT 5.0, 3.1.2.11.7 */
	ROW(REQUEST_PROBLEM_INFORMATION, request_problem_information, U8,
	    IN(CONNECT), 0, 1),
	ROW(WILL_DELAY_INTERVAL, will_delay_interval, U32, IN_WILL, 0,
	    UINT32_MAX),
	/* MQTT 5.0, 3.1.2.11.6 */
	ROW(REQUEST_RESPONSE_INFORMATION, request_response_information, U8,
	    IN(CONNECT), 0, 1),
	ROW(RESPONSE_INFORMATION, response_information, STRING, IN(CONNACK), 0,
	    0),
	ROW(SERVER_REFERENCE, server_reference, STRING,
	    IN(CONNACK) | IN(DISCONNECT), 0, 0),
	ROW(REASON_STRING, reason_string, STRING, IN_ACK, 0, 0),
	/* MQTT 5.0, 3.1.2.11.3, 3.2.2.3.3 */
	ROW(RECEIVE_MAXIMUM, receive_maximum, U16, IN_CON, 1, UINT16_MAX),
	ROW(TOPIC_ALIAS_MAXIMUM, topic_alias_maximum, U16, IN_CON, 0,
	    UINT16_MAX),
	/* [MQTT5-3.3.2-8] */
	ROW(TOPIC_ALIAS, topic_alias, U16, IN(PUBLISH), 1, UINT16_MAX),
	/* MQTT 5.0, 3.2.2.3.4 */
	ROW(MAXIMUM_QOS, maximum_qos, U8, IN(CONNACK), 0, 1),
	/* MQTT 5.0, 3.2.2.3.5 */
	ROW(RETAIN_AVAILABLE, retain_available, U8, IN(CONNACK), 0, 1),
	[MQTT_PROPERTY_USER_PROPERTY] = {
	    .type = PROPERTY_PAIR,
	    .packets = IN_ALL,
	    .repeated = IN_ALL,
	},
	/* MQTT 5.0, 3.1.2.11.4, 3.2.2.3.6 */
	ROW(MAXIMUM_PACKET_SIZE, maximum_packet_size, U32, IN_CON, 1,
	    UINT32_MAX),
	/* MQTT 5.0, 3.2.2.3.11, 3.2.2.3.12, 3.2.2.3.13 */
	ROW(WILDCARD_SUBSCRIPTION_AVAILABLE, wildcard_subscription_available,
	    U8, IN(CONNACK), 0, 1),
	ROW(SUBSCRIPTION_IDENTIFIER_AVAILABLE,
	    subscription_identifier_available, U8, IN(CONNACK), 0, 1),
	ROW(SHARED_SUBSCRIPTION_AVAILABLE, shared_subscription_available, U8,
	    IN(CONNACK), 0, 1),
};

/* What a server forwards unaltered: see mqtt_properties_forward(). */
#define FORWARDED                                                              \
	(UINT64_C(1) << MQTT_PROPERTY_PAYLOAD_FORMAT_INDICATOR |               \
	    UINT64_C(1) << MQTT_PROPERTY_CONTENT_TYPE |                        \
	    UINT64_C(1) << MQTT_PROPERTY_RESPONSE_TOPIC |                      \
	    UINT64_C(1) << MQTT_PROPERTY_CORRELATION_DATA |                    \
	    UINT64_C(1) << MQTT_PROPERTY_USER_PROPERTY)

/* One property as it was read: an integer, a text, or a pair of texts. */
struct value {
	uint32_t number;
	struct bytes bytes;
	struct bytes second;
};

/* is_checked: this property was decoded before, its texts are valid. */
static int
value_decode(enum property_type type, bool is_checked,
    struct mqtt_reader *reader, struct value *value)
{
	int (*text_decode)(struct mqtt_reader *,
	    struct bytes *) = is_checked ? mqtt_binary_decode
					 : mqtt_string_decode;
	uint16_t u16;
	uint8_t u8;
	int error;

	switch (type) {
	case PROPERTY_U8:
		error = mqtt_u8_decode(reader, &u8);
		if (error == 0)
			value->number = u8;
		return error;
	case PROPERTY_U16:
		error = mqtt_u16_decode(reader, &u16);
		if (error == 0)
			value->number = u16;
		return error;
	case PROPERTY_U32:
		return mqtt_u32_decode(reader, &value->number);
	case PROPERTY_VARINT:
		return mqtt_varint_decode(reader, &value->number);
	case PROPERTY_STRING:
		return text_decode(reader, &value->bytes);
	case PROPERTY_BINARY:
		return mqtt_binary_decode(reader, &value->bytes);
	case PROPERTY_PAIR: /* [MQTT5-1.5.7-1] */
		error = text_decode(reader, &value->bytes);
		if (error != 0)
			return error;
		return text_decode(reader, &value->second);
	case PROPERTY_NONE:
		break;
	}
	return MQTT_ERR_MALFORMED_PACKET;
}

static int
value_check(uint32_t id, const struct property *property,
    const struct value *value)
{
	switch (property->type) {
	case PROPERTY_U8:
	case PROPERTY_U16:
	case PROPERTY_U32:
	case PROPERTY_VARINT:
		if (value->number < property->least ||
		    value->number > property->most)
			return MQTT_ERR_PROTOCOL_ERROR;
		return 0;
	default:
		/* [MQTT5-3.3.2-14], and it is a Topic Name: [MQTT5-4.7.3-1] */
		if (id == MQTT_PROPERTY_RESPONSE_TOPIC &&
		    !mqtt_topic_name_is_valid(value->bytes))
			return MQTT_ERR_PROTOCOL_ERROR;
		return 0;
	}
}

static void
value_store(const struct property *property, const struct value *value,
    struct mqtt_properties *properties)
{
	void *field = (uint8_t *)properties + property->offset;

	switch (property->type) {
	case PROPERTY_U8:
		*(uint8_t *)field = (uint8_t)value->number;
		break;
	case PROPERTY_U16:
		*(uint16_t *)field = (uint16_t)value->number;
		break;
	case PROPERTY_U32:
	case PROPERTY_VARINT:
		*(uint32_t *)field = value->number;
		break;
	case PROPERTY_STRING:
	case PROPERTY_BINARY:
		*(struct bytes *)field = value->bytes;
		break;
	default: /* User Properties are walked, not stored */
		break;
	}
}

/* Read an identifier and its value, whatever packet they stand in. */
static int
property_decode(bool is_checked, struct mqtt_reader *reader, uint32_t *id,
    struct value *value)
{
	int error;

	error = mqtt_varint_decode(reader, id);
	if (error != 0)
		return error;
	if (*id > PROPERTY_ID_MAX)
		return MQTT_ERR_MALFORMED_PACKET;
	return value_decode(properties_by_id[*id].type, is_checked, reader,
	    value);
}

static int
property_take(unsigned int packet_type, struct mqtt_reader *reader,
    struct mqtt_properties *properties)
{
	const struct property *property;
	struct value value;
	uint32_t id;
	int error;

	error = property_decode(false, reader, &id, &value);
	if (error != 0)
		return error;
	property = &properties_by_id[id];
	/* MQTT 5.0, 2.2.2.2 */
	if ((property->packets >> packet_type & 1) == 0)
		return MQTT_ERR_MALFORMED_PACKET;
	error = value_check(id, property, &value);
	if (error != 0)
		return error;

	if (mqtt_properties_have(properties, id)) {
		/* Each section of 3.x.2 says so of each of its properties. */
		if ((property->repeated >> packet_type & 1) == 0)
			return MQTT_ERR_PROTOCOL_ERROR;
		return 0;
	}
	mqtt_properties_mark(properties, id);
	value_store(property, &value, properties);
	return 0;
}

/* Rules between the properties of one packet. */
static int
properties_check(unsigned int packet_type,
    const struct mqtt_properties *properties)
{
	bool has_method = mqtt_properties_have(properties,
	    MQTT_PROPERTY_AUTHENTICATION_METHOD);

	/* MQTT 5.0, 3.1.2.11.10 */
	if (packet_type == MQTT_CONNECT && !has_method &&
	    mqtt_properties_have(properties, MQTT_PROPERTY_AUTHENTICATION_DATA))
		return MQTT_ERR_PROTOCOL_ERROR;
	/* MQTT 5.0, 3.15.2.2.2 */
	if (packet_type == MQTT_AUTH && !has_method)
		return MQTT_ERR_PROTOCOL_ERROR;
	return 0;
}

int
mqtt_properties_decode(unsigned int packet_type, struct mqtt_reader *reader,
    struct mqtt_properties *properties)
{
	struct mqtt_reader block = *reader;
	uint32_t len;
	int error;

	error = mqtt_varint_decode(&block, &len);
	if (error != 0)
		return error;
	if (block.len - block.pos < len)
		return MQTT_ERR_MALFORMED_PACKET;
	block.len = block.pos + len;

	properties->present = 0;
	properties->raw = bytes_of(block.data + block.pos, len);
	properties->encoded = BYTES_NONE;
	while (block.pos < block.len) {
		error = property_take(packet_type, &block, properties);
		if (error != 0)
			return error;
	}
	error = properties_check(packet_type, properties);
	if (error != 0)
		return error;
	reader->pos = block.pos;
	return 0;
}

static const void *
field_of(const struct mqtt_properties *properties, unsigned int id)
{
	return (const uint8_t *)properties + properties_by_id[id].offset;
}

/* The bytes of one property with its identifier, which is one byte always. */
static size_t
property_len(const struct mqtt_properties *properties, unsigned int id)
{
	const void *field = field_of(properties, id);

	switch (properties_by_id[id].type) {
	case PROPERTY_U8:
		return 1 + 1;
	case PROPERTY_U16:
		return 1 + 2;
	case PROPERTY_U32:
		return 1 + 4;
	case PROPERTY_VARINT:
		return 1 + mqtt_varint_len(*(const uint32_t *)field);
	case PROPERTY_STRING:
	case PROPERTY_BINARY:
		return 1 + 2 + ((const struct bytes *)field)->len;
	default:
		return 0;
	}
}

static int
property_encode(const struct mqtt_properties *properties, unsigned int id,
    struct mqtt_writer *writer)
{
	const void *field = field_of(properties, id);
	enum property_type type = properties_by_id[id].type;
	int error;

	if (type == PROPERTY_NONE || type == PROPERTY_PAIR)
		return 0;
	error = mqtt_u8_encode(writer, (uint8_t)id);
	if (error != 0)
		return error;
	switch (type) {
	case PROPERTY_U8:
		return mqtt_u8_encode(writer, *(const uint8_t *)field);
	case PROPERTY_U16:
		return mqtt_u16_encode(writer, *(const uint16_t *)field);
	case PROPERTY_U32:
		return mqtt_u32_encode(writer, *(const uint32_t *)field);
	case PROPERTY_VARINT:
		return mqtt_varint_encode(writer, *(const uint32_t *)field);
	default:
		return mqtt_binary_encode(writer, *(const struct bytes *)field);
	}
}

size_t
mqtt_properties_len(const struct mqtt_properties *properties)
{
	uint64_t present = properties->present;
	size_t len = properties->encoded.len;

	for (unsigned int id = 0; present != 0; id++, present >>= 1)
		if ((present & 1) != 0 && id <= PROPERTY_ID_MAX)
			len += property_len(properties, id);
	return len;
}

size_t
mqtt_properties_encoded_len(const struct mqtt_properties *properties)
{
	size_t len = mqtt_properties_len(properties);

	/* What does not fit a Variable Byte Integer fails when encoded. */
	return len > MQTT_VARINT_MAX ? len + 4
				     : len + mqtt_varint_len((uint32_t)len);
}

int
mqtt_properties_encode(const struct mqtt_properties *properties,
    struct mqtt_writer *writer)
{
	size_t len = mqtt_properties_len(properties);
	uint64_t present = properties->present;
	size_t start = writer->len;
	int error;

	/* Checked here, since the length is wider than what is encoded. */
	if (len > MQTT_VARINT_MAX)
		return MQTT_ERR_PACKET_TOO_LARGE;
	error = mqtt_varint_encode(writer, (uint32_t)len);
	for (unsigned int id = 0; error == 0 && present != 0;
	     id++, present >>= 1)
		if ((present & 1) != 0 && id <= PROPERTY_ID_MAX)
			error = property_encode(properties, id, writer);
	if (error == 0)
		error = mqtt_raw_encode(writer, properties->encoded);
	if (error != 0)
		writer->len = start;
	return error;
}

int
mqtt_properties_forward(const struct mqtt_properties *properties,
    struct mqtt_writer *writer)
{
	struct mqtt_reader block = {
		.data = properties->raw.data,
		.len = properties->raw.len,
	};
	size_t start = writer->len;
	struct value value;
	uint32_t id;

	if ((properties->present & FORWARDED) == 0)
		return 0;
	/* In wire order, so that of User Properties stays [MQTT5-3.3.2-18]. */
	while (block.pos < block.len) {
		size_t from = block.pos;
		int error;

		error = property_decode(true, &block, &id, &value);
		if (error == 0 && (FORWARDED >> id & 1) != 0)
			error = mqtt_raw_encode(writer,
			    bytes_of(block.data + from, block.pos - from));
		if (error != 0) {
			writer->len = start;
			return error;
		}
	}
	return 0;
}

int
mqtt_user_property_encode(struct bytes name, struct bytes value,
    struct mqtt_writer *writer)
{
	size_t start = writer->len;
	int error;

	error = mqtt_u8_encode(writer, MQTT_PROPERTY_USER_PROPERTY);
	if (error == 0)
		error = mqtt_binary_encode(writer, name);
	if (error == 0)
		error = mqtt_binary_encode(writer, value);
	if (error != 0)
		writer->len = start;
	return error;
}

int
mqtt_subscription_identifier_encode(uint32_t value, struct mqtt_writer *writer)
{
	size_t start = writer->len;
	int error;

	error = mqtt_u8_encode(writer, MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER);
	if (error == 0)
		error = mqtt_varint_encode(writer, value);
	if (error != 0)
		writer->len = start;
	return error;
}

/* The next property with this identifier in a block that was decoded. */
static bool
property_next(const struct mqtt_properties *properties, size_t *pos,
    enum mqtt_property_id wanted, struct value *value)
{
	struct mqtt_reader block = {
		.data = properties->raw.data,
		.len = properties->raw.len,
		.pos = *pos,
	};
	bool is_found = false;
	uint32_t id;

	if (!mqtt_properties_have(properties, wanted))
		return false;
	while (!is_found && block.pos < block.len) {
		if (property_decode(true, &block, &id, value) != 0)
			break;
		is_found = id == (uint32_t)wanted;
	}
	*pos = block.pos;
	return is_found;
}

bool
mqtt_user_property_next(const struct mqtt_properties *properties, size_t *pos,
    struct bytes *name, struct bytes *value)
{
	struct value found;

	if (!property_next(properties, pos, MQTT_PROPERTY_USER_PROPERTY,
		&found))
		return false;
	*name = found.bytes;
	*value = found.second;
	return true;
}

bool
mqtt_subscription_identifier_next(const struct mqtt_properties *properties,
    size_t *pos, uint32_t *value)
{
	struct value found;

	if (!property_next(properties, pos,
		MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER, &found))
		return false;
	*value = found.number;
	return true;
}
