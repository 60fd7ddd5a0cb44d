/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7).
 */
#include "mqtt/codec.h"

/* [MQTT-3.6.1-1], [MQTT5-3.6.1-1]: PUBREL alone has a flag. */
static uint8_t
flags_of(enum mqtt_packet_type type)
{
	return type == MQTT_PUBREL ? 0x02 : 0;
}

/* 5.0: what follows the Packet Identifier, all of which may be left out. */
static int
reason_decode(const struct mqtt_frame *frame, struct mqtt_reader *reader,
    struct mqtt_ack *ack)
{
	int error;

	/* MQTT 5.0, 3.4.2.1: success and no properties */
	if (mqtt_reader_is_done(reader))
		return 0;
	error = mqtt_u8_decode(reader, &ack->reason);
	if (error != 0)
		return error;
	/* [MQTT5-3.4.2-1], [MQTT5-3.5.2-1], [MQTT5-3.6.2-1], [MQTT5-3.7.2-1] */
	if (!mqtt_reason_belongs(frame->type, ack->reason))
		return MQTT_ERR_PROTOCOL_ERROR;
	/* MQTT 5.0, 3.4.2.2.1: no Property Length, no properties */
	if (mqtt_reader_is_done(reader))
		return 0;
	return mqtt_properties_decode(frame->type, reader, &ack->properties);
}

int
mqtt_ack_decode(enum mqtt_version version, const struct mqtt_frame *frame,
    struct mqtt_ack *ack)
{
	struct mqtt_reader reader = mqtt_frame_reader(frame);
	int error;

	if (frame->type < MQTT_PUBACK || frame->type > MQTT_PUBCOMP)
		return MQTT_ERR_MALFORMED_PACKET;
	error = mqtt_frame_check(frame, frame->type, flags_of(frame->type));
	if (error != 0)
		return error;
	error = mqtt_packet_id_decode(&reader, &ack->packet_id);
	if (error != 0)
		return error;
	ack->reason = MQTT_REASON_SUCCESS;
	ack->properties.present = 0;
	ack->properties.raw = BYTES_NONE;
	ack->properties.encoded = BYTES_NONE;
	if (version == MQTT_VERSION_5)
		error = reason_decode(frame, &reader, ack);
	if (error != 0)
		return error;
	return mqtt_reader_is_done(&reader) ? 0 : MQTT_ERR_MALFORMED_PACKET;
}

int
mqtt_ack_encode(enum mqtt_version version, enum mqtt_packet_type type,
    const struct mqtt_ack *ack, struct mqtt_writer *writer)
{
	bool has_properties = version == MQTT_VERSION_5 &&
			      mqtt_properties_len(&ack->properties) > 0;
	bool has_reason = version == MQTT_VERSION_5 &&
			  (has_properties ||
			      ack->reason != MQTT_REASON_SUCCESS);
	size_t remaining_len = 2 + (has_reason ? 1 : 0);
	size_t start = writer->len;
	int error;

	if (has_properties)
		remaining_len += mqtt_properties_encoded_len(&ack->properties);
	error = mqtt_header_encode(type, flags_of(type), remaining_len,
	    remaining_len, writer);
	if (error != 0)
		return error;
	error |= mqtt_u16_encode(writer, ack->packet_id);
	if (has_reason)
		error |= mqtt_u8_encode(writer, ack->reason);
	if (has_properties)
		error |= mqtt_properties_encode(&ack->properties, writer);
	if (error != 0)
		writer->len = start;
	return error;
}
