/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of levels. Its edges lie in one table, keyed by parent and level, so
 * that an inner node costs no table of its own.
 */
#include "worker/topic_tree.h"

#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "lib/table.h"
#include "mqtt/topic.h"

struct topic_node {
	UT_hash_handle hh;
	struct topic_node *parent; /* NULL: the root */
	struct topic_node *plus;   /* the child for the level "+" */
	struct topic_node *number; /* the child for the level "#" */
	uint32_t child_count;
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
	uint8_t edge[]; /* hh.keylen: the parent's address, then the level */
};

struct topic_tree {
	struct topic_node *root;
	struct topic_node *edges;
	struct buffer edge; /* to look one up */
};

#define PARENT_LEN sizeof(struct topic_node *)

static struct subscription *const *
node_subscriptions(const struct topic_node *node)
{
	return node->subscription_capacity == 0 ? &node->only
						: node->subscriptions;
}

static void
node_free(struct topic_node *node)
{
	if (node->subscription_capacity > 0)
		free(node->subscriptions);
	free(node);
}

static struct bytes
node_level(const struct topic_node *node)
{
	return bytes_of(node->edge + PARENT_LEN, node->hh.keylen - PARENT_LEN);
}

static struct bytes
edge_of(struct topic_tree *tree, const struct topic_node *parent,
    struct bytes level)
{
	tree->edge.len = 0;
	buffer_append(&tree->edge, bytes_of(&parent, PARENT_LEN));
	buffer_append(&tree->edge, level);
	return buffer_view(&tree->edge);
}

static struct topic_node *
child_find(struct topic_tree *tree, struct topic_node *parent,
    struct bytes level)
{
	struct bytes edge;
	struct topic_node *child;

	if (parent->child_count == 0)
		return NULL;
	edge = edge_of(tree, parent, level);
	HASH_FIND(hh, tree->edges, edge.data, edge.len, child);
	return child;
}

/* Where the parent keeps the child for a wildcard level; NULL if not one. */
static struct topic_node **
wildcard_slot(struct topic_node *parent, struct bytes level)
{
	if (bytes_equal(level, BYTES_LITERAL("+")))
		return &parent->plus;
	if (bytes_equal(level, BYTES_LITERAL("#")))
		return &parent->number;
	return NULL;
}

static struct topic_node *
child_new(struct topic_tree *tree, struct topic_node *parent,
    struct bytes level)
{
	struct bytes edge = edge_of(tree, parent, level);
	struct topic_node *child = memory_new(1, sizeof(*child) + edge.len);
	struct topic_node **slot = wildcard_slot(parent, level);

	child->parent = parent;
	memcpy(child->edge, edge.data, edge.len);
	HASH_ADD_KEYPTR(hh, tree->edges, child->edge, edge.len, child);
	parent->child_count++;
	if (slot != NULL)
		*slot = child;
	return child;
}

struct topic_tree *
topic_tree_new(void)
{
	struct topic_tree *tree = memory_new(1, sizeof(*tree));

	tree->root = memory_new(1, sizeof(*tree->root));
	return tree;
}

void
topic_tree_free(struct topic_tree **tree)
{
	struct topic_node *node, *next;

	if (*tree == NULL)
		return;
	HASH_ITER(hh, (*tree)->edges, node, next)
	{
		HASH_DEL((*tree)->edges, node);
		share_list_free(&node->shares);
		node_free(node);
	}
	buffer_done(&(*tree)->edge);
	free((*tree)->root);
	free(*tree);
	*tree = NULL;
}

struct topic_node *
topic_tree_node(struct topic_tree *tree, struct bytes topic_filter)
{
	struct topic_node *node = tree->root;
	bool is_done = false;
	struct bytes level;

	while (mqtt_topic_level_next(&topic_filter, &is_done, &level)) {
		struct topic_node *child = child_find(tree, node, level);

		node = child != NULL ? child : child_new(tree, node, level);
	}
	return node;
}

struct topic_node *
topic_tree_find(struct topic_tree *tree, struct bytes topic_filter)
{
	struct topic_node *node = tree->root;
	bool is_done = false;
	struct bytes level;

	while (node != NULL &&
	       mqtt_topic_level_next(&topic_filter, &is_done, &level))
		node = child_find(tree, node, level);
	return node;
}

