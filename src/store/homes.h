/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where sessions are at home follows from the key of homes and the number of
 * workers. What was noted by worker, that a message of QoS 2 was delivered to
 * the sessions there, speaks of where sessions were then.
 */
#ifndef SIGNET_STORE_HOMES_H
#define SIGNET_STORE_HOMES_H

#include "ipc/message.h"
#include "store/database.h"

/*
 * Before anything is loaded: if homes are others than those that the database
 * was last used with, notes by worker get those into their keys.
 *
 * moved: how many. 0 or as database_write().
 */
int homes_settle(struct database *database, const struct ipc_start *start,
    uint64_t *moved, char *why);

#endif
