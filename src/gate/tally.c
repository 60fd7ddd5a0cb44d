/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/tally.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"

#define CAPACITY_LEAST 64

void
tally_init(struct tally *tally, size_t used_max)
{
	*tally = (struct tally){ .used_max = used_max };
}

void
tally_done(struct tally *tally)
{
	free(tally->entries);
	tally->entries = NULL;
}

void
tally_clear(struct tally *tally)
{
	tally_done(tally);
	tally_init(tally, tally->used_max);
}

static size_t
home_of(const struct tally *tally, uint64_t source)
{
	return hash_of(bytes_of(&source, sizeof(source))) &
	       (tally->capacity - 1);
}

static size_t
next_of(const struct tally *tally, size_t place)
{
	return (place + 1) & (tally->capacity - 1);
}

/* Where this source is, or would be; there is always a place that is free. */
static size_t
place_of(const struct tally *tally, uint64_t source)
{
	size_t place = home_of(tally, source);

	while (tally->entries[place].count != 0 &&
	       tally->entries[place].source != source)
		place = next_of(tally, place);
	return place;
}

static void
resize(struct tally *tally, size_t capacity)
{
	struct tally_entry *before = tally->entries;
	size_t before_capacity = tally->capacity;

	tally->entries = memory_new(capacity, sizeof(*tally->entries));
	tally->capacity = capacity;
	for (size_t i = 0; i < before_capacity; i++)
		if (before[i].count != 0)
			tally->entries[place_of(tally, before[i].source)] =
			    before[i];
	free(before);
}

/* Between a sixteenth and a half of the places are used. */
static void
fit(struct tally *tally)
{
	if (tally->capacity == 0)
		resize(tally, CAPACITY_LEAST);
	else if (tally->used * 2 > tally->capacity)
		resize(tally, tally->capacity * 2);
	else if (tally->used * 16 < tally->capacity &&
		 tally->capacity > CAPACITY_LEAST)
		resize(tally, tally->capacity / 2);
}

void
tally_add(struct tally *tally, uint64_t source)
{
	struct tally_entry *entry;

	if (tally->capacity == 0)
		fit(tally);
	tally->total++;
	entry = &tally->entries[place_of(tally, source)];
	if (entry->count == 0 && tally->used >= tally->used_max) {
		tally->nameless++;
		return;
	}
	entry->source = source;
	if (entry->count++ == 0) {
		tally->used++;
		fit(tally);
	}
}

/* Move those behind a free place up that a search would not find there. */
static void
close_gap(struct tally *tally, size_t gap)
{
	size_t mask = tally->capacity - 1;

	for (size_t place = next_of(tally, gap);
	     tally->entries[place].count != 0; place = next_of(tally, place)) {
		size_t home = home_of(tally, tally->entries[place].source);

		/* Its way from home to here leads over the gap. */
		if (((place - home) & mask) < ((place - gap) & mask))
			continue;
		tally->entries[gap] = tally->entries[place];
		tally->entries[place].count = 0;
		gap = place;
	}
}

bool
tally_remove(struct tally *tally, uint64_t source)
{
	size_t place;

	if (tally->capacity == 0)
		return false;
	place = place_of(tally, source);
	if (tally->entries[place].count == 0) {
		if (tally->nameless == 0)
			return false;
		tally->nameless--;
		tally->total--;
		return true;
	}
	tally->total--;
	if (--tally->entries[place].count == 0) {
		tally->used--;
		close_gap(tally, place);
		fit(tally);
	}
	return true;
}

uint32_t
tally_count(const struct tally *tally, uint64_t source)
{
	if (tally->capacity == 0)
		return 0;
	return tally->entries[place_of(tally, source)].count;
}
