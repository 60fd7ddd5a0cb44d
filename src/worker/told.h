/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has been told today: names by their hashes, each once. It takes memory
 * for those that are in it, and is empty again with the next day.
 */
#ifndef SIGNET_WORKER_TOLD_H
#define SIGNET_WORKER_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many names in a day: 4 MB of memory. */
#define TOLD_MAX 262144

/* All zero, nothing has been told. */
struct told {
	int64_t day; /* since 1970 */
	size_t count;
	size_t capacity;  /* places, a power of 2; 0: no memory yet */
	uint64_t *hashes; /* 0: a free place */
};

/* The first time today? False, too, if no more can be remembered. hash: keyed,
 * as whoever chooses the names must not choose it. */
bool told_add(struct told *told, uint64_t hash, int64_t day);

void told_done(struct told *told);

#endif
