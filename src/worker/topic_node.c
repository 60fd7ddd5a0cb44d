/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is at a node of the tree: most have nothing, as they lead to others.
 */
#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "worker/topic_tree_internal.h"

struct topic_use
topic_node_use(const struct topic_node *node)
{
	const struct topic_use_worker *worker = &node->use.worker;
	struct topic_use use = { .subscription_count = 0 };
	worker_set bit;

	switch (node->use_kind) {
	case TOPIC_USE_SUBSCRIPTION:
		use.subscription_count = 1;
		use.only = node->use.subscription;
		use.durable_count = use.only->is_durable ? 1 : 0;
		break;
	case TOPIC_USE_WORKER:
		bit = topic_worker_bit(worker->index);
		use.workers = worker->is_interested ? bit : 0;
		use.durable = worker->is_durable ? bit : 0;
		use.owed = worker->is_owed ? bit : 0;
		break;
	case TOPIC_USE_ANY:
		return *node->use.any;
	default:
		use.child_count = node->use.child_count;
		break;
	}
	return use;
}

struct topic_use *
topic_node_get_use(struct topic_node *node)
{
	struct topic_use *use;

	if (node->use_kind != TOPIC_USE_ANY) {
		use = memory_new(1, sizeof(*use));
		*use = topic_node_use(node);
		node->use.any = use;
		node->use_kind = TOPIC_USE_ANY;
	}
	return node->use.any;
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
	if (node->use_kind == TOPIC_USE_ANY) {
		if (node->use.any->subscription_capacity > 0)
			free(node->use.any->subscriptions);
		free(node->use.any);
	}
	node->use_kind = TOPIC_USE_NONE;
}

/* The kind that has room for it. */
static enum topic_use_kind
kind_of(const struct topic_use *use)
{
	worker_set workers = use->workers | use->owed;

	if (topic_use_is_empty(use))
		return TOPIC_USE_NONE;
	if (!LIST_EMPTY(&use->shares) || use->child_count > 0)
		return TOPIC_USE_ANY;
	if (use->subscription_count == 1 && workers == 0)
		return TOPIC_USE_SUBSCRIPTION;
	if (use->subscription_count == 0 && (workers & (workers - 1)) == 0)
		return TOPIC_USE_WORKER;
	return TOPIC_USE_ANY;
}

static struct topic_use_worker
only_worker(const struct topic_use *use)
{
	return (struct topic_use_worker){
		.index = (uint8_t)__builtin_ctzll(use->workers | use->owed),
		.is_interested = use->workers != 0,
		.is_durable = use->durable != 0,
		.is_owed = use->owed != 0,
	};
}

void
topic_node_settle(struct topic_node *node)
{
	struct topic_use use = topic_node_use(node);
	enum topic_use_kind kind = kind_of(&use);
	struct subscription *only;

	if (node->use_kind != TOPIC_USE_ANY || kind == TOPIC_USE_ANY)
		return;
	only = *topic_use_subscriptions(&use);
	topic_node_free_use(node);
	node->use_kind = (uint8_t)kind;
	if (kind == TOPIC_USE_SUBSCRIPTION)
		node->use.subscription = only;
	else if (kind == TOPIC_USE_WORKER)
		node->use.worker = only_worker(&use);
	else
		node->use.child_count = use.child_count;
}

void
topic_node_add_child(struct topic_node *node)
{
	if (node->use_kind == TOPIC_USE_NONE)
		node->use.child_count++;
	else
		topic_node_get_use(node)->child_count++;
}

void
topic_node_remove_child(struct topic_node *node)
{
	if (node->use_kind == TOPIC_USE_NONE)
		node->use.child_count--;
	else
		topic_node_get_use(node)->child_count--;
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
	return topic_node_use(node).subscription_count;
}

struct subscription *
topic_node_subscription(const struct topic_node *node,
    const struct session *session)
{
	struct topic_use use = topic_node_use(node);
	struct subscription *const *all = topic_use_subscriptions(&use);

	for (uint32_t i = 0; i < use.subscription_count; i++)
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

	if (position > SUBSCRIPTION_POSITION_MAX)
		panic("out of memory");
	subscription->node = node;
	subscription->position = position;
	if (position == 0 && use->subscription_capacity == 0) {
		use->only = subscription;
	} else {
		if (position >= use->subscription_capacity)
			use_grow(use);
		use->subscriptions[position] = subscription;
	}
	topic_node_settle(node);
}

void
topic_node_remove(struct topic_tree *tree, struct subscription *subscription)
{
	struct topic_node *node = subscription->node;
	struct topic_use *use;
	struct subscription **all, *last;

	topic_node_set_durable(subscription, false);
	use = topic_node_get_use(node);
	all = use->subscription_capacity == 0 ? &use->only : use->subscriptions;
	last = all[--use->subscription_count];
	all[subscription->position] = last;
	last->position = subscription->position;
	subscription->node = NULL;
	topic_tree_release(tree, node);
}

struct share *
topic_node_share(const struct topic_node *node)
{
	struct topic_use use = topic_node_use(node);

	return LIST_FIRST(&use.shares);
}

void
topic_node_add_share(struct topic_node *node, struct share *share)
{
	LIST_INSERT_HEAD(&topic_node_get_use(node)->shares, share, of_node);
}

size_t
topic_node_durable_count(const struct topic_node *node)
{
	return topic_node_use(node).durable_count;
}

void
topic_node_set_durable(struct subscription *subscription, bool is_durable)
{
	struct topic_node *node = subscription->node;

	if (subscription->is_durable == is_durable)
		return;
	subscription->is_durable = is_durable;
	if (node->use_kind == TOPIC_USE_ANY)
		node->use.any->durable_count += is_durable ? 1 : -1u;
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
	topic_node_settle(node);
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
