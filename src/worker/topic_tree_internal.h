/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of the tree: what topic_tree.c, which finds them, and topic_node.c,
 * which puts things into them, share.
 */
#ifndef SIGNET_WORKER_TOPIC_TREE_INTERNAL_H
#define SIGNET_WORKER_TOPIC_TREE_INTERNAL_H

#include "lib/log.h"
#include "worker/topic_tree.h"

/* What is at a node. */
struct topic_use {
	uint32_t subscription_count;
	uint32_t subscription_capacity;
	uint32_t durable_count; /* of the subscriptions */
	union {
		struct subscription *only; /* there is room for no other */
		struct subscription **subscriptions; /* capacity is not 0 */
	};
	struct share_list shares;
	worker_set workers; /* that have an interest */
	worker_set durable; /* of them: for sessions that last */
	worker_set owed;    /* are gone, and had a durable one */
	uint64_t announced;
};

struct topic_node {
	struct topic_node *next;   /* of its bucket */
	struct topic_node *parent; /* NULL: the root */
	struct topic_use *use;     /* NULL: nothing is here */
	uint32_t child_count;
	uint16_t level_len;
	bool has_plus; /* a child for the level "+" */
	bool has_number;
	uint8_t level[];
};

/* What is at a node, or nothing; made if there was nothing. */
const struct topic_use *topic_node_use(const struct topic_node *node);
struct topic_use *topic_node_get_use(struct topic_node *node);
void topic_node_free_use(struct topic_node *node);
bool topic_use_is_empty(const struct topic_use *use);
struct subscription *const *topic_use_subscriptions(
    const struct topic_use *use);

/* The level that leads to it; of the root: nothing. */
static inline struct bytes
topic_node_level(const struct topic_node *node)
{
	return bytes_of(node->level, node->level_len);
}

static inline worker_set
topic_worker_bit(unsigned int worker)
{
	if (worker >= WORKER_SET_MAX)
		panic("there are at most WORKER_SET_MAX workers");
	return (worker_set)1 << worker;
}

#endif
