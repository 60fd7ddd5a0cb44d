/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/told.h"

#include <stdlib.h>

#include "lib/memory.h"

#define PLACES_MIN 64

/* Where a hash is, or the free place where it goes: one is always free. */
static uint64_t *
place_of(uint64_t *hashes, size_t capacity, uint64_t hash)
{
	size_t at = (size_t)hash & (capacity - 1);

	while (hashes[at] != 0 && hashes[at] != hash)
		at = (at + 1) & (capacity - 1);
	return &hashes[at];
}

static void
set_capacity(struct told *told, size_t capacity)
{
	uint64_t *hashes = memory_new(capacity, sizeof(*hashes));

	for (size_t i = 0; i < told->capacity; i++)
		if (told->hashes[i] != 0)
			*place_of(hashes, capacity,
			    told->hashes[i]) = told->hashes[i];
	free(told->hashes);
	told->hashes = hashes;
	told->capacity = capacity;
}

bool
told_add(struct told *told, uint64_t hash, int64_t day)
{
	uint64_t *place;

	if (hash == 0)
		hash = 1;
	if (told->day != day) {
		told_done(told);
		told->day = day;
	}
	if (told->count >= TOLD_MAX)
		return false;
	if (told->count * 2 >= told->capacity)
		set_capacity(told,
		    told->capacity == 0 ? PLACES_MIN : told->capacity * 2);
	place = place_of(told->hashes, told->capacity, hash);
	if (*place == hash)
		return false;
	*place = hash;
	told->count++;
	return true;
}

void
told_done(struct told *told)
{
	free(told->hashes);
	*told = (struct told){ .hashes = NULL };
}
