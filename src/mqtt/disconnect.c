/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DISCONNECT and AUTH (3.14, 3.15).
 */
#include "mqtt/codec.h"

/* 5.0: the whole body, which may be left out. */
static int
body_decode(const struct mqtt_frame *frame, struct mqtt_reader *reader,
    struct mqtt_disconnect *disconnect)
{
	int error;

	/* MQTT 5.0, 3.14.2.1, 3.15.2.1: 0x00 and no properties */
	if (mqtt_reader_is_done(reader))
		return 0;
	error = mqtt_u8_decode(reader, &disconnect->reason);
	if (error != 0)
		return error;
	/* [MQTT5-3.14.2-1], [MQTT5-3.15.2-1] */
	if (!mqtt_reason_belongs(frame->type, disconnect->reason))
		return MQTT_ERR_PROTOCOL_ERROR;
	/* MQTT 5.0, 3.14.2.2.1; AUTH has no such short form */
	if (frame->type == MQTT_DISCONNECT && mqtt_reader_is_done(reader))
		return 0;
	return mqtt_properties_decode(frame->type, reader,
	    &disconnect->properties);
}

int
mqtt_disconnect_decode(enum mqtt_version version,
    const struct mqtt_frame *frame, struct mqtt_disconnect *disconnect)
{
	struct mqtt_reader reader = mqtt_frame_reader(frame);
	int error;

	if (frame->type != MQTT_DISCONNECT && frame->type != MQTT_AUTH)
		return MQTT_ERR_MALFORMED_PACKET;
	/* MQTT 3.1.1, 2.2.1: type 15 is reserved there */
	if (version != MQTT_VERSION_5 && frame->type == MQTT_AUTH)
		return MQTT_ERR_MALFORMED_PACKET;
	/* [MQTT-3.14.1-1], [MQTT5-3.14.1-1], [MQTT5-3.15.1-1] */
	error = mqtt_frame_check(frame, frame->type, 0);
	if (error != 0)
		return error;
	disconnect->reason = MQTT_REASON_SUCCESS;
	disconnect->properties.present = 0;
	disconnect->properties.raw = BYTES_NONE;
	disconnect->properties.encoded = BYTES_NONE;
	if (version == MQTT_VERSION_5)
		error = body_decode(frame, &reader, disconnect);
	if (error != 0)
		return error;
	return mqtt_reader_is_done(&reader) ? 0 : MQTT_ERR_MALFORMED_PACKET;
}

int
mqtt_disconnect_encode(enum mqtt_version version, enum mqtt_packet_type type,
    const struct mqtt_disconnect *disconnect, struct mqtt_writer *writer)
{
	bool has_properties = version == MQTT_VERSION_5 &&
			      mqtt_properties_len(&disconnect->properties) > 0;
	bool has_reason = version == MQTT_VERSION_5 &&
			  (has_properties ||
			      disconnect->reason != MQTT_REASON_SUCCESS);
	size_t remaining_len = has_reason ? 1 : 0;
	size_t start = writer->len;
	int error;

	/* An AUTH with a Reason Code has a Property Length, too (3.15.2). */
	if (type == MQTT_AUTH && has_reason)
		has_properties = true;
	if (has_properties)
		remaining_len += mqtt_properties_encoded_len(
		    &disconnect->properties);
	error = mqtt_header_encode(type, 0, remaining_len, remaining_len,
	    writer);
	if (error != 0)
		return error;
	if (has_reason)
		error |= mqtt_u8_encode(writer, disconnect->reason);
	if (has_properties)
		error |= mqtt_properties_encode(&disconnect->properties,
		    writer);
	if (error != 0)
		writer->len = start;
	return error;
}
