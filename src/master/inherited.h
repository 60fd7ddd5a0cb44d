/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that the service manager has bound and passed on (sd_listen_fds(3)):
 * they stay open while the daemon is restarted, so that nobody is refused.
 */
#ifndef SIGNET_MASTER_INHERITED_H
#define SIGNET_MASTER_INHERITED_H

#include <stddef.h>
#include <sys/socket.h>

/* More than a configuration can listen on. */
#define INHERITED_MAX 256

struct inherited {
	size_t count;
	int fds[INHERITED_MAX]; /* -1: taken */
};

/* Take those that the environment names, and their names out of it. */
void inherited_open(struct inherited *inherited);

/*
 * The socket that is bound to this address, if there is one: a listening one
 * if type is SOCK_STREAM. Close it; -1: there is none.
 */
int inherited_take(struct inherited *inherited, int type,
    const struct sockaddr *address);

/* Close those that nobody has taken, which is logged. */
void inherited_close(struct inherited *inherited);

#endif
