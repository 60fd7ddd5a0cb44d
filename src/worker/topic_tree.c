/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of levels. Its edges lie in one table, keyed by parent and level, and
 * what is at a node is apart from it: an inner node costs 48 bytes. The table
 * grows by one bucket with each node that it has no room for (linear hashing:
 * Litwin 1980), so that no turn has to move all of it.
 */
#include "worker/topic_tree.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"
#include "mqtt/topic.h"
#include "worker/topic_tree_internal.h"

struct topic_tree {
	struct topic_node *root;
	struct topic_node **buckets;
	size_t bucket_count;
	size_t bucket_capacity; /* a power of 2 */
	size_t edge_count;
	struct buffer edge; /* to look one up */
};

#define BUCKETS_MIN 16

static void
node_free(struct topic_node *node)
{
	topic_node_free_use(node);
	free(node);
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

	if (parent->child_count == 0)
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

/* Where the parent keeps that it has a child for a wildcard level; NULL if it
 * is not one. */
static bool *
wildcard_slot(struct topic_node *parent, struct bytes level)
{
	if (bytes_equal(level, BYTES_LITERAL("+")))
		return &parent->has_plus;
	if (bytes_equal(level, BYTES_LITERAL("#")))
		return &parent->has_number;
	return NULL;
}

static struct topic_node *
child_new(struct topic_tree *tree, struct topic_node *parent,
    struct bytes level)
{
	struct topic_node *child = memory_new(1, sizeof(*child) + level.len);
	bool *slot = wildcard_slot(parent, level);

	child->parent = parent;
	child->level_len = (uint16_t)level.len;
	if (level.len > 0)
		memcpy(child->level, level.data, level.len);
	if (++tree->edge_count > tree->bucket_count)
		table_grow(tree);
	edge_add(tree, child);
	parent->child_count++;
	if (slot != NULL)
		*slot = true;
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

	tree->root = memory_new(1, sizeof(*tree->root));
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
		if (node->use != NULL)
			share_list_free(&node->use->shares);
		node_free(node);
	}
	buffer_done(&(*tree)->edge);
	free((*tree)->buckets);
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
	return node->child_count > 0 ||
	       !topic_use_is_empty(topic_node_use(node)) ||
	       node->parent == NULL;
}

void
topic_tree_release(struct topic_tree *tree, struct topic_node *node)
{
	while (!node_is_used(node)) {
		struct topic_node *parent = node->parent;
		bool *slot = wildcard_slot(parent, topic_node_level(node));

		if (slot != NULL)
			*slot = false;
		edge_remove(tree, node);
		parent->child_count--;
		node_free(node);
		node = parent;
	}
	if (topic_use_is_empty(topic_node_use(node)))
		topic_node_free_use(node);
}

/* Forget what a worker has an interest in; or else what is owed to it. */
static void
remove_worker(struct topic_use *use, worker_set bit, bool is_gone)
{
	if (!is_gone) {
		use->owed &= ~bit;
		return;
	}
	use->owed |= use->durable & bit;
	use->workers &= ~bit;
	use->durable &= ~bit;
}

static void
tree_remove_worker(struct topic_tree *tree, worker_set bit, bool is_gone)
{
	struct topic_node **concerned = NULL;
	size_t count = 0, capacity = 0, bucket = 0;
	struct topic_node *node = NULL;

	while ((node = edge_next(tree, node, &bucket)) != NULL) {
		struct topic_use *use = node->use;

		if (use == NULL ||
		    ((is_gone ? use->workers : use->owed) & bit) == 0)
			continue;
		if (count == capacity) {
			capacity = capacity == 0 ? 64 : capacity * 2;
			concerned = memory_resize(concerned,
			    capacity * sizeof(struct topic_node *));
		}
		remove_worker(use, bit, is_gone);
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
		if (topic_node_use(node)->subscription_count > 0)
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
		LIST_FOREACH(share, &topic_node_use(node)->shares, of_node)
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
	const struct topic_use *use = topic_node_use(node);
	struct subscription *const *all = topic_use_subscriptions(use);
	struct share *share;

	match->workers |= use->workers | use->owed;
	match->durable |= use->durable | use->owed;
	for (uint32_t i = 0; i < use->subscription_count; i++)
		match->on_subscription(match->context, all[i]);
	if (match->on_share == NULL)
		return;
	LIST_FOREACH(share, &use->shares, of_node)
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
	if (node->has_number && !is_hidden)
		match_node(match,
		    child_find(match->tree, node, BYTES_LITERAL("#")));
	if (!mqtt_topic_level_next(&rest, &is_done, &level)) {
		match_node(match, node);
		return;
	}
	if (node->has_plus && !is_hidden)
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
