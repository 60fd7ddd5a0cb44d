/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known only by looking at each session: how much waits for them,
 * whose certificate ends first, and how many end soon. Each second some of them are looked at, and
 * what was found is counted when all have been.
 */
#ifndef SIGNET_WORKER_CENSUS_H
#define SIGNET_WORKER_CENSUS_H

#include <stdint.h>

#include "worker/session_cursor.h"

struct census {
	struct session_cursor cursor;
	uint64_t messages; /* so far */
	uint64_t bytes;
	uint64_t ends;
	uint64_t ending; /* within CLOCK_WARNING_DAYS */
};

void census_open(struct worker *worker);
void census_close(struct worker *worker);

/* Once a second. */
void census_tick(struct worker *worker);

#endif
