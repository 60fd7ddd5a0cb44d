/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed header (2.1; 2.2 in 3.1.1) and what the packets share.
 */
#include "mqtt/codec.h"

#define REMAINING_LENGTH_LEN_MAX 4

/*
 * The Remaining Length behind the first byte. 0; MQTT_NEED_MORE;
 * MQTT_ERR_MALFORMED_PACKET as soon as it can no longer become valid.
 */
static int
remaining_length_decode(struct bytes input, uint32_t *value, size_t *header_len)
{
	struct mqtt_reader reader = {
		.data = input.data,
		.len = input.len,
		.pos = 1,
	};
	size_t len = 1;

	while (len <= REMAINING_LENGTH_LEN_MAX && len < input.len &&
	       (input.data[len] & 0x80) != 0)
		len++;
	if (len > REMAINING_LENGTH_LEN_MAX)
		return MQTT_ERR_MALFORMED_PACKET;
	if (len >= input.len)
		return MQTT_NEED_MORE;
	*header_len = len + 1;
	/* The shortest form [MQTT5-1.5.5-1]; we hold 3.1.1 to it, too. */
	return mqtt_varint_decode(&reader, value);
}

int
mqtt_frame_decode(struct bytes input, uint32_t max_packet_bytes,
    struct mqtt_frame *frame)
{
	uint32_t remaining_length;
	size_t header_len;
	size_t len;
	int status;

	frame->len = 0;
	if (input.len == 0)
		return MQTT_NEED_MORE;
	/* Type 0 is reserved, forbidden (2.1.2). */
	if (input.data[0] >> 4 == 0)
		return MQTT_ERR_MALFORMED_PACKET;
	status = remaining_length_decode(input, &remaining_length, &header_len);
	if (status != 0)
		return status;

	len = header_len + remaining_length;
	if (len > max_packet_bytes)
		return MQTT_ERR_PACKET_TOO_LARGE;
	frame->len = len;
	if (len > input.len)
		return MQTT_NEED_MORE;
	frame->type = input.data[0] >> 4;
	frame->flags = input.data[0] & 0x0f;
	frame->body = bytes_of(input.data + header_len, remaining_length);
	return 0;
}

int
mqtt_frame_check(const struct mqtt_frame *frame, enum mqtt_packet_type type,
    uint8_t flags)
{
	/* [MQTT-2.2.2-1, -2], [MQTT5-2.1.3-1] */
	if (frame->type != type || frame->flags != flags)
		return MQTT_ERR_MALFORMED_PACKET;
	return 0;
}

int
mqtt_packet_id_decode(struct mqtt_reader *reader, uint16_t *packet_id)
{
	uint16_t value;
	int error;

	error = mqtt_u16_decode(reader, &value);
	if (error != 0)
		return error;
	/* [MQTT-2.3.1-1], [MQTT5-2.2.1-3, -4] */
	if (value == 0)
		return MQTT_ERR_PROTOCOL_ERROR;
	*packet_id = value;
	return 0;
}

int
mqtt_properties_decode_if(enum mqtt_version version, unsigned int packet_type,
    struct mqtt_reader *reader, struct mqtt_properties *properties)
{
	/* Most have none: then the Property Length is one zero. */
	bool has_zero_length = version == MQTT_VERSION_5 &&
			       reader->pos < reader->len &&
			       reader->data[reader->pos] == 0;

	if (version == MQTT_VERSION_5 && !has_zero_length)
		return mqtt_properties_decode(packet_type, reader, properties);
	if (has_zero_length)
		reader->pos++;
	properties->present = 0;
	properties->raw = BYTES_NONE;
	properties->encoded = BYTES_NONE;
	return 0;
}

size_t
mqtt_properties_encoded_len_if(enum mqtt_version version,
    const struct mqtt_properties *properties)
{
	if (version != MQTT_VERSION_5)
		return 0;
	return mqtt_properties_encoded_len(properties);
}

int
mqtt_properties_encode_if(enum mqtt_version version,
    const struct mqtt_properties *properties, struct mqtt_writer *writer)
{
	if (version != MQTT_VERSION_5)
		return 0;
	return mqtt_properties_encode(properties, writer);
}

int
mqtt_header_encode(enum mqtt_packet_type type, uint8_t flags,
    size_t remaining_len, size_t here, struct mqtt_writer *writer)
{
	size_t room = writer->capacity - writer->len;
	size_t header_len;

	if (remaining_len > MQTT_VARINT_MAX)
		return MQTT_ERR_PACKET_TOO_LARGE;
	header_len = 1 + mqtt_varint_len((uint32_t)remaining_len);
	if (room < header_len || room - header_len < here)
		return MQTT_ERR_PACKET_TOO_LARGE;
	mqtt_u8_encode(writer, (uint8_t)((unsigned int)type << 4 | flags));
	return mqtt_varint_encode(writer, (uint32_t)remaining_len);
}

int
mqtt_entries_encode(enum mqtt_version version, enum mqtt_packet_type type,
    uint8_t flags, uint16_t packet_id, const struct mqtt_properties *properties,
    struct bytes entries, struct mqtt_writer *writer)
{
	size_t remaining_len = 2 +
			       mqtt_properties_encoded_len_if(version,
				   properties) +
			       entries.len;
	size_t start = writer->len;
	int error;

	error = mqtt_header_encode(type, flags, remaining_len, remaining_len,
	    writer);
	if (error != 0)
		return error;
	error |= mqtt_u16_encode(writer, packet_id);
	error |= mqtt_properties_encode_if(version, properties, writer);
	error |= mqtt_raw_encode(writer, entries);
	if (error != 0)
		writer->len = start;
	return error;
}
