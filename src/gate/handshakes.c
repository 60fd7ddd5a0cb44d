/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All handshakes of a gate: their deadlines and what they share.
 */
#include <malloc.h>

#include "gate/handshake_internal.h"

/* After so long without a handshake, memory goes back to the kernel. */
#define IDLE_MS    500
#define TRIM_LEAST 16

static void on_deadline(uv_timer_t *timer);

static void
on_idle(uv_timer_t *timer)
{
	struct handshakes *handshakes = timer->data;

	if (handshakes->count > 0)
		return;
	handshakes->since_trim = 0;
	malloc_trim(0);
}

void
handshakes_left(struct handshakes *handshakes)
{
	handshakes->count--;
	if (handshakes->count == 0 && handshakes->since_trim >= TRIM_LEAST)
		uv_timer_start(&handshakes->idle, on_idle, IDLE_MS, 0);
}

/* Deadlines: both lists are in their order, so the heads come first. */

static uint64_t
head_deadline(const struct handshake_list *list)
{
	const struct handshake *head = TAILQ_FIRST(list);

	return head != NULL ? head->deadline_ms : UINT64_MAX;
}

static uint64_t
next_deadline(const struct handshakes *handshakes)
{
	uint64_t in_flight = head_deadline(&handshakes->in_flight);
	uint64_t draining = head_deadline(&handshakes->draining);

	return in_flight < draining ? in_flight : draining;
}

static void
set_timer(struct handshakes *handshakes)
{
	uint64_t next = next_deadline(handshakes);
	uint64_t now = uv_now(handshakes->loop);

	if (next != UINT64_MAX)
		uv_timer_start(&handshakes->deadline, on_deadline,
		    next > now ? next - now : 0, 0);
}

/* The timer may ring early, for one that has ended; it is set anew then. */
void
handshakes_need_timer(struct handshakes *handshakes, uint64_t deadline_ms)
{
	uint64_t now = uv_now(handshakes->loop);

	if (!uv_is_active((uv_handle_t *)&handshakes->deadline) ||
	    uv_timer_get_due_in(&handshakes->deadline) > deadline_ms - now)
		set_timer(handshakes);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct handshakes *handshakes = timer->data;
	uint64_t now = uv_now(handshakes->loop);

	while (head_deadline(&handshakes->in_flight) <= now) {
		struct handshake *late = TAILQ_FIRST(&handshakes->in_flight);

		handshake_refuse(late,
		    late->stage == STAGE_WAITING ? REFUSAL_NO_WORKER
						 : REFUSAL_HANDSHAKE_TIMEOUT,
		    NULL, 0);
	}
	while (head_deadline(&handshakes->draining) <= now)
		handshake_end_and_close(TAILQ_FIRST(&handshakes->draining));
	set_timer(handshakes);
}

void
handshakes_offer(struct handshakes *handshakes)
{
	struct handshake *handshake, *next;

	if (handshakes->waiting == 0)
		return;
	for (handshake = TAILQ_FIRST(&handshakes->in_flight); handshake != NULL;
	     handshake = next) {
		next = TAILQ_NEXT(handshake, link);
		if (handshake->stage == STAGE_WAITING)
			handshakes->events->on_authenticated(
			    handshakes->context, handshake);
	}
}

void
handshakes_init(struct handshakes *handshakes, uv_loop_t *loop,
    struct settings *settings, uint64_t limit_ms,
    const struct handshake_events *events, void *context)
{
	*handshakes = (struct handshakes){
		.loop = loop,
		.settings = settings_ref(settings),
		.events = events,
		.context = context,
		.limit_ms = limit_ms,
	};
	settings->resumptions.trust = &handshakes->trust;
	TAILQ_INIT(&handshakes->in_flight);
	TAILQ_INIT(&handshakes->draining);
	TAILQ_INIT(&handshakes->silent);
	TAILQ_INIT(&handshakes->heard);
	uv_timer_init(loop, &handshakes->deadline);
	uv_timer_init(loop, &handshakes->idle);
	handshakes->deadline.data = handshakes;
	handshakes->idle.data = handshakes;
}

void
handshakes_renew(struct handshakes *handshakes, struct settings *settings,
    uint64_t limit_ms)
{
	uint64_t latest_ms = uv_now(handshakes->loop) + limit_ms;
	struct handshake *handshake;

	settings_unref(&handshakes->settings);
	handshakes->settings = settings_ref(settings);
	settings->resumptions.trust = &handshakes->trust;
	handshakes->limit_ms = limit_ms;
	/* So that they stay in the order of their deadlines. */
	TAILQ_FOREACH(handshake, &handshakes->in_flight, link)
	if (handshake->deadline_ms > latest_ms)
		handshake->deadline_ms = latest_ms;
	handshakes_need_timer(handshakes, latest_ms);
}

static void
on_nothing(void *context, const struct sockaddr_storage *address)
{
	(void)context;
	(void)address;
}

void
handshakes_stop(struct handshakes *handshakes)
{
	static const struct handshake_events no_events = {
		.on_end = on_nothing,
	};

	handshakes->events = &no_events;
	while (!TAILQ_EMPTY(&handshakes->in_flight))
		handshake_end_and_close(TAILQ_FIRST(&handshakes->in_flight));
	while (!TAILQ_EMPTY(&handshakes->draining))
		handshake_end_and_close(TAILQ_FIRST(&handshakes->draining));
	settings_unref(&handshakes->settings);
	ipc_trust_unmap(&handshakes->trust);
	handshakes->trust = (struct ipc_trust_index){ .generation = 0 };
	uv_close((uv_handle_t *)&handshakes->deadline, NULL);
	uv_close((uv_handle_t *)&handshakes->idle, NULL);
}
