/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_LISTENER_H
#define SIGNET_MASTER_LISTENER_H

#include "config/config.h"
#include "master/inherited.h"

/*
 * Bind and listen on all addresses of the configuration, or on none. What is
 * bound already is taken.
 *
 * fds: returned, as many as the configuration has listeners; close each, then
 * free().
 * why: on error, which address and port cannot be had for what reason, of at
 * most size bytes.
 * Returns 0 or -errno.
 */
int listeners_open(const struct config *config, struct inherited *inherited,
    int **fds, char *why, size_t size);

/* The same for the section metrics. fd: returned; -1 if it is not enabled. */
int metrics_listener_open(const struct config *config,
    struct inherited *inherited, int *fd, char *why, size_t size);

/* Leave nothing of it in the file system. */
void metrics_listener_remove(const struct config *config);

#endif
