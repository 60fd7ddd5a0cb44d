/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One granted topic filter, compiled: pieces of text, variables and wildcards
 * in a row, each of which takes its part off the front of the topic that is
 * asked for. No piece has two ways to match, so that nothing is tried twice.
 */
#ifndef SIGNET_WORKER_GRANT_H
#define SIGNET_WORKER_GRANT_H

#include "lib/bytes.h"

struct grant;

/* The client that asks. */
struct grant_client {
	struct bytes identity;
	struct bytes client_id;
};

/*
 * Compile a filter.
 *
 * topic_filter: borrowed.
 * grant: returned, free with grant_free(); untouched on error. NULL: only
 * check the filter.
 * Returns NULL, or what is wrong with the filter, in words for good.
 */
const char *grant_compile(const char *topic_filter, struct grant **grant);

void grant_free(struct grant **grant);

/* The filter as it was written; as long as grant lives. */
const char *grant_topic_filter(const struct grant *grant);

/*
 * Does the grant cover a topic: a name, or all names that a filter matches?
 *
 * topic: a valid Topic Name, or a valid Topic Filter without $share.
 */
bool grant_covers(const struct grant *grant, const struct grant_client *client,
    struct bytes topic);

#endif
