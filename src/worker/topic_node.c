/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is at a node of the tree: most have nothing, as they lead to others.
 */
#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "worker/topic_tree_internal.h"

/* Nothing is there. */
static const struct topic_use no_use = { .announced = 0 };

const struct topic_use *
topic_node_use(const struct topic_node *node)
{
	return node->use == NULL ? &no_use : node->use;
}

struct topic_use *
topic_node_get_use(struct topic_node *node)
{
	if (node->use == NULL)
		node->use = memory_new(1, sizeof(*node->use));
	return node->use;
}

struct subscription *const *
topic_use_subscriptions(const struct topic_use *use)
{
	return use->subscription_capacity == 0 ? &use->only
					       : use->subscriptions;
}

void
topic_node_free_use(struct topic_node *node)
{
	if (node->use != NULL && node->use->subscription_capacity > 0)
		free(node->use->subscriptions);
	free(node->use);
	node->use = NULL;
}

bool
topic_use_is_empty(const struct topic_use *use)
{
	return use->subscription_count == 0 &&
	       (use->workers | use->owed) == 0 && LIST_EMPTY(&use->shares);
}

void
topic_node_filter(const struct topic_node *node, struct buffer *out)
{
	if (node->parent->parent != NULL) {
		topic_node_filter(node->parent, out);
		buffer_append(out, BYTES_LITERAL("/"));
	}
	buffer_append(out, topic_node_level(node));
}

size_t
topic_node_subscription_count(const struct topic_node *node)
{
	return topic_node_use(node)->subscription_count;
}

struct subscription *
topic_node_subscription(const struct topic_node *node,
    const struct session *session)
{
	const struct topic_use *use = topic_node_use(node);
	struct subscription *const *all = topic_use_subscriptions(use);

	for (uint32_t i = 0; i < use->subscription_count; i++)
		if (all[i]->session == session)
			return all[i];
	return NULL;
}

/* Most have one at the most: only others have an array. */
static void
use_grow(struct topic_use *use)
{
	struct subscription *only = use->only;
	bool was_one = use->subscription_capacity == 0;
	uint32_t capacity = was_one ? 4 : use->subscription_capacity * 2;

	use->subscriptions = memory_resize(was_one ? NULL : use->subscriptions,
	    capacity * sizeof(struct subscription *));
	use->subscription_capacity = capacity;
	if (was_one)
		use->subscriptions[0] = only;
}

void
topic_node_add(struct topic_node *node, struct subscription *subscription)
{
	struct topic_use *use = topic_node_get_use(node);
	uint32_t position = use->subscription_count++;

	subscription->node = node;
	subscription->position = position;
	if (position == 0 && use->subscription_capacity == 0) {
		use->only = subscription;
		return;
	}
	if (position >= use->subscription_capacity)
		use_grow(use);
	use->subscriptions[position] = subscription;
}

void
topic_node_remove(struct topic_tree *tree, struct subscription *subscription)
{
	struct topic_node *node = subscription->node;
	struct topic_use *use = node->use;
	struct subscription **all = use->subscription_capacity == 0
					? &use->only
					: use->subscriptions;
	struct subscription *last = all[--use->subscription_count];

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
	return &topic_node_get_use((struct topic_node *)(uintptr_t)node)
		    ->shares;
}

uint64_t
topic_node_announced(const struct topic_node *node)
{
	return topic_node_use(node)->announced;
}

void
topic_node_set_announced(struct topic_node *node, uint64_t number)
{
	topic_node_get_use(node)->announced = number;
}

size_t
topic_node_durable_count(const struct topic_node *node)
{
	return topic_node_use(node)->durable_count;
}

void
topic_node_set_durable(struct subscription *subscription, bool is_durable)
{
	if (subscription->is_durable == is_durable)
		return;
	subscription->is_durable = is_durable;
	subscription->node->use->durable_count += is_durable ? 1 : -1u;
}

void
topic_node_add_worker(struct topic_node *node, unsigned int worker,
    bool is_durable)
{
	struct topic_use *use = topic_node_get_use(node);

	use->workers |= topic_worker_bit(worker);
	if (is_durable)
		use->durable |= topic_worker_bit(worker);
	else
		use->durable &= ~topic_worker_bit(worker);
}

void
topic_node_remove_worker(struct topic_tree *tree, struct topic_node *node,
    unsigned int worker)
{
	struct topic_use *use = topic_node_get_use(node);

	use->workers &= ~topic_worker_bit(worker);
	use->durable &= ~topic_worker_bit(worker);
	topic_tree_release(tree, node);
}
