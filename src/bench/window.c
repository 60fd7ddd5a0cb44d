/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/window.h"

#include <stdlib.h>

#include "lib/memory.h"

void
window_init(struct window *window, uint32_t size)
{
	window->slots = memory_new(size, sizeof(*window->slots));
	window->free_slots = memory_new(size, sizeof(*window->free_slots));
	window->size = size;
	window->free_count = size;
	for (uint32_t i = 0; i < size; i++)
		window->free_slots[i] = size - 1 - i;
}

void
window_done(struct window *window)
{
	free(window->slots);
	free(window->free_slots);
	*window = (struct window){ NULL, NULL, 0, 0 };
}

uint32_t
window_push(struct window *window, const struct window_slot *message)
{
	uint32_t slot = window->free_slots[--window->free_count];

	window->slots[slot] = *message;
	return slot;
}

static void
slot_free(struct window *window, uint32_t slot)
{
	window->slots[slot].sequence = 0;
	window->free_slots[window->free_count++] = slot;
}

bool
window_deliver(struct window *window, uint32_t slot, uint32_t stream,
    uint64_t sequence)
{
	struct window_slot *message;

	if (slot >= window->size)
		return false;
	message = &window->slots[slot];
	if (message->sequence != sequence || message->stream != stream)
		return false;
	if (--message->missing > 0)
		return false;
	slot_free(window, slot);
	return true;
}

uint32_t
window_expire(struct window *window, uint64_t before_ns)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < window->size; i++) {
		if (window->slots[i].sequence == 0 ||
		    window->slots[i].sent_ns >= before_ns)
			continue;
		slot_free(window, i);
		count++;
	}
	return count;
}
