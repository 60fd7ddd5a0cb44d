/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets that heartbeats come to: one for each worker, all on the same
 * port. The kernel puts each datagram into that of the worker it names. They
 * stay open as long as the daemon runs, so that a worker that is started again
 * finds its own.
 */
#ifndef SIGNET_MASTER_HEARTBEAT_H
#define SIGNET_MASTER_HEARTBEAT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct inherited;
struct master;
struct member;

struct heartbeat_sockets {
	size_t count;
	int *fds; /* by worker; NULL: not made */
	size_t wanted;
	bool is_given; /* the service manager has bound them */
	bool is_bound;
};

/*
 * Take the sockets that the service manager has bound to the address, or make
 * them where the network is still there, and bind them if heartbeats are turned
 * on. Where a machine has no such sockets at all, or too few were given, that
 * is a fault only if they are.
 *
 * why: of at most size bytes, on error.
 * Returns 0 or -errno.
 */
int heartbeat_sockets_open(struct heartbeat_sockets *sockets,
    const struct config *config, struct inherited *inherited, size_t count,
    char *why, size_t size);

/*
 * The same later, when a configuration turns them on: bind those that are not.
 */
int heartbeat_sockets_bind(struct heartbeat_sockets *sockets,
    const struct config *config, char *why, size_t size);

void heartbeat_sockets_close(struct heartbeat_sockets *sockets);

/* Give a member its own, if its role has one, they are bound, and it has not
 * got it yet. */
void master_heartbeat_supply(struct member *member);

#endif
