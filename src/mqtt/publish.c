/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBLISH (3.3), the packet that the rest exists for.
 */
#include "mqtt/codec.h"
#include "mqtt/topic.h"

#define FLAG_RETAIN 0x01u
#define QOS_SHIFT   1
#define FLAG_QOS    (3u << QOS_SHIFT)
#define FLAG_DUP    0x08u

static int
flags_decode(uint8_t flags, struct mqtt_publish *publish)
{
	publish->retain = (flags & FLAG_RETAIN) != 0;
	publish->qos = (uint8_t)((flags & FLAG_QOS) >> QOS_SHIFT);
	publish->dup = (flags & FLAG_DUP) != 0;
	/* [MQTT-3.3.1-4], [MQTT5-3.3.1-4] */
	if (publish->qos > 2)
		return MQTT_ERR_MALFORMED_PACKET;
	/* [MQTT-3.3.1-2], [MQTT5-3.3.1-2]; invalid flags: MQTT 5.0, 2.1.3 */
	if (publish->qos == 0 && publish->dup)
		return MQTT_ERR_MALFORMED_PACKET;
	return 0;
}

static int
topic_name_check(enum mqtt_version version, const struct mqtt_publish *publish)
{
	if (publish->topic_name.len == 0 && version == MQTT_VERSION_5) {
		/* MQTT 5.0, 3.3.2.1 */
		if (!mqtt_properties_have(&publish->properties,
			MQTT_PROPERTY_TOPIC_ALIAS))
			return MQTT_ERR_PROTOCOL_ERROR;
		return 0;
	}
	/* [MQTT-3.3.2-2], [MQTT-4.7.3-1], [MQTT5-3.3.2-2] */
	if (!mqtt_topic_name_is_valid(publish->topic_name))
		return MQTT_ERR_TOPIC_NAME_INVALID;
	return 0;
}

int
mqtt_publish_decode(enum mqtt_version version, const struct mqtt_frame *frame,
    struct mqtt_publish *publish)
{
	struct mqtt_reader reader = mqtt_frame_reader(frame);
	int error;

	if (frame->type != MQTT_PUBLISH)
		return MQTT_ERR_MALFORMED_PACKET;
	error = flags_decode(frame->flags, publish);
	if (error != 0)
		return error;
	/* [MQTT-3.3.2-1], [MQTT5-3.3.2-1] */
	error = mqtt_string_decode(&reader, &publish->topic_name);
	if (error != 0)
		return error;
	/* [MQTT-2.3.1-5], [MQTT5-2.2.1-2] */
	publish->packet_id = 0;
	if (publish->qos > 0) {
		error = mqtt_packet_id_decode(&reader, &publish->packet_id);
		if (error != 0)
			return error;
	}
	error = mqtt_properties_decode_if(version, MQTT_PUBLISH, &reader,
	    &publish->properties);
	if (error != 0)
		return error;
	error = topic_name_check(version, publish);
	if (error != 0)
		return error;
	publish->payload = mqtt_reader_rest(&reader);
	return 0;
}

static uint8_t
flags_of(const struct mqtt_publish *publish)
{
	return (uint8_t)((publish->dup ? FLAG_DUP : 0) |
			 ((unsigned int)publish->qos << QOS_SHIFT & FLAG_QOS) |
			 (publish->retain ? FLAG_RETAIN : 0));
}

/* The variable header: all that stands before the payload. */
static size_t
variable_header_len(enum mqtt_version version,
    const struct mqtt_publish *publish)
{
	return 2 + publish->topic_name.len + (publish->qos > 0 ? 2 : 0) +
	       mqtt_properties_encoded_len_if(version, &publish->properties);
}

/* payload_room: how much of the payload must fit behind the head. */
static int
head_encode(enum mqtt_version version, const struct mqtt_publish *publish,
    size_t payload_room, struct mqtt_writer *writer, size_t *packet_id_offset)
{
	size_t len = variable_header_len(version, publish);
	size_t start = writer->len;
	size_t offset = 0;
	int error;

	error = mqtt_header_encode(MQTT_PUBLISH, flags_of(publish),
	    len + publish->payload.len, len + payload_room, writer);
	if (error != 0)
		return error;
	error |= mqtt_binary_encode(writer, publish->topic_name);
	if (publish->qos > 0) {
		offset = writer->len;
		error |= mqtt_u16_encode(writer, publish->packet_id);
	}
	error |= mqtt_properties_encode_if(version, &publish->properties,
	    writer);
	if (error != 0) {
		writer->len = start;
		return error;
	}
	if (publish->qos > 0)
		*packet_id_offset = offset;
	return 0;
}

int
mqtt_publish_head_encode(enum mqtt_version version,
    const struct mqtt_publish *publish, struct mqtt_writer *writer,
    size_t *packet_id_offset)
{
	return head_encode(version, publish, 0, writer, packet_id_offset);
}

int
mqtt_publish_encode(enum mqtt_version version,
    const struct mqtt_publish *publish, struct mqtt_writer *writer)
{
	size_t packet_id_offset;
	int error;

	error = head_encode(version, publish, publish->payload.len, writer,
	    &packet_id_offset);
	if (error != 0)
		return error;
	return mqtt_raw_encode(writer, publish->payload);
}

size_t
mqtt_publish_head_len_max(const struct mqtt_publish *publish)
{
	/* First byte, Remaining Length, Topic Name, Packet Identifier. */
	return 1 + 4 + 2 + publish->topic_name.len + 2 +
	       mqtt_properties_encoded_len(&publish->properties);
}
