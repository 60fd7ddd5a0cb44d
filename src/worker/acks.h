/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBACK and PUBREC leave in the order of their PUBLISH [MQTT-4.6.0-2], each
 * when everything that it promises has been done.
 */
#ifndef SIGNET_WORKER_ACKS_H
#define SIGNET_WORKER_ACKS_H

#include <stdbool.h>

#include "mqtt/packet.h"

struct connection;

/* An acknowledgement that waits. */
struct ack {
	uint32_t outstanding; /* parts that are not done yet */
	uint16_t packet_id;
	uint8_t type; /* enum mqtt_packet_type */
	uint8_t reason;
	bool is_noted; /* the session notes its message as received (QoS 2) */
};

struct acks {
	struct ack *items; /* a ring; NULL while nothing waits */
	uint32_t head;
	uint32_t count;
	uint32_t own_count; /* of messages that no session notes */
	uint32_t capacity;  /* a power of two */
	uint64_t first;     /* the number of the one at the front */
};

void acks_done(struct acks *acks);

/*
 * Acknowledge when outstanding parts are done; at once if there are none and
 * none waits before it. Returns its number for acks_complete().
 */
uint64_t acks_push(struct connection *connection, const struct ack *ack);

/*
 * A part of the one with this number is done. A reason of 0x80 or more is what
 * the client is told; in 5.0 its Packet Identifier is free then.
 */
void acks_complete(struct connection *connection, uint64_t number,
    enum mqtt_reason reason);

#endif
