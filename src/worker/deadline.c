/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/deadline.h"

void
deadline_wheel_init(struct deadline_wheel *wheel, uint32_t slot_ms,
    uint64_t now_ms)
{
	for (unsigned int i = 0; i < DEADLINE_SLOTS; i++)
		LIST_INIT(&wheel->slots[i]);
	wheel->slot_ms = slot_ms;
	wheel->done_ms = now_ms;
}

void
deadline_set(struct deadline_wheel *wheel, struct deadline *deadline,
    uint64_t at_ms)
{
	uint64_t slot_ms = at_ms > wheel->done_ms ? at_ms : wheel->done_ms;

	deadline_clear(deadline);
	deadline->at_ms = at_ms;
	LIST_INSERT_HEAD(
	    &wheel->slots[slot_ms / wheel->slot_ms % DEADLINE_SLOTS], deadline,
	    in_slot);
}

void
deadline_clear(struct deadline *deadline)
{
	if (deadline->at_ms == 0)
		return;
	LIST_REMOVE(deadline, in_slot);
	deadline->at_ms = 0;
}

static void
slot_turn(struct deadline_slot *slot, uint64_t now_ms, deadline_due *due,
    void *context)
{
	struct deadline_slot reached = LIST_HEAD_INITIALIZER(reached);
	struct deadline *deadline, *next;

	/* First apart, then called: a call may set others in this slot. */
	for (deadline = LIST_FIRST(slot); deadline != NULL; deadline = next) {
		next = LIST_NEXT(deadline, in_slot);
		if (deadline->at_ms > now_ms)
			continue; /* a later round of the wheel */
		LIST_REMOVE(deadline, in_slot);
		LIST_INSERT_HEAD(&reached, deadline, in_slot);
	}
	while ((deadline = LIST_FIRST(&reached)) != NULL) {
		deadline_clear(deadline);
		due(context, deadline);
	}
}

void
deadline_wheel_turn(struct deadline_wheel *wheel, uint64_t now_ms,
    deadline_due *due, void *context)
{
	uint64_t from = wheel->done_ms / wheel->slot_ms;
	uint64_t to = now_ms / wheel->slot_ms;

	if (to - from >= DEADLINE_SLOTS)
		from = to - DEADLINE_SLOTS + 1;
	/* The current slot is not over: it is looked at again next time. */
	wheel->done_ms = now_ms;
	for (uint64_t slot = from; slot <= to; slot++)
		slot_turn(&wheel->slots[slot % DEADLINE_SLOTS], now_ms, due,
		    context);
}
