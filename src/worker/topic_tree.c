/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of levels. Its edges lie in one table, keyed by parent and level, and
 * what is at a node, unless it is one thing alone, is apart from it: most nodes
 * cost 32 or 40 bytes. The table grows by one bucket with each node that it has no
 * room for (linear hashing: Litwin 1980), so that no turn has to move all of
 * it.
 */
#include "worker/topic_tree.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"
#include "lib/pool.h"
#include "mqtt/topic.h"
#include "worker/topic_tree_internal.h"

/* Nodes whose levels take no more than 36 bytes are of one of so many sizes. */
#define NODE_SIZES     5
#define NODE_SIZE_STEP 8

struct topic_tree {
	struct topic_node *root;
	struct topic_node **buckets;
	size_t bucket_count;
	size_t bucket_capacity; /* a power of 2 */
	size_t edge_count;
	struct buffer edge; /* to look one up */
	struct pool nodes[NODE_SIZES];
};

#define BUCKETS_MIN      16
#define EDGES_PER_BUCKET 2

/* What nodes with a level of this length are taken from; NULL: the heap. */
static struct pool *
node_pool(struct topic_tree *tree, size_t level_len)
{
	size_t size = offsetof(struct topic_node, level) + level_len;
	size_t more = size < sizeof(struct topic_node)
			  ? 0
			  : size - sizeof(struct topic_node);
	size_t at = (more + NODE_SIZE_STEP - 1) / NODE_SIZE_STEP;

	return at < NODE_SIZES ? &tree->nodes[at] : NULL;
}

static struct topic_node *
node_new(struct topic_tree *tree, struct bytes level)
{
	struct pool *pool = node_pool(tree, level.len);
	struct topic_node *node;

	if (pool == NULL)
		node = memory_new(1, sizeof(*node) + level.len);
	else
		node = pool_new(pool,
		    sizeof(*node) +
			(size_t)(pool - tree->nodes) * NODE_SIZE_STEP);
	node->level_len = (uint16_t)level.len;
	if (level.len > 0)
		memcpy(node->level, level.data, level.len);
	return node;
}

static void
node_free(struct topic_tree *tree, struct topic_node *node)
{
	struct pool *pool = node_pool(tree, node->level_len);

	topic_node_free_use(node);
	if (pool == NULL)
		free(node);
	else
		pool_free(pool, node);
}

/* Where an edge is, or would be. A table between two powers of 2 has split as
 * many buckets of the smaller one as it has more. */
static struct topic_node **
bucket_of(struct topic_tree *tree, const struct topic_node *parent,
    struct bytes level)
{
	size_t hash, at;

	tree->edge.len = 0;
	buffer_append(&tree->edge, bytes_of(&parent, sizeof(parent)));
	buffer_append(&tree->edge, level);
	hash = (size_t)hash_of(buffer_view(&tree->edge));
	at = hash & (tree->bucket_capacity - 1);
	return &tree->buckets[at < tree->bucket_count
				  ? at
				  : at - tree->bucket_capacity / 2];
}

static struct topic_node *
child_find(struct topic_tree *tree, const struct topic_node *parent,
    struct bytes level)
{
	struct topic_node *child;

	if (!topic_node_has_children(parent))
		return NULL;
	child = *bucket_of(tree, parent, level);
	while (
	    child != NULL && (child->parent != parent ||
				 !bytes_equal(topic_node_level(child), level)))
		child = child->next;
	return child;
}

static void
edge_add(struct topic_tree *tree, struct topic_node *node)
{
	struct topic_node **bucket = bucket_of(tree, node->parent,
	    topic_node_level(node));

	node->next = *bucket;
	*bucket = node;
}

/* One bucket more: it gets its own from the one that had them. */
static void
table_grow(struct topic_tree *tree)
{
	struct topic_node *node, *next, **from;

	if (tree->bucket_count == tree->bucket_capacity) {
		tree->bucket_capacity *= 2;
		tree->buckets = memory_resize(tree->buckets,
		    tree->bucket_capacity * sizeof(*tree->buckets));
	}
	from = &tree->buckets[tree->bucket_count - tree->bucket_capacity / 2];
	tree->buckets[tree->bucket_count++] = NULL;
	node = *from;
	*from = NULL;
	for (; node != NULL; node = next) {
		next = node->next;
		edge_add(tree, node);
	}
}

static void
edge_remove(struct topic_tree *tree, const struct topic_node *node)
{
	struct topic_node **link = bucket_of(tree, node->parent,
	    topic_node_level(node));

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	tree->edge_count--;
}

/* What the parent of a wildcard level says of it; 0 if it is not one. */
static uint8_t
wildcard_of(struct bytes level)
{
	if (bytes_equal(level, BYTES_LITERAL("+")))
		return TOPIC_CHILD_PLUS;
	if (bytes_equal(level, BYTES_LITERAL("#")))
		return TOPIC_CHILD_NUMBER;
	return 0;
}

static struct topic_node *
child_new(struct topic_tree *tree, struct topic_node *parent,
    struct bytes level)
{
	struct topic_node *child = node_new(tree, level);

	child->parent = parent;
	if (++tree->edge_count > tree->bucket_count * EDGES_PER_BUCKET)
		table_grow(tree);
	edge_add(tree, child);
	topic_node_add_child(parent);
	parent->wildcards |= wildcard_of(level);
	return child;
}

