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
	while (pending_queue_count(queue) > 0) {
		struct pending item = pending_queue_pop(queue);

		pending_done(&item);
	}
	pending_queue_rest(queue);
}

static struct pending *
ring_at(struct pending_ring *ring, uint32_t position)
{
	return &ring->items[(ring->head + position) & (ring->capacity - 1)];
}

struct pending *
pending_queue_at(const struct pending_queue *queue, uint32_t position)
{
	return ring_at(queue->ring, position);
}

/* A ring with room for one more than there are. */
static struct pending_ring *
ring_get(struct pending_queue *queue)
{
	struct pending_ring *ring, *last = queue->ring;
	uint32_t capacity = last == NULL ? CAPACITY_MIN : last->capacity * 2;

	if (last != NULL && last->count < last->capacity)
		return last;
	ring = memory_new(1, sizeof(*ring) + capacity * sizeof(struct pending));
	if (last != NULL)
		*ring = *last;
	for (uint32_t i = 0; i < ring->count; i++)
		ring->items[i] = *ring_at(last, i);
	ring->capacity = capacity;
	ring->head = 0;
	free(last);
	queue->ring = ring;
	return ring;
}

void
pending_queue_push(struct pending_queue *queue, struct pending item)
{
	struct pending_ring *ring = ring_get(queue);

	*ring_at(ring, ring->count++) = item;
	ring->bytes += item_bytes(&item);
	ring->shared += item.share != NULL ? 1 : 0;
}

struct pending
pending_queue_pop(struct pending_queue *queue)
{
	struct pending_ring *ring = queue->ring;
	struct pending item = *ring_at(ring, 0);

	ring->bytes -= item_bytes(&item);
	ring->shared -= item.share != NULL ? 1 : 0;
	ring->head = (ring->head + 1) & (ring->capacity - 1);
	ring->count--;
	return item;
}

void
pending_queue_rest(struct pending_queue *queue)
{
	if (pending_queue_count(queue) > 0)
		return;
	free(queue->ring);
	queue->ring = NULL;
}

uint32_t
pending_queue_find(const struct pending_queue *queue, uint16_t packet_id)
{
	uint32_t position = 0;

	/* Clients acknowledge in order [MQTT-4.6.0-2]: mostly it is the first. */
	while (position < pending_queue_count(queue) &&
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

	queue->ring->bytes -= item_bytes(item);
	queue->ring->shared -= item->share != NULL ? 1 : 0;
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
	uint32_t count = pending_queue_count(from);

	if (pending_queue_shared(from) == 0)
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
