/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the first bytes of each payload say: whose message it is, its place in
 * the order, and when it was sent. Sender and receiver are one process, so the
 * fields have the machine's own byte order.
 */
#ifndef SIGNET_BENCH_STAMP_H
#define SIGNET_BENCH_STAMP_H

#include "lib/bytes.h"

#define STAMP_LEN     32
#define STAMP_NO_SLOT UINT32_MAX

struct stamp {
	uint64_t run;      /* random: tells our messages from others' */
	uint64_t sequence; /* 1, 2, ... for each stream */
	uint64_t sent_ns;  /* monotonic; with a rate: when it was due */
	uint32_t stream;   /* publisher and topic */
	uint32_t slot;     /* of the publisher's window, or STAMP_NO_SLOT */
};

_Static_assert(sizeof(struct stamp) == STAMP_LEN, "a stamp has no padding");

/* data: room for STAMP_LEN bytes. */
static inline void
stamp_encode(const struct stamp *stamp, uint8_t *data)
{
	memcpy(data, stamp, STAMP_LEN);
}

/* False if the payload is not a message of this run. */
static inline bool
stamp_decode(struct bytes payload, uint64_t run, struct stamp *stamp)
{
	if (payload.len < STAMP_LEN)
		return false;
	memcpy(stamp, payload.data, STAMP_LEN);
	return stamp->run == run;
}

#endif
