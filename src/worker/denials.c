/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/denials.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/memory.h"

#define PLACES_MIN 64

/* How long one is kept that came again since it was logged: for its count. */
#define KEEP_MS (60 * DENIALS_LOG_MS)

/* How often those that are over are looked for while there is no room. */
#define SWEEP_MS 10000

struct denial {
	uint64_t hash;
	uint64_t logged_ms;
	uint32_t count; /* since then */
	bool is_used;
};

struct denials {
	size_t count;
	size_t capacity; /* places, a power of 2; 0: no memory yet */
	struct denial *of;
	bool is_full;      /* as of the last sweep */
	uint64_t swept_ms; /* if it is full */
	uint64_t untold;   /* not remembered, since that was told */
	uint64_t untold_ms;
	bool has_told_untold;
};

struct denials *
denials_new(void)
{
	return memory_new(1, sizeof(struct denials));
}

void
denials_free(struct denials **denials)
{
	if (*denials != NULL)
		free((*denials)->of);
	free(*denials);
	*denials = NULL;
}

/* Where a hash is, or the free place where it goes: one is always free. */
static struct denial *
place_of(struct denial *of, size_t capacity, uint64_t hash)
{
	size_t at = (size_t)hash & (capacity - 1);

	while (of[at].is_used && of[at].hash != hash)
		at = (at + 1) & (capacity - 1);
	return &of[at];
}

/* NULL: there is none. */
static struct denial *
denial_find(const struct denials *denials, uint64_t hash)
{
	struct denial *place;

	if (denials->capacity == 0)
		return NULL;
	place = place_of(denials->of, denials->capacity, hash);
	return place->is_used ? place : NULL;
}

static bool
is_over(const struct denial *denial, uint64_t now_ms, uint64_t keep_ms)
{
	uint64_t age_ms = now_ms - denial->logged_ms;

	return age_ms >= keep_ms ||
	       (age_ms >= DENIALS_LOG_MS && denial->count == 0);
}

/* Leave out what is over, and have as many places again as remain, and more. */
static void
sweep(struct denials *denials, uint64_t now_ms, uint64_t keep_ms)
{
	const struct denials old = *denials;
	size_t capacity = PLACES_MIN;

	denials->count = 0;
	for (size_t i = 0; i < old.capacity; i++)
		if (old.of[i].is_used && !is_over(&old.of[i], now_ms, keep_ms))
			denials->count++;
	while (capacity < 2 * DENIALS_MAX && capacity < 4 * denials->count)
		capacity *= 2;
	denials->of = memory_new(capacity, sizeof(*denials->of));
	denials->capacity = capacity;
	for (size_t i = 0; i < old.capacity; i++)
		if (old.of[i].is_used && !is_over(&old.of[i], now_ms, keep_ms))
			*place_of(denials->of, capacity,
			    old.of[i].hash) = old.of[i];
	free(old.of);
}

/* Is there a place for one more? */
static bool
make_room(struct denials *denials, uint64_t now_ms)
{
	if (denials->count * 2 < denials->capacity &&
	    denials->count < DENIALS_MAX)
		return true;
	if (denials->is_full && now_ms - denials->swept_ms < SWEEP_MS)
		return false;
	sweep(denials, now_ms, KEEP_MS);
	if (denials->count >= DENIALS_MAX)
		sweep(denials, now_ms, DENIALS_LOG_MS);
	denials->is_full = denials->count >= DENIALS_MAX;
	denials->swept_ms = now_ms;
	return !denials->is_full;
}

/* A new one, all zero but for its hash; NULL if there is no room. */
static struct denial *
denial_add(struct denials *denials, uint64_t hash, uint64_t now_ms)
{
	struct denial *place;

	if (!make_room(denials, now_ms))
		return NULL;
	place = place_of(denials->of, denials->capacity, hash);
	*place = (struct denial){ .hash = hash };
	denials->count++;
	return place;
}

bool
denials_add(struct denials *denials, uint64_t hash, uint32_t times,
    uint64_t now_ms, uint32_t *count)
{
	struct denial *denial = denial_find(denials, hash);

	if (denial == NULL)
		denial = denial_add(denials, hash, now_ms);
	if (denial == NULL) {
		denials->untold += times;
		return false;
	}
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

bool
denials_take_untold(struct denials *denials, uint64_t now_ms, uint64_t *count)
{
	if (denials->untold == 0 ||
	    (denials->has_told_untold &&
		now_ms - denials->untold_ms < DENIALS_LOG_MS))
		return false;
	*count = denials->untold;
	denials->untold = 0;
	denials->untold_ms = now_ms;
	denials->has_told_untold = true;
	return true;
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
	struct denial *denial = denial_find(denials, hash);

	if (denial != NULL && logged_ms < denial->logged_ms)
		denial->logged_ms = logged_ms;
}
