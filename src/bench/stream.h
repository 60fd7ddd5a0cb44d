/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of one publisher on one topic as one subscriber sees them: what
 * is new, what came twice, and what came after a later one [MQTT5-4.6.0-5].
 */
#ifndef SIGNET_BENCH_STREAM_H
#define SIGNET_BENCH_STREAM_H

#include <stdint.h>

/* All zero before the first message. */
struct stream {
	uint64_t highest;  /* sequence; they begin with 1 */
	uint64_t seen;     /* bit n: highest - n has come */
	uint64_t received; /* different messages */
};

enum arrival {
	ARRIVAL_IN_ORDER,
	ARRIVAL_OUT_OF_ORDER, /* behind a later one, for the first time */
	ARRIVAL_DUPLICATE,
};

/*
 * Take note of a message. One that is 64 or more behind the highest counts as
 * out of order: whether it came before is no longer known.
 */
enum arrival stream_arrive(struct stream *stream, uint64_t sequence);

#endif
