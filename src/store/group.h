/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit: all transactions that came while the last write was under way
 * are written by the next one, in one batch that is synced once. The batch
 * also says which transaction of each worker was the last, so that one that is
 * repeated is known.
 */
#ifndef SIGNET_STORE_GROUP_H
#define SIGNET_STORE_GROUP_H

#include "store/owner.h"
#include "store/store_internal.h"

/* Returned, free with group_free() after group_close(), when nothing is under
 * way, and a turn of the loop. */
struct group *group_new(struct store *store);
void group_close(struct group *group);
void group_free(struct group **group);

/* Read where the workers stand. 0 or as database_get(). */
int group_load(struct group *group, char *why);

/* May a worker have this epoch, or is it more than a fault of the disk can have
 * taken from what the store knows? 0: yes. */
bool group_has_given(const struct group *group, uint32_t epoch);

/*
 * The client opens: with the epoch that it has, or, 0, to begin. It is told
 * when all that came before is written.
 */
void group_open(struct group *group, struct store_client *client,
    uint32_t epoch);

/* Write client->changes, which are taken, as transaction number. */
void group_add(struct group *group, struct store_client *client,
    uint64_t number);

/* Begin the next group, if there is something to write and none is under way;
 * with a fault: again what could not be written. */
void group_start(struct group *group);

/* Has it begun, and waits for group_write()? */
bool group_has_job(const struct group *group);
/* Write it, if so: see writer_run(). */
void group_write(struct group *group);

/* Which worker has which epoch now, and where sessions are at home; the cache
 * stays. */
void group_owners(const struct group *group, struct owners *owners);

/* Bytes of changes that wait, or are being written. */
size_t group_bytes(const struct group *group);

/* Is nothing waiting, and nothing under way? */
bool group_is_idle(const struct group *group);

#endif
