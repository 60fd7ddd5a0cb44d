/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONNECT (3.1).
 */
#include "mqtt/codec.h"
#include "mqtt/topic.h"

#define PROTOCOL_NAME BYTES_LITERAL("MQTT")

#define FLAG_RESERVED    0x01u
#define FLAG_CLEAN_START 0x02u
#define FLAG_WILL        0x04u
#define WILL_QOS_SHIFT   3
#define FLAG_WILL_QOS    (3u << WILL_QOS_SHIFT)
#define FLAG_WILL_RETAIN 0x20u
#define FLAG_PASSWORD    0x40u
#define FLAG_USER_NAME   0x80u

/* Name with its length, version, flags, Keep Alive. */
#define VARIABLE_HEADER_LEN (2 + 4 + 1 + 1 + 2)

/* The version is stored even if it is not one of ours. */
static int
protocol_decode(struct mqtt_reader *reader, struct mqtt_connect *connect)
{
	struct bytes name;
	uint8_t version;
	int error;

	error = mqtt_string_decode(reader, &name);
	if (error != 0)
		return error;
	error = mqtt_u8_decode(reader, &version);
	if (error != 0)
		return error;
	connect->version = (enum mqtt_version)version;
	/* [MQTT-3.1.2-1], [MQTT5-3.1.2-1] */
	if (!bytes_equal(name, PROTOCOL_NAME))
		return MQTT_ERR_UNSUPPORTED_VERSION;
	/* [MQTT-3.1.2-2], [MQTT5-3.1.2-2] */
	if (version != MQTT_VERSION_3_1_1 && version != MQTT_VERSION_5)
		return MQTT_ERR_UNSUPPORTED_VERSION;
	return 0;
}

static int
flags_check(uint8_t flags, enum mqtt_version version)
{
	/* [MQTT-3.1.2-3], [MQTT5-3.1.2-3] */
	if ((flags & FLAG_RESERVED) != 0)
		return MQTT_ERR_MALFORMED_PACKET;
	/* [MQTT-3.1.2-13, -15], [MQTT5-3.1.2-11, -13] */
	if ((flags & FLAG_WILL) == 0 &&
	    (flags & (FLAG_WILL_QOS | FLAG_WILL_RETAIN)) != 0)
		return MQTT_ERR_MALFORMED_PACKET;
	/* [MQTT-3.1.2-14], [MQTT5-3.1.2-12] */
	if ((flags & FLAG_WILL_QOS) == FLAG_WILL_QOS)
		return MQTT_ERR_MALFORMED_PACKET;
	/* [MQTT-3.1.2-22]; 5.0 allows it (3.1.2.9) */
	if (version == MQTT_VERSION_3_1_1 && (flags & FLAG_USER_NAME) == 0 &&
	    (flags & FLAG_PASSWORD) != 0)
		return MQTT_ERR_MALFORMED_PACKET;
	return 0;
}

static int
flags_decode(struct mqtt_reader *reader, struct mqtt_connect *connect)
{
	uint8_t flags;
	int error;

	error = mqtt_u8_decode(reader, &flags);
	if (error != 0)
		return error;
	error = flags_check(flags, connect->version);
	if (error != 0)
		return error;
	connect->clean_start = (flags & FLAG_CLEAN_START) != 0;
	connect->has_will = (flags & FLAG_WILL) != 0;
	connect->has_user_name = (flags & FLAG_USER_NAME) != 0;
	connect->has_password = (flags & FLAG_PASSWORD) != 0;
	connect->will.qos = (uint8_t)((flags & FLAG_WILL_QOS) >>
				      WILL_QOS_SHIFT);
	connect->will.retain = (flags & FLAG_WILL_RETAIN) != 0;
	return 0;
}

static int
will_decode(struct mqtt_reader *reader, struct mqtt_connect *connect)
{
	struct mqtt_will *will = &connect->will;
	int error;

	error = mqtt_properties_decode_if(connect->version,
	    MQTT_PROPERTIES_OF_WILL, reader, &will->properties);
	if (error != 0)
		return error;
	/* [MQTT-3.1.3-10], [MQTT5-3.1.3-11] */
	error = mqtt_string_decode(reader, &will->topic_name);
	if (error != 0)
		return error;
	/* [MQTT-4.7.1-1], [MQTT5-4.7.0-1] */
	if (!mqtt_topic_name_is_valid(will->topic_name))
		return MQTT_ERR_TOPIC_NAME_INVALID;
	return mqtt_binary_decode(reader, &will->payload);
}

