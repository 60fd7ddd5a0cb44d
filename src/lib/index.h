/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table for many small things: each is linked through one pointer of
 * its own, and the table has one for each two. It grows by one bucket with each
 * entry that it has no room for (linear hashing: Litwin 1980), so that none has
 * to move all of it. All zero, it is empty.
 */
#ifndef SIGNET_LIB_INDEX_H
#define SIGNET_LIB_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct index_link {
	struct index_link *next;
};

struct index {
	struct index_link **buckets;
	size_t bucket_count;
	size_t bucket_capacity; /* a power of 2 */
	size_t count;
};

/* The hash of an entry's key, by hash_of(); one function for all of a table. */
typedef uint64_t index_hash(const struct index_link *link);

/* Add one, and take one out that is there; the link is the caller's. */
void index_add(struct index *index, struct index_link *link, index_hash *hash);
void index_remove(struct index *index, struct index_link *link,
    index_hash *hash);

/* The first, and by link->next the others, that may have a key of this hash;
 * NULL if there is none. */
struct index_link *index_first(const struct index *index, uint64_t hash);

/* The one behind another in all of the table, by no order; NULL: the first.
 * NULL at the end. *bucket: 0 before the first. What came before it may be
 * taken out meanwhile, but nothing added. */
struct index_link *index_next(const struct index *index,
    const struct index_link *link, size_t *bucket);

/* Give its memory back; it is empty then. */
void index_done(struct index *index);

#endif
