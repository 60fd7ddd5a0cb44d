/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINGREQ and PINGRESP (3.12, 3.13).
 */
#include "mqtt/codec.h"

int
mqtt_ping_decode(const struct mqtt_frame *frame)
{
	if (frame->type != MQTT_PINGREQ && frame->type != MQTT_PINGRESP)
		return MQTT_ERR_MALFORMED_PACKET;
	if (frame->body.len != 0)
		return MQTT_ERR_MALFORMED_PACKET;
	return mqtt_frame_check(frame, frame->type, 0);
}

int
mqtt_ping_encode(enum mqtt_packet_type type, struct mqtt_writer *writer)
{
	return mqtt_header_encode(type, 0, 0, 0, writer);
}
