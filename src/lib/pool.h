/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many small objects of one size that may stay for long: in slabs of their own,
 * so that they do not lie between what comes and goes, and without the header
 * that the heap puts before each. A slab in which nothing is left goes back to
 * the system. With a sanitizer they are the heap's, which sees their misuse.
 */
#ifndef SIGNET_LIB_POOL_H
#define SIGNET_LIB_POOL_H

#include <sys/queue.h>

#include <stddef.h>

#define POOL_OBJECT_MAX 1024

struct pool_slab;
LIST_HEAD(pool_slabs, pool_slab);

/* All zero: an empty one. */
struct pool {
	struct pool_slabs with_room;
	size_t slab_count;
	size_t object_count;
};

/*
 * A zeroed object, never NULL; free with pool_free(). size: 1..POOL_OBJECT_MAX,
 * the same in all calls for one pool; it is aligned to 8 bytes.
 */
void *pool_new(struct pool *pool, size_t size);

/* The object was returned by pool_new() of the same pool. */
void pool_free(struct pool *pool, void *object);

/* Give back what is kept for the next one. No object may be left. */
void pool_done(struct pool *pool);

/* Bytes of all objects there are, in all pools of the process: for tests. */
size_t pool_bytes(void);

#endif
