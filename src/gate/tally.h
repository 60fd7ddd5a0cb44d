/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections there are of each source: what one process says that it
 * has. It grows and shrinks with the sources, up to a bound; those beyond are
 * counted without their source.
 */
#ifndef SIGNET_GATE_TALLY_H
#define SIGNET_GATE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_entry {
	uint64_t source;
	uint32_t count; /* 0: nothing is here */
};

struct tally {
	struct tally_entry *entries; /* open addressing: linear, keyed hash */
	size_t capacity;             /* a power of 2, or 0 */
	size_t used;
	size_t used_max;
	uint64_t total;
	uint64_t nameless; /* of those: beyond used_max */
};

/* used_max: sources, 1.. */
void tally_init(struct tally *tally, size_t used_max);
void tally_done(struct tally *tally);

/* Forget all. */
void tally_clear(struct tally *tally);

/* One more of this source. */
void tally_add(struct tally *tally, uint64_t source);

/* One less; false, and nothing else, if there is none. */
bool tally_remove(struct tally *tally, uint64_t source);

uint32_t tally_count(const struct tally *tally, uint64_t source);

#endif
