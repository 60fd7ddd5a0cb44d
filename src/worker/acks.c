/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/acks.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "worker/handler.h"
#include "worker/session.h"

#define CAPACITY_MIN 8

void
acks_done(struct acks *acks)
{
	free(acks->items);
	*acks = (struct acks){ .items = NULL };
}

static struct ack *
ack_at(const struct acks *acks, uint32_t position)
{
	return &acks->items[(acks->head + position) & (acks->capacity - 1)];
}

static void
acks_grow(struct acks *acks)
{
	uint32_t capacity = acks->capacity == 0 ? CAPACITY_MIN
						: acks->capacity * 2;
	struct ack *items = memory_new(capacity, sizeof(*items));

	for (uint32_t i = 0; i < acks->count; i++)
		items[i] = *ack_at(acks, i);
	free(acks->items);
	acks->items = items;
	acks->capacity = capacity;
	acks->head = 0;
}

static void
ack_send(struct connection *connection, const struct ack *ack)
{
	bool is_refused = ack->reason >= MQTT_REASON_UNSPECIFIED_ERROR;

	/* 3.1.1 has no way to say it but to end [MQTT-4.8.0-2]. */
	if (connection->version != MQTT_VERSION_5 && is_refused)
		connection_disconnect(connection, 0,
		    mqtt_reason_name((enum mqtt_reason)ack->reason));
	if (connection->state != CONNECTION_OPEN)
		return;
	if (ack->is_noted && is_refused) /* [MQTT5-4.3.3-9] */
		session_release(connection->session, ack->packet_id);
	send_ack(connection, (enum mqtt_packet_type)ack->type, ack->packet_id,
	    (enum mqtt_reason)ack->reason);
}

uint64_t
acks_push(struct connection *connection, const struct ack *ack)
{
	struct acks *acks = &connection->acks;

	if (acks->count == 0 && ack->outstanding == 0) {
		ack_send(connection, ack);
		return acks->first++;
	}
	if (acks->count == acks->capacity)
		acks_grow(acks);
	*ack_at(acks, acks->count) = *ack;
	acks->own_count += ack->is_noted ? 0 : 1;
	return acks->first + acks->count++;
}

void
acks_complete(struct connection *connection, uint64_t number,
    enum mqtt_reason reason)
{
	struct acks *acks = &connection->acks;
	struct ack *ack;

	if (number - acks->first >= acks->count)
		panic("an acknowledgement that is completed waits");
	ack = ack_at(acks, (uint32_t)(number - acks->first));
	ack->outstanding--;
	if (reason >= MQTT_REASON_UNSPECIFIED_ERROR)
		ack->reason = (uint8_t)reason;
	while (acks->count > 0 && ack_at(acks, 0)->outstanding == 0) {
		ack = ack_at(acks, 0);
		acks->own_count -= ack->is_noted ? 0 : 1;
		ack_send(connection, ack);
		acks->head = (acks->head + 1) & (acks->capacity - 1);
		acks->count--;
		acks->first++;
	}
}
