/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/flight.h"

#include <stdlib.h>

#include "lib/memory.h"

void
flight_init(struct flight *flight, uint32_t size)
{
	flight->entries = memory_new(size, sizeof(*flight->entries));
	flight->free_ids = memory_new(size, sizeof(*flight->free_ids));
	flight->size = size;
	flight->free_count = size;
	for (uint32_t i = 0; i < size; i++)
		flight->free_ids[i] = (uint16_t)(size - i);
}

void
flight_done(struct flight *flight)
{
	free(flight->entries);
	free(flight->free_ids);
	*flight = (struct flight){ NULL, NULL, 0, 0 };
}

uint16_t
flight_push(struct flight *flight, uint8_t qos, uint64_t sent_ns)
{
	uint16_t packet_id = flight->free_ids[--flight->free_count];
	struct flight_entry *entry = &flight->entries[packet_id - 1];

	entry->sent_ns = sent_ns;
	entry->awaited = qos == 1 ? MQTT_PUBACK : MQTT_PUBREC;
	return packet_id;
}

int
flight_acknowledge(struct flight *flight, enum mqtt_packet_type type,
    uint16_t packet_id, uint8_t reason, uint64_t *sent_ns)
{
	struct flight_entry *entry;

	if (packet_id == 0 || packet_id > flight->size)
		return MQTT_ERR_PROTOCOL_ERROR;
	entry = &flight->entries[packet_id - 1];
	if (entry->awaited != type)
		return MQTT_ERR_PROTOCOL_ERROR;
	if (type == MQTT_PUBREC && reason < 0x80) {
		entry->awaited = MQTT_PUBCOMP;
		return MQTT_NEED_MORE;
	}
	entry->awaited = 0;
	flight->free_ids[flight->free_count++] = packet_id;
	*sent_ns = entry->sent_ns;
	return 0;
}
