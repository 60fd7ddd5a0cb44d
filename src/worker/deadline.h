/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of many connections: a wheel with a slot for each span of time,
 * such as a second. Setting one
 * is cheap; what becomes due is found at the next tick.
 */
#ifndef SIGNET_WORKER_DEADLINE_H
#define SIGNET_WORKER_DEADLINE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEADLINE_SLOTS 512

struct deadline {
	LIST_ENTRY(deadline) in_slot;
	uint64_t at_ms; /* 0: not set */
};

LIST_HEAD(deadline_slot, deadline);

struct deadline_wheel {
	struct deadline_slot slots[DEADLINE_SLOTS];
	uint32_t slot_ms;
	uint64_t done_ms; /* everything before this has been called */
};

void deadline_wheel_init(struct deadline_wheel *wheel, uint32_t slot_ms,
    uint64_t now_ms);

/* Set, or set anew; at_ms > 0. */
void deadline_set(struct deadline_wheel *wheel, struct deadline *deadline,
    uint64_t at_ms);

/* Take it back; one that is not set is allowed. */
void deadline_clear(struct deadline *deadline);

/* Take back and call each that is due; a call may set it again. */
typedef void deadline_due(void *context, struct deadline *deadline);
void deadline_wheel_turn(struct deadline_wheel *wheel, uint64_t now_ms,
    deadline_due *due, void *context);

#endif
