/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/denials.h"

#include <stdlib.h>

#include "lib/memory.h"

/* A hash may be in any of so many places. */
#define PLACES 4

struct denial {
	uint64_t hash;
	uint64_t logged_ms;
	uint32_t count; /* since then */
	bool is_used;
};

struct denials {
	struct denial of[DENIALS_MAX];
};

struct denials *
denials_new(void)
{
	return memory_new(1, sizeof(struct denials));
}

void
denials_free(struct denials **denials)
{
	free(*denials);
	*denials = NULL;
}

/* The first of the places of a hash. */
static size_t
places_of(uint64_t hash)
{
	return hash % (DENIALS_MAX / PLACES) * PLACES;
}

/* The place of this hash, or that of the oldest of those in its places. */
static struct denial *
place_of(struct denials *denials, uint64_t hash)
{
	struct denial *first = &denials->of[places_of(hash)];
	struct denial *oldest = first;

	for (struct denial *at = first; at < first + PLACES; at++) {
		if (at->is_used && at->hash == hash)
			return at;
		if (!at->is_used || at->logged_ms < oldest->logged_ms)
			oldest = at;
	}
	*oldest = (struct denial){ .hash = hash };
	return oldest;
}

/* NULL: there is none. */
static const struct denial *
denial_find(const struct denials *denials, uint64_t hash)
{
	const struct denial *first = &denials->of[places_of(hash)];

	for (const struct denial *at = first; at < first + PLACES; at++)
		if (at->is_used && at->hash == hash)
			return at;
	return NULL;
}

bool
denials_add(struct denials *denials, uint64_t hash, uint32_t times,
    uint64_t now_ms, uint32_t *count)
{
	struct denial *denial = place_of(denials, hash);

	denial->count += times < UINT32_MAX - denial->count
			     ? times
			     : UINT32_MAX - denial->count;
	if (denial->is_used && now_ms - denial->logged_ms < DENIALS_LOG_MS)
		return false;
	*count = denial->count;
	denial->count = 0;
	denial->logged_ms = now_ms;
	denial->is_used = true;
	return true;
}

bool
denials_note(struct denials *denials, uint64_t hash, uint64_t now_ms,
    uint32_t *count)
{
	return denials_add(denials, hash, 1, now_ms, count);
}

uint64_t
denials_logged_ms(const struct denials *denials, uint64_t hash)
{
	const struct denial *denial = denial_find(denials, hash);

	return denial != NULL ? denial->logged_ms : 0;
}

void
denials_set_logged(struct denials *denials, uint64_t hash, uint64_t logged_ms)
{
	const struct denial *denial = denial_find(denials, hash);

	if (denial != NULL && logged_ms < denial->logged_ms)
		denials->of[denial - denials->of].logged_ms = logged_ms;
}
