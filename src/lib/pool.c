/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pool.h"

#include <sys/mman.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "lib/sanitized.h"

/* A power of 2, and where a slab begins: from an object it follows which one it
 * is in. Its pages are the system's until the first object of each is used. */
#define SLAB_BYTES ((size_t)64 * 1024)
#define ALIGNMENT  8

struct free_object {
	struct free_object *next;
};

struct pool_slab {
	LIST_ENTRY(pool_slab) in_pool; /* if it has room */
	struct free_object *free;      /* those that were used before */
	uint32_t object_bytes;
	uint32_t used;  /* objects */
	uint32_t begun; /* objects that are used or were: the first ones */
	uint32_t room;  /* objects */
};

static size_t bytes_in_use;

static size_t
rounded(size_t size)
{
	return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static struct pool_slab *
slab_of(void *object)
{
	return (struct pool_slab *)((uintptr_t)object &
				    ~(uintptr_t)(SLAB_BYTES - 1));
}

/* Twice as much has a place that begins where it should; the rest goes back.
 * The last such place: the system maps downwards, and so they adjoin. */
static void *
slab_map(void)
{
	uint8_t *mapped = mmap(NULL, 2 * SLAB_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t behind;

	if (mapped == MAP_FAILED)
		panic("out of memory");
	behind = (uintptr_t)mapped & (SLAB_BYTES - 1);
	(void)munmap(mapped, SLAB_BYTES - behind);
	if (behind > 0)
		(void)munmap(mapped + 2 * SLAB_BYTES - behind, behind);
	return mapped + SLAB_BYTES - behind;
}

static struct pool_slab *
slab_new(struct pool *pool, size_t object_bytes)
{
	struct pool_slab *slab = slab_map();

	slab->object_bytes = (uint32_t)object_bytes;
	slab->room = (uint32_t)((SLAB_BYTES - sizeof(*slab)) / object_bytes);
	LIST_INSERT_HEAD(&pool->with_room, slab, in_pool);
	pool->slab_count++;
	return slab;
}

static void
slab_free(struct pool *pool, struct pool_slab *slab)
{
	LIST_REMOVE(slab, in_pool);
	pool->slab_count--;
	(void)munmap(slab, SLAB_BYTES);
}

static void *
slab_take(struct pool_slab *slab)
{
	void *object = slab->free;

	slab->used++;
	if (object == NULL) /* new pages are zero */
		return (uint8_t *)(slab + 1) +
		       (size_t)slab->begun++ * slab->object_bytes;
	slab->free = slab->free->next;
	return memset(object, 0, slab->object_bytes);
}

void *
pool_new(struct pool *pool, size_t size)
{
	struct pool_slab *slab = LIST_FIRST(&pool->with_room);
	void *object;

	if (size == 0 || size > POOL_OBJECT_MAX)
		panic("an object of a pool is small");
	pool->object_count++;
	if (IS_SANITIZED)
		return memory_new(1, size);
	if (slab == NULL)
		slab = slab_new(pool, rounded(size));
	if (slab->object_bytes != rounded(size))
		panic("objects of a pool are of one size");
	object = slab_take(slab);
	if (slab->used == slab->room)
		LIST_REMOVE(slab, in_pool);
	bytes_in_use += slab->object_bytes;
	return object;
}

/* Nothing is left in it. One stays for what comes next. */
static void
slab_emptied(struct pool *pool, struct pool_slab *slab)
{
	if (LIST_FIRST(&pool->with_room) != slab ||
	    LIST_NEXT(slab, in_pool) != NULL)
		slab_free(pool, slab);
}

void
pool_free(struct pool *pool, void *object)
{
	struct pool_slab *slab = slab_of(object);
	struct free_object *freed = object;

	pool->object_count--;
	if (IS_SANITIZED) {
		free(object);
		return;
	}
	if (slab->used == slab->room)
		LIST_INSERT_HEAD(&pool->with_room, slab, in_pool);
	freed->next = slab->free;
	slab->free = freed;
	slab->used--;
	bytes_in_use -= slab->object_bytes;
	if (slab->used == 0)
		slab_emptied(pool, slab);
}

void
pool_done(struct pool *pool)
{
	struct pool_slab *slab;

	if (pool->object_count > 0)
		panic("nothing is left in a pool that is done with");
	while ((slab = LIST_FIRST(&pool->with_room)) != NULL)
		slab_free(pool, slab);
}

size_t
pool_bytes(void)
{
	return bytes_in_use;
}
