/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/pending.h"

#include <stdlib.h>

#include "lib/memory.h"

#define CAPACITY_MIN 4

static size_t
item_bytes(const struct pending *item)
{
	return item->message == NULL ? 0 : message_bytes(item->message);
}

void
pending_done(struct pending *item)
{
	message_unref(&item->message);
	share_unref(&item->share);
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
	queue->bytes += item_bytes(&item);
	queue->shared += item.share != NULL ? 1 : 0;
}

struct pending
pending_queue_pop(struct pending_queue *queue)
{
	struct pending item = *pending_queue_at(queue, 0);

	queue->bytes -= item_bytes(&item);
	queue->shared -= item.share != NULL ? 1 : 0;
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

uint32_t
pending_queue_find(const struct pending_queue *queue, uint16_t packet_id)
{
	uint32_t position = 0;

	/* Clients acknowledge in order [MQTT-4.6.0-2]: mostly it is the first. */
	while (position < queue->count &&
	       pending_queue_at(queue, position)->packet_id != packet_id)
		position++;
	return position;
}

struct pending
pending_queue_remove(struct pending_queue *queue, uint32_t position)
{
	struct pending item = *pending_queue_at(queue, position);

	for (; position > 0; position--)
		*pending_queue_at(queue, position) = *pending_queue_at(queue,
		    position - 1);
	*pending_queue_at(queue, 0) = item;
	return pending_queue_pop(queue);
}

void
pending_queue_release(struct pending_queue *queue, uint32_t position)
{
	struct pending *item = pending_queue_at(queue, position);

	queue->bytes -= item_bytes(item);
	queue->shared -= item->share != NULL ? 1 : 0;
	share_unref(&item->share);
	message_unref(&item->message);
	item->state = PENDING_RELEASE;
}

static void
push_unsent(struct pending_queue *queue, struct pending item)
{
	item.packet_id = 0;
	free(item.subscription_ids);
	item.subscription_ids = NULL;
	item.subscription_id_count = 0;
	pending_queue_push(queue, item);
}

void
pending_queue_move(struct pending_queue *from, pending_filter *filter,
    void *context, struct pending_queue *to)
{
	uint32_t count = from->count;

	if (from->shared == 0)
		return;
	/* One turn of the ring keeps the order of those that stay. */
	for (uint32_t i = 0; i < count; i++) {
		struct pending item = pending_queue_pop(from);

		if (filter(context, &item))
			push_unsent(to, item);
		else
			pending_queue_push(from, item);
	}
}
