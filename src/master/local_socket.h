/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of the file system, by which others on this machine speak to the
 * daemon.
 */
#ifndef SIGNET_MASTER_LOCAL_SOCKET_H
#define SIGNET_MASTER_LOCAL_SOCKET_H

#include <stddef.h>

/*
 * Bind and listen, with the rights of whoever starts: the socket is that
 * user's, and its group may use it, too. The folder that it is in is made if it
 * is missing; a socket that nobody listens to any more gives way.
 *
 * fd: returned, close it. why: on error, of at most size bytes. Returns 0 or
 * -errno.
 */
int local_socket_bind(const char *path, const char *user, int *fd, char *why,
    size_t size);

#endif
