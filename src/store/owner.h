/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a session is: nobody but the worker where it is at home reads or
 * changes it.
 *
 * What a worker has made itself has its epoch in the number, which nobody else
 * ever got. Of any other number the head of the session says where that is at
 * home. A number of which no head is kept belongs to whoever has its epoch now,
 * if anybody has; else there is nothing of anybody's: a fault has taken it.
 */
#ifndef SIGNET_STORE_OWNER_H
#define SIGNET_STORE_OWNER_H

#include "lib/hash.h"
#include "store/store_internal.h"

/* Who asks. */
struct owner_asker {
	uint16_t worker;
	uint32_t epoch;
	/* The store gave it this epoch, or knows that it did; else it is what
	 * the worker says, as the rows that prove it are lost. */
	bool is_proven;
};

/* What is known when a job begins; the job alone uses it then. */
struct owners {
	uint16_t worker_count;
	uint8_t home_key[HASH_KEY_LEN];
	uint32_t epochs[STORE_WORKERS_MAX]; /* 0: nobody has been there */
	struct owner_cache *cache;          /* NULL: there is none */
};

/* Of heads that were read: they say the same for ever. */
struct owner_cache *owner_cache_new(void);
void owner_cache_free(struct owner_cache **cache);

/* Is a session at home at a worker that has this key? */
bool owners_is_home(const struct owners *owners, uint16_t worker,
    struct bytes key);

/*
 * May it read and change a session? May it make all of these changes, which
 * were checked?
 *
 * Returns 0; -EPERM; or as database_get().
 */
int owners_check(const struct owners *owners, struct database *database,
    const struct owner_asker *asker, uint64_t session, char *why);
int owners_check_changes(const struct owners *owners, struct database *database,
    const struct owner_asker *asker, struct bytes changes, char *why);

#endif