static bool
node_is_used(const struct topic_node *node)
{
	return node->child_count > 0 || node->subscription_count > 0 ||
	       (node->workers | node->owed) != 0 ||
	       !LIST_EMPTY(&node->shares) || node->parent == NULL;
}

void
topic_tree_release(struct topic_tree *tree, struct topic_node *node)
{
	while (!node_is_used(node)) {
		struct topic_node *parent = node->parent;
		struct topic_node **slot = wildcard_slot(parent,
		    node_level(node));

		if (slot != NULL)
			*slot = NULL;
		HASH_DEL(tree->edges, node);
		parent->child_count--;
		node_free(node);
		node = parent;
	}
}

void
topic_node_filter(const struct topic_node *node, struct buffer *out)
{
	if (node->parent->parent != NULL) {
		topic_node_filter(node->parent, out);
		buffer_append(out, BYTES_LITERAL("/"));
	}
	buffer_append(out, node_level(node));
}

size_t
topic_node_subscription_count(const struct topic_node *node)
{
	return node->subscription_count;
}

struct subscription *
topic_node_subscription(const struct topic_node *node,
    const struct session *session)
{
	struct subscription *const *all = node_subscriptions(node);

	for (uint32_t i = 0; i < node->subscription_count; i++)
		if (all[i]->session == session)
			return all[i];
	return NULL;
}

/* Most have one at the most: only others have an array. */
static void
node_grow(struct topic_node *node)
{
	struct subscription *only = node->only;
	bool was_one = node->subscription_capacity == 0;
	uint32_t capacity = was_one ? 4 : node->subscription_capacity * 2;

	node->subscriptions = memory_resize(was_one ? NULL
						    : node->subscriptions,
	    capacity * sizeof(struct subscription *));
	node->subscription_capacity = capacity;
	if (was_one)
		node->subscriptions[0] = only;
}

void
topic_node_add(struct topic_node *node, struct subscription *subscription)
{
	uint32_t position = node->subscription_count++;

	subscription->node = node;
	subscription->position = position;
	if (position == 0 && node->subscription_capacity == 0) {
		node->only = subscription;
		return;
	}
	if (position >= node->subscription_capacity)
		node_grow(node);
	node->subscriptions[position] = subscription;
}

void
topic_node_remove(struct topic_tree *tree, struct subscription *subscription)
{
	struct topic_node *node = subscription->node;
	struct subscription **all = node->subscription_capacity == 0
					? &node->only
					: node->subscriptions;
	struct subscription *last = all[--node->subscription_count];

	topic_node_set_durable(subscription, false);
	all[subscription->position] = last;
	last->position = subscription->position;
	subscription->node = NULL;
	topic_tree_release(tree, node);
}

struct share_list *
topic_node_shares(const struct topic_node *node)
{
	/* Whoever holds a node may put a share into it. */
	return (struct share_list *)&node->shares;
}

uint64_t
topic_node_announced(const struct topic_node *node)
{
	return node->announced;
}

void
topic_node_set_announced(struct topic_node *node, uint64_t number)
{
	node->announced = number;
}

static worker_set
worker_bit(unsigned int worker)
{
	if (worker >= WORKER_SET_MAX)
		panic("there are at most WORKER_SET_MAX workers");
	return (worker_set)1 << worker;
}

size_t
topic_node_durable_count(const struct topic_node *node)
{
	return node->durable_count;
}

void
topic_node_set_durable(struct subscription *subscription, bool is_durable)
{
	if (subscription->is_durable == is_durable)
		return;
	subscription->is_durable = is_durable;
	subscription->node->durable_count += is_durable ? 1 : -1u;
}

void
topic_node_add_worker(struct topic_node *node, unsigned int worker,
    bool is_durable)
{
	node->workers |= worker_bit(worker);
	if (is_durable)
		node->durable |= worker_bit(worker);
	else
		node->durable &= ~worker_bit(worker);
}

void
topic_node_remove_worker(struct topic_tree *tree, struct topic_node *node,
    unsigned int worker)
{
	node->workers &= ~worker_bit(worker);
	node->durable &= ~worker_bit(worker);
	topic_tree_release(tree, node);
}

