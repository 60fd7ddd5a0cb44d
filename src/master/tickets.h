/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of TLS session tickets: made here, renewed every tls.ticket_seconds,
 * and given to all gates. They are nowhere on disk, so that what was recorded
 * cannot be read later; clients of a daemon that was restarted do a full
 * handshake.
 */
#ifndef SIGNET_MASTER_TICKETS_H
#define SIGNET_MASTER_TICKETS_H

#include <uv.h>

#include "config/config.h"
#include "ipc/ticket_keys.h"

struct master;
struct member;

struct tickets {
	struct ipc_ticket_keys keys;
	uv_timer_t renewal;
};

/* Make the first key, before any gate is started. */
void master_tickets_init(struct master *master);
/*
 * A reload takes up another configuration: in its interval keys are renewed from
 * now on. before, now: borrowed.
 */
void master_tickets_commit(struct master *master, const struct config *before,
    const struct config *now);
/* Before the loop's end; the keys are wiped. */
void master_tickets_close(struct master *master);

/* Give the keys to one member, if it is to have them. */
void master_tickets_supply(struct member *member);

#endif
