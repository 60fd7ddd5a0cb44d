/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of sources that come often: how much of their rate is
 * used up, and when it was last told that they were refused. It is a table of
 * fixed size in which each source has a few places, which a keyed hash gives
 * it: of more than fit, the one that has not come for longest is forgotten.
 */
#ifndef SIGNET_GATE_SOURCES_H
#define SIGNET_GATE_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#define SOURCES_MAX 16384

struct source {
	uint64_t number;   /* of address_source() */
	uint64_t spent_ns; /* up to when its rate is used up; see rate.h */
	uint64_t seen_ms;
	uint64_t told_ms; /* 0: never */
	uint32_t refused; /* since it was told */
	/* Its handshakes that failed, in a minute that begins with the first. */
	uint32_t failed;
	uint64_t failed_ms;
};

struct sources;

/* Returned, free with sources_free(). */
struct sources *sources_new(void);
void sources_free(struct sources **sources);

/*
 * What is known of this source; if nothing is, it begins now.
 *
 * now_ms: 1.., never less than before.
 * Returns one of the table: until the next call.
 */
struct source *sources_get(struct sources *sources, uint64_t number,
    uint64_t now_ms);

#endif
