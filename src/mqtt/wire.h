/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data representations of MQTT (1.5): integers, Variable Byte Integers,
 * UTF-8 strings and binary data, read from and written to bounded memory.
 * On failure nothing is consumed or written.
 */
#ifndef SIGNET_MQTT_WIRE_H
#define SIGNET_MQTT_WIRE_H

#include "mqtt/mqtt.h"

struct mqtt_reader {
	const uint8_t *data;
	size_t len;
	size_t pos;
};

/* Memory of the caller; len counts what is written. */
struct mqtt_writer {
	uint8_t *data;
	size_t capacity;
	size_t len;
};

#define MQTT_VARINT_MAX 268435455u
#define MQTT_STRING_MAX 65535u

/* Each: 0 or MQTT_ERR_MALFORMED_PACKET. */
int mqtt_u8_decode(struct mqtt_reader *reader, uint8_t *value);
int mqtt_u16_decode(struct mqtt_reader *reader, uint16_t *value);
int mqtt_u32_decode(struct mqtt_reader *reader, uint32_t *value);
int mqtt_varint_decode(struct mqtt_reader *reader, uint32_t *value);
int mqtt_string_decode(struct mqtt_reader *reader, struct bytes *value);
int mqtt_binary_decode(struct mqtt_reader *reader, struct bytes *value);

/* Each: 0 or MQTT_ERR_PACKET_TOO_LARGE (no room, or out of its range). */
int mqtt_u8_encode(struct mqtt_writer *writer, uint8_t value);
int mqtt_u16_encode(struct mqtt_writer *writer, uint16_t value);
int mqtt_u32_encode(struct mqtt_writer *writer, uint32_t value);
int mqtt_varint_encode(struct mqtt_writer *writer, uint32_t value);
int mqtt_binary_encode(struct mqtt_writer *writer, struct bytes value);
int mqtt_raw_encode(struct mqtt_writer *writer, struct bytes value);

/* How many bytes a Variable Byte Integer takes: 1..4. */
size_t mqtt_varint_len(uint32_t value);

/* Well-formed UTF-8 without U+0000 and surrogates [MQTT-1.5.3-1, -2]. */
bool mqtt_utf8_is_valid(struct bytes text);

#endif
