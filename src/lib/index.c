/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/index.h"

#include <stdlib.h>

#include "lib/memory.h"

#define BUCKETS_MIN        16
#define ENTRIES_PER_BUCKET 2

/* A table between two powers of 2 has split as many buckets of the smaller one
 * as it has more. */
static struct index_link **
bucket_of(const struct index *index, uint64_t hash)
{
	size_t at = (size_t)hash & (index->bucket_capacity - 1);

	return &index->buckets[at < index->bucket_count
				   ? at
				   : at - index->bucket_capacity / 2];
}

static void
put(struct index *index, struct index_link *link, index_hash *hash)
{
	struct index_link **bucket = bucket_of(index, hash(link));

	link->next = *bucket;
	*bucket = link;
}

static void
resize(struct index *index, size_t capacity)
{
	index->bucket_capacity = capacity;
	index->buckets = memory_resize(index->buckets,
	    capacity * sizeof(struct index_link *));
}

/* One bucket more: it gets its own from the one that had them. */
static void
grow(struct index *index, index_hash *hash)
{
	struct index_link *link, *next, **from;

	if (index->bucket_count == index->bucket_capacity)
		resize(index, index->bucket_capacity * 2);
	from = &index
		    ->buckets[index->bucket_count - index->bucket_capacity / 2];
	index->buckets[index->bucket_count++] = NULL;
	link = *from;
	*from = NULL;
	for (; link != NULL; link = next) {
		next = link->next;
		put(index, link, hash);
	}
}

void
index_add(struct index *index, struct index_link *link, index_hash *hash)
{
	if (index->bucket_count == 0) {
		resize(index, BUCKETS_MIN);
		while (index->bucket_count < BUCKETS_MIN)
			index->buckets[index->bucket_count++] = NULL;
	}
	if (++index->count > index->bucket_count * ENTRIES_PER_BUCKET)
		grow(index, hash);
	put(index, link, hash);
}

void
index_remove(struct index *index, struct index_link *link, index_hash *hash)
{
	struct index_link **at = bucket_of(index, hash(link));

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	index->count--;
}

struct index_link *
index_first(const struct index *index, uint64_t hash)
{
	return index->bucket_count == 0 ? NULL : *bucket_of(index, hash);
}

struct index_link *
index_next(const struct index *index, const struct index_link *link,
    size_t *bucket)
{
	if (link != NULL && link->next != NULL)
		return link->next;
	while (*bucket < index->bucket_count)
		if (index->buckets[(*bucket)++] != NULL)
			return index->buckets[*bucket - 1];
	return NULL;
}

void
index_done(struct index *index)
{
	free(index->buckets);
	*index = (struct index){ .buckets = NULL };
}
