/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/sources.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"

/* A source may be in any of so many places. */
#define PLACES 8

struct sources {
	struct source of[SOURCES_MAX];
};

struct sources *
sources_new(void)
{
	return memory_new(1, sizeof(struct sources));
}

void
sources_free(struct sources **sources)
{
	free(*sources);
	*sources = NULL;
}

/* Its place, or that of the one in its places that was seen least lately. */
static struct source *
place_of(struct sources *sources, uint64_t number)
{
	uint64_t hash = hash_of(bytes_of(&number, sizeof(number)));
	struct source
	    *first = &sources->of[hash % (SOURCES_MAX / PLACES) * PLACES];
	struct source *oldest = first;

	for (struct source *at = first; at < first + PLACES; at++) {
		if (at->seen_ms != 0 && at->number == number)
			return at;
		if (at->seen_ms < oldest->seen_ms)
			oldest = at;
	}
	*oldest = (struct source){ .number = number };
	return oldest;
}

struct source *
sources_get(struct sources *sources, uint64_t number, uint64_t now_ms)
{
	struct source *source = place_of(sources, number);

	source->seen_ms = now_ms;
	return source;
}
