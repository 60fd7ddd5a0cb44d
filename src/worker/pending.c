/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/pending.h"

#include <stdlib.h>

#include "lib/memory.h"

#define CAPACITY_MIN 4

void
pending_done(struct pending *item)
{
	message_unref(&item->message);
	free(item->subscription_ids);
	item->subscription_ids = NULL;
}

void
pending_queue_done(struct pending_queue *queue)
{
	while (queue->count > 0) {
		struct pending item = pending_queue_pop(queue);

		pending_done(&item);
	}
	pending_queue_rest(queue);
}

struct pending *
pending_queue_at(const struct pending_queue *queue, uint32_t position)
{
	return &queue->items[(queue->head + position) & (queue->capacity - 1)];
}

static void
pending_queue_grow(struct pending_queue *queue)
{
	uint32_t capacity = queue->capacity == 0 ? CAPACITY_MIN
						 : queue->capacity * 2;
	struct pending *items = memory_new(capacity, sizeof(*items));

	for (uint32_t i = 0; i < queue->count; i++)
		items[i] = *pending_queue_at(queue, i);
	free(queue->items);
	queue->items = items;
	queue->capacity = capacity;
	queue->head = 0;
}

void
pending_queue_push(struct pending_queue *queue, struct pending item)
{
	if (queue->count == queue->capacity)
		pending_queue_grow(queue);
	*pending_queue_at(queue, queue->count++) = item;
	queue->bytes += message_bytes(item.message);
}

struct pending
pending_queue_pop(struct pending_queue *queue)
{
	struct pending item = *pending_queue_at(queue, 0);

	queue->bytes -= message_bytes(item.message);
	queue->head = (queue->head + 1) & (queue->capacity - 1);
	queue->count--;
	return item;
}

void
pending_queue_rest(struct pending_queue *queue)
{
	if (queue->count > 0)
		return;
	free(queue->items);
	*queue = (struct pending_queue){ .items = NULL };
}

bool
pending_queue_remove(struct pending_queue *queue, uint16_t packet_id,
    struct pending *item)
{
	uint32_t position = 0;

	while (position < queue->count &&
	       pending_queue_at(queue, position)->packet_id != packet_id)
		position++;
	if (position == queue->count)
		return false;
	*item = *pending_queue_at(queue, position);
	/* Clients acknowledge in order [MQTT-4.6.0-2]: mostly nothing moves. */
	for (; position > 0; position--)
		*pending_queue_at(queue, position) = *pending_queue_at(queue,
		    position - 1);
	*pending_queue_at(queue, 0) = *item;
	pending_queue_pop(queue);
	return true;
}
