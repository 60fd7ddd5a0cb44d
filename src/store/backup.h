/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consistent copy of the running database, made of hard links, beside it:
 * somebody else carries it away, and has it removed.
 */
#ifndef SIGNET_STORE_BACKUP_H
#define SIGNET_STORE_BACKUP_H

#include "store/store_internal.h"

struct backup;

/* Returned, free with backup_free() when no job is under way. */
struct backup *backup_new(struct store *store);
void backup_free(struct backup **backup);

/* Make it, and tell the master with BACKUP_DONE: empty, or why not. */
void backup_make(struct backup *backup);

/* Remove what is there, also what a store before this one has left. */
void backup_remove(struct backup *backup);

#endif