/* [MQTT-3.1.3-1], [MQTT5-3.1.3-1]: in this order. */
static int
payload_decode(struct mqtt_reader *reader, struct mqtt_connect *connect)
{
	int error;

	/* [MQTT-3.1.3-3, -4], [MQTT5-3.1.3-3, -4] */
	error = mqtt_string_decode(reader, &connect->client_id);
	/* [MQTT-3.1.2-9], [MQTT5-3.1.2-9] */
	if (error == 0 && connect->has_will)
		error = will_decode(reader, connect);
	/* [MQTT-3.1.2-19], [MQTT-3.1.3-11]; [MQTT5-3.1.2-17], [MQTT5-3.1.3-12] */
	if (error == 0 && connect->has_user_name)
		error = mqtt_string_decode(reader, &connect->user_name);
	/* [MQTT-3.1.2-21], [MQTT5-3.1.2-19] */
	if (error == 0 && connect->has_password)
		error = mqtt_binary_decode(reader, &connect->password);
	if (error != 0)
		return error;
	/* [MQTT-3.1.2-11, -18, -20], [MQTT5-3.1.2-16, -18] */
	return mqtt_reader_is_done(reader) ? 0 : MQTT_ERR_MALFORMED_PACKET;
}

int
mqtt_connect_decode(const struct mqtt_frame *frame,
    struct mqtt_connect *connect)
{
	struct mqtt_reader reader = mqtt_frame_reader(frame);
	int error;

	connect->version = (enum mqtt_version)0;
	error = mqtt_frame_check(frame, MQTT_CONNECT, 0);
	if (error == 0)
		error = protocol_decode(&reader, connect);
	if (error == 0)
		error = flags_decode(&reader, connect);
	if (error == 0)
		error = mqtt_u16_decode(&reader, &connect->keep_alive);
	if (error == 0)
		error = mqtt_properties_decode_if(connect->version,
		    MQTT_CONNECT, &reader, &connect->properties);
	if (error == 0)
		error = payload_decode(&reader, connect);
	if (error != 0)
		return error;
	/* [MQTT-3.1.3-7, -8]; 5.0 allows it [MQTT5-3.1.3-6] */
	if (connect->version == MQTT_VERSION_3_1_1 &&
	    connect->client_id.len == 0 && !connect->clean_start)
		return MQTT_ERR_CLIENT_IDENTIFIER_NOT_VALID;
	return 0;
}

static uint8_t
flags_of(const struct mqtt_connect *connect)
{
	unsigned int flags = 0;

	if (connect->clean_start)
		flags |= FLAG_CLEAN_START;
	if (connect->has_will)
		flags |= FLAG_WILL |
			 ((unsigned int)connect->will.qos << WILL_QOS_SHIFT &
			     FLAG_WILL_QOS);
	if (connect->has_will && connect->will.retain)
		flags |= FLAG_WILL_RETAIN;
	if (connect->has_password)
		flags |= FLAG_PASSWORD;
	if (connect->has_user_name)
		flags |= FLAG_USER_NAME;
	return (uint8_t)flags;
}

static size_t
remaining_len_of(const struct mqtt_connect *connect)
{
	enum mqtt_version version = connect->version;
	size_t len = VARIABLE_HEADER_LEN + 2 + connect->client_id.len;

	len += mqtt_properties_encoded_len_if(version, &connect->properties);
	if (connect->has_will)
		len += mqtt_properties_encoded_len_if(version,
			   &connect->will.properties) +
		       2 + connect->will.topic_name.len + 2 +
		       connect->will.payload.len;
	if (connect->has_user_name)
		len += 2 + connect->user_name.len;
	if (connect->has_password)
		len += 2 + connect->password.len;
	return len;
}

static int
body_encode(const struct mqtt_connect *connect, struct mqtt_writer *writer)
{
	enum mqtt_version version = connect->version;
	int error = 0;

	error |= mqtt_binary_encode(writer, PROTOCOL_NAME);
	error |= mqtt_u8_encode(writer, (uint8_t)version);
	error |= mqtt_u8_encode(writer, flags_of(connect));
	error |= mqtt_u16_encode(writer, connect->keep_alive);
	error |= mqtt_properties_encode_if(version, &connect->properties,
	    writer);
	error |= mqtt_binary_encode(writer, connect->client_id);
	if (connect->has_will) {
		error |= mqtt_properties_encode_if(version,
		    &connect->will.properties, writer);
		error |= mqtt_binary_encode(writer, connect->will.topic_name);
		error |= mqtt_binary_encode(writer, connect->will.payload);
	}
	if (connect->has_user_name)
		error |= mqtt_binary_encode(writer, connect->user_name);
	if (connect->has_password)
		error |= mqtt_binary_encode(writer, connect->password);
	return error;
}

int
mqtt_connect_encode(const struct mqtt_connect *connect,
    struct mqtt_writer *writer)
{
	size_t remaining_len = remaining_len_of(connect);
	size_t start = writer->len;
	int error;

	error = mqtt_header_encode(MQTT_CONNECT, 0, remaining_len,
	    remaining_len, writer);
	if (error == 0)
		error = body_encode(connect, writer);
	if (error != 0)
		writer->len = start;
	return error;
}
