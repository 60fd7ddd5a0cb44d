/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet of whatever type, for tests that treat them alike.
 */
#ifndef SIGNET_TESTS_MQTT_ANY_PACKET_H
#define SIGNET_TESTS_MQTT_ANY_PACKET_H

#include "mqtt/packet.h"

struct any_packet {
	enum mqtt_version version;
	uint8_t type;
	union {
		struct mqtt_connect connect;
		struct mqtt_connack connack;
		struct mqtt_publish publish;
		struct mqtt_ack ack;
		struct mqtt_subscribe subscribe;
		struct mqtt_suback suback;
		struct mqtt_unsubscribe unsubscribe;
		struct mqtt_disconnect disconnect;
	} as;
};

/* The decoder of the frame's type. */
int any_packet_decode(enum mqtt_version version, const struct mqtt_frame *frame,
    struct any_packet *any);

/*
 * Make a decoded packet one that encodes whole: User Properties and further
 * Subscription Identifiers go to encoded, kept in scratch.
 */
void any_packet_prepare(struct any_packet *any, struct mqtt_writer *scratch);

int any_packet_encode(const struct any_packet *any, struct mqtt_writer *writer);

#endif
