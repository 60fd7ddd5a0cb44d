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
	uint32_t child_count;   /* nodes below this one */
	union {
		struct subscription *only; /* there is room for no other */
		struct subscription **subscriptions; /* capacity is not 0 */
	};
	struct share_list shares;
	worker_set workers; /* that have an interest */
	worker_set durable; /* of them: for sessions that last */
	worker_set owed;    /* are gone, and had a durable one */
};

/* Most nodes have no more than one of these, and need no memory for it. One that
 * has others below it, too, is of the last kind. */
enum topic_use_kind {
	TOPIC_USE_NONE,         /* it leads to others, or is being released */
	TOPIC_USE_SUBSCRIPTION, /* one, which is not shared */
	TOPIC_USE_WORKER,       /* what one other worker has to do with it */
	TOPIC_USE_ANY,
};

struct topic_use_worker {
	uint8_t index;
	bool is_interested;
	bool is_durable;
	bool is_owed;
};

struct topic_node {
	struct topic_node *next;   /* of its bucket */
	struct topic_node *parent; /* NULL: the root */
	union {
		uint32_t child_count; /* TOPIC_USE_NONE */
		struct subscription *subscription;
		struct topic_use_worker worker;
		struct topic_use *any;
	} use;
	uint16_t level_len;
	uint8_t wildcards; /* TOPIC_CHILD_*: the levels that it has as such */
	uint8_t use_kind;  /* enum topic_use_kind */
	uint8_t level[];
};

#define TOPIC_CHILD_PLUS   0x01
#define TOPIC_CHILD_NUMBER 0x02

/*
 * What is at a node. The first is a copy, to be read. The second is to be
 * changed, and followed by topic_node_settle(), which gives back what memory
 * the node can do without; topic_tree_release() calls it.
 */
struct topic_use topic_node_use(const struct topic_node *node);
struct topic_use *topic_node_get_use(struct topic_node *node);
void topic_node_settle(struct topic_node *node);
void topic_node_free_use(struct topic_node *node);
bool topic_use_is_empty(const struct topic_use *use); /* but for children */
struct subscription *const *topic_use_subscriptions(
    const struct topic_use *use);

/* One more node below it; one less, which may let it be released. */
void topic_node_add_child(struct topic_node *node);
void topic_node_remove_child(struct topic_node *node);

static inline bool
topic_node_has_children(const struct topic_node *node)
{
	if (node->use_kind == TOPIC_USE_NONE)
		return node->use.child_count > 0;
	return node->use_kind == TOPIC_USE_ANY &&
	       node->use.any->child_count > 0;
}

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
