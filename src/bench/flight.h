/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet identifiers of a publisher's unacknowledged messages, with the
 * state of each (4.3) and when it was sent.
 */
#ifndef SIGNET_BENCH_FLIGHT_H
#define SIGNET_BENCH_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/mqtt.h"

#define FLIGHT_MAX 1000 /* messages, if the broker allows so many */

struct flight_entry {
	uint64_t sent_ns;
	uint8_t awaited; /* enum mqtt_packet_type; 0: free */
};

struct flight {
	struct flight_entry *entries; /* by packet identifier - 1 */
	uint16_t *free_ids;
	uint32_t free_count;
	uint32_t size;
};

/* size: messages, 1..FLIGHT_MAX. */
void flight_init(struct flight *flight, uint32_t size);
void flight_done(struct flight *flight);

static inline bool
flight_has_room(const struct flight *flight)
{
	return flight->free_count > 0;
}

/* The packet identifier for a message of that QoS; there must be room. */
uint16_t flight_push(struct flight *flight, uint8_t qos, uint64_t sent_ns);

/*
 * An acknowledgement has come. reason: of 0x80 and above, it ends the exchange
 * whatever its state (4.3.3).
 *
 * sent_ns: when the message was sent, if the exchange is over.
 * Returns 0 if it is over; MQTT_NEED_MORE if PUBREL is to be sent;
 * MQTT_ERR_PROTOCOL_ERROR if this packet is not awaited.
 */
int flight_acknowledge(struct flight *flight, enum mqtt_packet_type type,
    uint16_t packet_id, uint8_t reason, uint64_t *sent_ns);

#endif