/* Forget what a worker has an interest in; or else what is owed to it. */
static void
remove_worker(struct topic_node *node, worker_set bit, bool is_gone)
{
	if (!is_gone) {
		node->owed &= ~bit;
		return;
	}
	node->owed |= node->durable & bit;
	node->workers &= ~bit;
	node->durable &= ~bit;
}

static void
tree_remove_worker(struct topic_tree *tree, worker_set bit, bool is_gone)
{
	struct topic_node **concerned = NULL;
	size_t count = 0, capacity = 0;

	for (struct topic_node *node = tree->edges; node != NULL;
	     node = node->hh.next) {
		if (((is_gone ? node->workers : node->owed) & bit) == 0)
			continue;
		if (count == capacity) {
			capacity = capacity == 0 ? 64 : capacity * 2;
			concerned = memory_resize(concerned,
			    capacity * sizeof(struct topic_node *));
		}
		remove_worker(node, bit, is_gone);
		/* Held, or the release of a child would free it with it. */
		node->child_count++;
		concerned[count++] = node;
	}
	for (size_t i = 0; i < count; i++) {
		concerned[i]->child_count--;
		topic_tree_release(tree, concerned[i]);
	}
	free(concerned);
}

void
topic_tree_worker_gone(struct topic_tree *tree, unsigned int worker)
{
	tree_remove_worker(tree, worker_bit(worker), true);
}

void
topic_tree_worker_known(struct topic_tree *tree, unsigned int worker)
{
	tree_remove_worker(tree, worker_bit(worker), false);
}

void
topic_tree_each_subscribed(struct topic_tree *tree, topic_visit *visit,
    void *context)
{
	for (struct topic_node *node = tree->edges; node != NULL;
	     node = node->hh.next)
		if (node->subscription_count > 0)
			visit(context, node);
}

void
topic_tree_each_share(struct topic_tree *tree, share_visit *visit,
    void *context)
{
	struct share *share;

	for (struct topic_node *node = tree->edges; node != NULL;
	     node = node->hh.next)
		LIST_FOREACH(share, &node->shares, of_node)
	visit(context, share);
}

struct match {
	struct topic_tree *tree;
	topic_match *on_subscription;
	share_visit *on_share; /* NULL: they are not wanted */
	void *context;
	worker_set workers;
	worker_set durable;
};

static void
match_node(struct match *match, const struct topic_node *node)
{
	struct subscription *const *all = node_subscriptions(node);
	struct share *share;

	match->workers |= node->workers | node->owed;
	match->durable |= node->durable | node->owed;
	for (uint32_t i = 0; i < node->subscription_count; i++)
		match->on_subscription(match->context, all[i]);
	if (match->on_share == NULL)
		return;
	LIST_FOREACH(share, &node->shares, of_node)
	match->on_share(match->context, share);
}

/* rest: the levels below node; is_done if there are none. */
static void
match_below(struct match *match, struct topic_node *node, struct bytes rest,
    bool is_done)
{
	/* $-topics are not matched by a first wildcard [MQTT-4.7.2-1] */
	bool is_hidden = node->parent == NULL && !is_done && rest.len > 0 &&
			 rest.data[0] == '$';
	struct topic_node *child;
	struct bytes level;

	/* "a/#" matches "a" too (4.7.1.2). */
	if (node->number != NULL && !is_hidden)
		match_node(match, node->number);
	if (!mqtt_topic_level_next(&rest, &is_done, &level)) {
		match_node(match, node);
		return;
	}
	if (node->plus != NULL && !is_hidden)
		match_below(match, node->plus, rest, is_done);
	child = child_find(match->tree, node, level);
	if (child != NULL)
		match_below(match, child, rest, is_done);
}

worker_set
topic_tree_match(struct topic_tree *tree, struct bytes topic_name,
    topic_match *on_subscription, share_visit *on_share, void *context,
    worker_set *durable)
{
	struct match match = {
		.tree = tree,
		.on_subscription = on_subscription,
		.on_share = on_share,
		.context = context,
	};

	match_below(&match, tree->root, topic_name, false);
	*durable |= match.durable;
	return match.workers;
}

size_t
topic_level_count(struct bytes topic)
{
	size_t count = 1;

	for (size_t i = 0; i < topic.len; i++)
		if (topic.data[i] == '/')
			count++;
	return count;
}
