/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that publishes: in a closed loop as many messages as its window
 * has room for, or at a rate what is due.
 */
#ifndef SIGNET_BENCH_PUBLISHER_H
#define SIGNET_BENCH_PUBLISHER_H

#include "bench/client.h"
#include "bench/topics.h"
#include "bench/window.h"

struct publisher {
	struct client *client;
	const struct topics *topics;
	uint32_t index;
	uint32_t topic_next;
	uint32_t receivers;  /* subscribers of each message */
	uint64_t *sequences; /* the last one, by topic */
	uint64_t due_count;  /* messages begun at a rate */
	uint64_t sent;
	struct window window; /* closed loop */
};

/* client: ready, borrowed; its flight is made here. */
void publisher_init(struct publisher *publisher, struct client *client,
    const struct topics *topics, uint32_t index, uint32_t receivers);
void publisher_done(struct publisher *publisher);

/*
 * Append to the client's output what is to be sent now.
 *
 * begin_ns: when the rate began.
 * next_ns: lowered to when the next message is due.
 * Returns how many messages.
 */
uint32_t publisher_fill(struct publisher *publisher, uint64_t begin_ns,
    uint64_t *next_ns);

#endif
