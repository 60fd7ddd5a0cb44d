/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONNACK (3.2).
 */
#include "mqtt/codec.h"

#define FLAG_SESSION_PRESENT 0x01

static int
codes_check(enum mqtt_version version, uint8_t flags, uint8_t reason)
{
	/* MQTT 3.1.1, 3.2.2.1; [MQTT5-3.2.2-1] */
	if ((flags & ~FLAG_SESSION_PRESENT) != 0)
		return MQTT_ERR_MALFORMED_PACKET;
	/* MQTT 3.1.1, 3.2.2.3: the others are reserved */
	if (version == MQTT_VERSION_3_1_1 &&
	    reason > MQTT_RETURN_NOT_AUTHORIZED)
		return MQTT_ERR_PROTOCOL_ERROR;
	/* [MQTT5-3.2.2-8] */
	if (version == MQTT_VERSION_5 &&
	    !mqtt_reason_belongs(MQTT_CONNACK, reason))
		return MQTT_ERR_PROTOCOL_ERROR;
	/* [MQTT-3.2.2-4], [MQTT5-3.2.2-6] */
	if (reason != 0 && flags != 0)
		return MQTT_ERR_PROTOCOL_ERROR;
	return 0;
}

int
mqtt_connack_decode(enum mqtt_version version, const struct mqtt_frame *frame,
    struct mqtt_connack *connack)
{
	struct mqtt_reader reader = mqtt_frame_reader(frame);
	uint8_t flags = 0;
	int error;

	error = mqtt_frame_check(frame, MQTT_CONNACK, 0);
	if (error == 0)
		error = mqtt_u8_decode(&reader, &flags);
	if (error == 0)
		error = mqtt_u8_decode(&reader, &connack->reason);
	if (error == 0)
		error = codes_check(version, flags, connack->reason);
	if (error == 0)
		error = mqtt_properties_decode_if(version, MQTT_CONNACK,
		    &reader, &connack->properties);
	if (error != 0)
		return error;
	connack->session_present = flags != 0;
	return mqtt_reader_is_done(&reader) ? 0 : MQTT_ERR_MALFORMED_PACKET;
}

int
mqtt_connack_encode(enum mqtt_version version,
    const struct mqtt_connack *connack, struct mqtt_writer *writer)
{
	size_t remaining_len = 2 + mqtt_properties_encoded_len_if(version,
				       &connack->properties);
	size_t start = writer->len;
	int error;

	error = mqtt_header_encode(MQTT_CONNACK, 0, remaining_len,
	    remaining_len, writer);
	if (error != 0)
		return error;
	error |= mqtt_u8_encode(writer,
	    connack->session_present ? FLAG_SESSION_PRESENT : 0);
	error |= mqtt_u8_encode(writer, connack->reason);
	error |= mqtt_properties_encode_if(version, &connack->properties,
	    writer);
	if (error != 0)
		writer->len = start;
	return error;
}
