/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/wire.h"

#define VARINT_LEN_MAX 4

static inline size_t
reader_left(const struct mqtt_reader *reader)
{
	return reader->len - reader->pos;
}

int
mqtt_u8_decode(struct mqtt_reader *reader, uint8_t *value)
{
	if (reader_left(reader) < 1)
		return MQTT_ERR_MALFORMED_PACKET;
	*value = reader->data[reader->pos++];
	return 0;
}

int
mqtt_u16_decode(struct mqtt_reader *reader, uint16_t *value)
{
	const uint8_t *at;

	if (reader_left(reader) < 2)
		return MQTT_ERR_MALFORMED_PACKET;
	at = reader->data + reader->pos;
	*value = (uint16_t)(at[0] << 8 | at[1]);
	reader->pos += 2;
	return 0;
}

int
mqtt_u32_decode(struct mqtt_reader *reader, uint32_t *value)
{
	const uint8_t *at;

	if (reader_left(reader) < 4)
		return MQTT_ERR_MALFORMED_PACKET;
	at = reader->data + reader->pos;
	*value = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
		 (uint32_t)at[2] << 8 | at[3];
	reader->pos += 4;
	return 0;
}

int
mqtt_varint_decode(struct mqtt_reader *reader, uint32_t *value)
{
	size_t left = reader_left(reader);
	uint32_t sum = 0;

	for (size_t i = 0; i < left && i < VARINT_LEN_MAX; i++) {
		uint8_t byte = reader->data[reader->pos + i];

		sum |= (uint32_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) != 0)
			continue;
		/* The shortest form and no other [MQTT5-1.5.5-1]. */
		if (byte == 0 && i > 0)
			return MQTT_ERR_MALFORMED_PACKET;
		reader->pos += i + 1;
		*value = sum;
		return 0;
	}
	return MQTT_ERR_MALFORMED_PACKET;
}

int
mqtt_binary_decode(struct mqtt_reader *reader, struct bytes *value)
{
	const uint8_t *at;
	size_t len;

	if (reader_left(reader) < 2)
		return MQTT_ERR_MALFORMED_PACKET;
	at = reader->data + reader->pos;
	len = (size_t)at[0] << 8 | at[1];
	if (reader_left(reader) - 2 < len)
		return MQTT_ERR_MALFORMED_PACKET;
	*value = bytes_of(at + 2, len);
	reader->pos += 2 + len;
	return 0;
}

int
mqtt_string_decode(struct mqtt_reader *reader, struct bytes *value)
{
	size_t start = reader->pos;
	struct bytes text;
	int error;

	error = mqtt_binary_decode(reader, &text);
	if (error != 0)
		return error;
	/* [MQTT-1.5.3-1, -2], [MQTT5-1.5.4-1, -2] */
	if (!mqtt_utf8_is_valid(text)) {
		reader->pos = start;
		return MQTT_ERR_MALFORMED_PACKET;
	}
	*value = text;
	return 0;
}

/* Where the next count bytes go; NULL if there is no room for them. */
static inline uint8_t *
writer_reserve(struct mqtt_writer *writer, size_t count)
{
	if (writer->capacity - writer->len < count)
		return NULL;
	return writer->data + writer->len;
}

int
mqtt_u8_encode(struct mqtt_writer *writer, uint8_t value)
{
	uint8_t *at = writer_reserve(writer, 1);

	if (at == NULL)
		return MQTT_ERR_PACKET_TOO_LARGE;
	at[0] = value;
	writer->len += 1;
	return 0;
}

int
mqtt_u16_encode(struct mqtt_writer *writer, uint16_t value)
{
	uint8_t *at = writer_reserve(writer, 2);

	if (at == NULL)
		return MQTT_ERR_PACKET_TOO_LARGE;
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	writer->len += 2;
	return 0;
}

int
mqtt_u32_encode(struct mqtt_writer *writer, uint32_t value)
{
	uint8_t *at = writer_reserve(writer, 4);

	if (at == NULL)
		return MQTT_ERR_PACKET_TOO_LARGE;
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
	writer->len += 4;
	return 0;
}

size_t
mqtt_varint_len(uint32_t value)
{
	size_t len = 1;

	for (; value >= 0x80; value >>= 7)
		len++;
	return len;
}

int
mqtt_varint_encode(struct mqtt_writer *writer, uint32_t value)
{
	size_t len = mqtt_varint_len(value);
	uint8_t *at = writer_reserve(writer, len);

	if (at == NULL || value > MQTT_VARINT_MAX)
		return MQTT_ERR_PACKET_TOO_LARGE;
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at = (uint8_t)value;
	writer->len += len;
	return 0;
}

int
mqtt_raw_encode(struct mqtt_writer *writer, struct bytes value)
{
	if (value.len == 0)
		return 0;
	if (writer->capacity - writer->len < value.len)
		return MQTT_ERR_PACKET_TOO_LARGE;
	memcpy(writer->data + writer->len, value.data, value.len);
	writer->len += value.len;
	return 0;
}

int
mqtt_binary_encode(struct mqtt_writer *writer, struct bytes value)
{
	if (value.len > MQTT_STRING_MAX ||
	    writer->capacity - writer->len < 2 + value.len)
		return MQTT_ERR_PACKET_TOO_LARGE;
	mqtt_u16_encode(writer, (uint16_t)value.len);
	return mqtt_raw_encode(writer, value);
}
