/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who publishes where: the topic names and filters of each pattern, and the
 * encoded heads of the PUBLISH packets.
 *
 * A stream is what one publisher sends on one topic. Streams are numbered
 * publisher by publisher.
 */
#ifndef SIGNET_BENCH_TOPICS_H
#define SIGNET_BENCH_TOPICS_H

#include "bench/options.h"
#include "lib/buffer.h"

#define TOPIC_TEXT_MAX 320

/* A PUBLISH up to its payload. */
struct publish_head {
	size_t offset; /* into topics.heads */
	uint16_t len;
	uint16_t packet_id_offset; /* into the head; QoS above 0 */
};

struct topics {
	const struct options *options;
	uint64_t run;
	uint32_t stream_count;
	struct publish_head *items; /* by stream */
	struct buffer heads;
};

/* Returns 0 or the codec's error. */
int topics_init(struct topics *topics, const struct options *options,
    uint64_t run);
void topics_done(struct topics *topics);

/* The one filter of a subscriber; text has room for TOPIC_TEXT_MAX bytes. */
void topics_filter(const struct topics *topics, uint32_t subscriber,
    char *text);

/* The streams that a subscriber gets. */
void topics_streams_of(const struct topics *topics, uint32_t subscriber,
    uint32_t *first, uint32_t *count);

#endif
