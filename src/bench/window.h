/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages that a publisher has in flight in a closed loop: each takes a
 * slot until all its subscribers have it.
 */
#ifndef SIGNET_BENCH_WINDOW_H
#define SIGNET_BENCH_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window_slot {
	uint64_t sequence; /* 0: free */
	uint64_t sent_ns;
	uint32_t stream;
	uint32_t missing; /* subscribers that do not have it yet */
};

struct window {
	struct window_slot *slots;
	uint32_t *free_slots;
	uint32_t free_count;
	uint32_t size;
};

/* size: 1 or more messages. */
void window_init(struct window *window, uint32_t size);
void window_done(struct window *window);

static inline bool
window_has_room(const struct window *window)
{
	return window->free_count > 0;
}

/* Take a slot (there must be room); returns which. */
uint32_t window_push(struct window *window, const struct window_slot *message);

/*
 * A subscriber has the message that was sent in this slot. True if that was
 * the last one, and the slot is free. What the slot no longer holds (it timed
 * out, or came twice) is ignored.
 */
bool window_deliver(struct window *window, uint32_t slot, uint32_t stream,
    uint64_t sequence);

/* Give up what was sent before then; returns how many messages. */
uint32_t window_expire(struct window *window, uint64_t before_ns);

#endif
