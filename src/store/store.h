/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store role.
 *
 * Duties: keeps sessions, their queues, retained messages and what Shared
 * Subscriptions owe; writes what arrives while a write is under way together.
 * Privileges: the folder store.path.
 * Receives: STORE_OPEN, STORE_WRITE and STORE_READ from workers; BACKUP,
 * BACKUP_REMOVE and STOP from the master.
 * Sends: STORE_OPENED, STORE_ROW, STORE_LOADED, STORE_WRITTEN, STORE_ENTRY,
 * STORE_PAGE and STORE_EXPIRED to workers; BACKUP_DONE to the master.
 * On failure: nothing that was reported as written is lost; workers repeat the
 * rest to the one that is started in its place.
 */
#ifndef SIGNET_STORE_STORE_H
#define SIGNET_STORE_STORE_H

#include "proc/child.h"

/* Load the database's library: see proc/role.h. */
int store_prepare(char *why, size_t why_size);

/* Run as the store: see proc/child.h. */
int store_run(struct proc_child *child);

#endif
