/* SPDX-License-Identifier: Apache-2.0 */
#include "master/tickets.h"

#include <sys/random.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "master/member.h"

/* A new key seals from now on; the one before it still opens. */
static void
make_key(struct ipc_ticket_keys *keys)
{
	struct ipc_ticket_key made;

	if (getrandom(&made, sizeof(made), 0) != (ssize_t)sizeof(made))
		fatal("getrandom: no randomness from the kernel");
	for (size_t i = IPC_TICKET_KEYS_MAX - 1; i > 0; i--)
		keys->keys[i] = keys->keys[i - 1];
	keys->keys[0] = made;
	if (keys->count < IPC_TICKET_KEYS_MAX)
		keys->count++;
	memory_wipe(&made, sizeof(made));
}

void
master_tickets_supply(struct member *member)
{
	struct buffer payload = { .data = NULL };

	if (!member->role->has_ticket_keys)
		return;
	ipc_ticket_keys_encode(&member->master->tickets.keys, &payload);
	member_send_secret(member, IPC_TICKET_KEYS, buffer_view(&payload));
	buffer_wipe(&payload);
}

static void
on_renewal(uv_timer_t *timer)
{
	struct master *master = timer->data;

	make_key(&master->tickets.keys);
	log_debug(log_word("event", "ticket-keys-renewed"));
	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (member->state == MEMBER_DOWN)
			continue;
		master_tickets_supply(member);
		member_flush(member);
	}
}

static void
set_interval(struct tickets *tickets, const struct config *config)
{
	uint64_t interval_ms = UINT64_C(1000) * config->tls.ticket_seconds;

	uv_timer_start(&tickets->renewal, on_renewal, interval_ms, interval_ms);
}

void
master_tickets_init(struct master *master)
{
	struct tickets *tickets = &master->tickets;

	make_key(&tickets->keys);
	tickets->renewal.data = master;
	uv_timer_init(&master->loop, &tickets->renewal);
	set_interval(tickets, master->config);
}

void
master_tickets_commit(struct master *master, const struct config *before,
    const struct config *now)
{
	/* Reloads that are about something else do not put renewal off. */
	if (before->tls.ticket_seconds != now->tls.ticket_seconds)
		set_interval(&master->tickets, now);
}

void
master_tickets_close(struct master *master)
{
	uv_close((uv_handle_t *)&master->tickets.renewal, NULL);
	memory_wipe(&master->tickets.keys, sizeof(master->tickets.keys));
}