/* The edge behind one; NULL: the first. NULL at the end. */
static struct topic_node *
edge_next(const struct topic_tree *tree, struct topic_node *node,
    size_t *bucket)
{
	if (node != NULL && node->next != NULL)
		return node->next;
	while (*bucket < tree->bucket_count)
		if (tree->buckets[(*bucket)++] != NULL)
			return tree->buckets[*bucket - 1];
	return NULL;
}

struct topic_tree *
topic_tree_new(void)
{
	struct topic_tree *tree = memory_new(1, sizeof(*tree));

	tree->root = node_new(tree, BYTES_NONE);
	tree->bucket_count = tree->bucket_capacity = BUCKETS_MIN;
	tree->buckets = memory_new(BUCKETS_MIN, sizeof(*tree->buckets));
	return tree;
}

void
topic_tree_free(struct topic_tree **tree)
{
	struct topic_node *node, *next;
	size_t bucket = 0;

	if (*tree == NULL)
		return;
	for (node = edge_next(*tree, NULL, &bucket); node != NULL;
	     node = next) {
		next = edge_next(*tree, node, &bucket);
		if (node->use_kind == TOPIC_USE_ANY)
			share_list_free(&node->use.any->shares);
		node_free(*tree, node);
	}
	node_free(*tree, (*tree)->root);
	for (size_t i = 0; i < NODE_SIZES; i++)
		pool_done(&(*tree)->nodes[i]);
	buffer_done(&(*tree)->edge);
	free((*tree)->buckets);
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
	return node->use_kind != TOPIC_USE_NONE ||
	       topic_node_has_children(node) || node->parent == NULL;
}

void
topic_tree_release(struct topic_tree *tree, struct topic_node *node)
{
	topic_node_settle(node);
	while (!node_is_used(node)) {
		struct topic_node *parent = node->parent;

		parent->wildcards &= ~wildcard_of(topic_node_level(node));
		edge_remove(tree, node);
		topic_node_remove_child(parent);
		node_free(tree, node);
		topic_node_settle(parent);
		node = parent;
	}
}

/* Forget what a worker has an interest in; or else what is owed to it. False
 * if there is no such thing. */
static bool
remove_worker(struct topic_node *node, worker_set bit, bool is_gone)
{
	struct topic_use *use, seen = topic_node_use(node);

	if (((is_gone ? seen.workers : seen.owed) & bit) == 0)
		return false;
	use = topic_node_get_use(node);
	if (is_gone) {
		use->owed |= use->durable & bit;
		use->workers &= ~bit;
		use->durable &= ~bit;
	} else {
		use->owed &= ~bit;
	}
	topic_node_settle(node);
	return true;
}

static void
tree_remove_worker(struct topic_tree *tree, worker_set bit, bool is_gone)
{
	struct topic_node **concerned = NULL;
	size_t count = 0, capacity = 0, bucket = 0;
	struct topic_node *node = NULL;

	while ((node = edge_next(tree, node, &bucket)) != NULL) {
		if (!remove_worker(node, bit, is_gone) ||
		    node->use_kind != TOPIC_USE_NONE)
			continue;
		if (count == capacity) {
			capacity = capacity == 0 ? 64 : capacity * 2;
			concerned = memory_resize(concerned,
			    capacity * sizeof(struct topic_node *));
		}
		/* Held, or the release of a child would free it with it. */
		topic_node_add_child(node);
		concerned[count++] = node;
	}
	for (size_t i = 0; i < count; i++) {
		topic_node_remove_child(concerned[i]);
		topic_tree_release(tree, concerned[i]);
	}
	free(concerned);
}

void
topic_tree_worker_gone(struct topic_tree *tree, unsigned int worker)
{
	tree_remove_worker(tree, topic_worker_bit(worker), true);
}

void
topic_tree_worker_known(struct topic_tree *tree, unsigned int worker)
{
	tree_remove_worker(tree, topic_worker_bit(worker), false);
}

void
topic_tree_each_subscribed(struct topic_tree *tree, topic_visit *visit,
    void *context)
{
	struct topic_node *node = NULL;
	size_t bucket = 0;

	while ((node = edge_next(tree, node, &bucket)) != NULL)
		if (topic_node_subscription_count(node) > 0)
			visit(context, node);
}

void
topic_tree_each_share(struct topic_tree *tree, share_visit *visit,
    void *context)
{
	struct topic_node *node = NULL;
	struct share *share;
	size_t bucket = 0;

	while ((node = edge_next(tree, node, &bucket)) != NULL)
		for (share = topic_node_share(node); share != NULL;
		     share = LIST_NEXT(share, of_node))
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
	struct topic_use use = topic_node_use(node);
	struct subscription *const *all = topic_use_subscriptions(&use);
	struct share *share;

	match->workers |= use.workers | use.owed;
	match->durable |= use.durable | use.owed;
	for (uint32_t i = 0; i < use.subscription_count; i++)
		match->on_subscription(match->context, all[i]);
	if (match->on_share == NULL)
		return;
	LIST_FOREACH(share, &use.shares, of_node)
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
	if ((node->wildcards & TOPIC_CHILD_NUMBER) != 0 && !is_hidden)
		match_node(match,
		    child_find(match->tree, node, BYTES_LITERAL("#")));
	if (!mqtt_topic_level_next(&rest, &is_done, &level)) {
		match_node(match, node);
		return;
	}
	if ((node->wildcards & TOPIC_CHILD_PLUS) != 0 && !is_hidden)
		match_below(match,
		    child_find(match->tree, node, BYTES_LITERAL("+")), rest,
		    is_done);
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
