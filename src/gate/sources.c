/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/sources.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"

/* A source may be in any of so many places. */
#define PLACES 8

_Static_assert(SOURCES_MAX < UINT16_MAX, "a place holds any row's number");

/*
 * A place holds the number of a row, from 1; 0: none. Rows are taken in their
 * order, so that of the table as much is in memory as sources have come.
 */
struct sources {
	uint16_t places[SOURCES_MAX];
	uint16_t used; /* of the rows */
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

/*
 * Its row, or else the next one if one of its places is free, or else that of
 * the one in its places that was seen least lately.
 */
static struct source *
row_of(struct sources *sources, uint64_t number)
{
	uint64_t hash = hash_of(bytes_of(&number, sizeof(number)));
	uint16_t
	    *places = &sources->places[hash % (SOURCES_MAX / PLACES) * PLACES];
	struct source *oldest = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		struct source *at;

		if (places[i] == 0) {
			places[i] = ++sources->used;
			oldest = &sources->of[places[i] - 1];
			break;
		}
		at = &sources->of[places[i] - 1];
		if (at->number == number)
			return at;
		if (oldest == NULL || at->seen_ms < oldest->seen_ms)
			oldest = at;
	}
	*oldest = (struct source){ .number = number };
	return oldest;
}

struct source *
sources_get(struct sources *sources, uint64_t number, uint64_t now_ms)
{
	struct source *source = row_of(sources, number);

	source->seen_ms = now_ms;
	return source;
}
