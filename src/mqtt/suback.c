/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SUBACK and UNSUBACK (3.9, 3.11).
 */
#include "mqtt/codec.h"

static bool
code_belongs(enum mqtt_version version, enum mqtt_packet_type type,
    uint8_t code)
{
	/* [MQTT5-3.9.3-2], [MQTT5-3.11.3-2] */
	if (version == MQTT_VERSION_5)
		return mqtt_reason_belongs(type, code);
	/* [MQTT-3.9.3-2] */
	return code <= 2 || code == MQTT_SUBACK_FAILURE;
}

static int
codes_check(enum mqtt_version version, enum mqtt_packet_type type,
    struct bytes codes)
{
	/* MQTT 3.1.1, 3.11.2: its UNSUBACK has no payload */
	if (version == MQTT_VERSION_3_1_1 && type == MQTT_UNSUBACK)
		return codes.len == 0 ? 0 : MQTT_ERR_MALFORMED_PACKET;
	/* One for each Topic Filter, of which there is at least one. */
	if (codes.len == 0)
		return MQTT_ERR_PROTOCOL_ERROR;
	for (size_t i = 0; i < codes.len; i++)
		if (!code_belongs(version, type, codes.data[i]))
			return MQTT_ERR_PROTOCOL_ERROR;
	return 0;
}

int
mqtt_suback_decode(enum mqtt_version version, const struct mqtt_frame *frame,
    struct mqtt_suback *suback)
{
	struct mqtt_reader reader = mqtt_frame_reader(frame);
	int error;

	if (frame->type != MQTT_SUBACK && frame->type != MQTT_UNSUBACK)
		return MQTT_ERR_MALFORMED_PACKET;
	error = mqtt_frame_check(frame, frame->type, 0);
	if (error != 0)
		return error;
	error = mqtt_packet_id_decode(&reader, &suback->packet_id);
	if (error != 0)
		return error;
	error = mqtt_properties_decode_if(version, frame->type, &reader,
	    &suback->properties);
	if (error != 0)
		return error;
	suback->codes = mqtt_reader_rest(&reader);
	return codes_check(version, frame->type, suback->codes);
}

int
mqtt_suback_encode(enum mqtt_version version, enum mqtt_packet_type type,
    const struct mqtt_suback *suback, struct mqtt_writer *writer)
{
	bool has_codes = version == MQTT_VERSION_5 || type == MQTT_SUBACK;
	struct bytes codes = has_codes ? suback->codes : BYTES_NONE;

	return mqtt_entries_encode(version, type, 0, suback->packet_id,
	    &suback->properties, codes, writer);
}
