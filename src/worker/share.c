/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/share.h"

#include <sys/random.h>

#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "worker/topic_tree.h"

static struct share *
find_at(const struct topic_node *node, struct bytes group)
{
	struct share *share = topic_node_share(node);

	while (share != NULL && !bytes_equal(share_group(share), group))
		share = LIST_NEXT(share, of_node);
	return share;
}

struct share *
share_find(struct topic_tree *tree, struct bytes topic_filter,
    struct bytes group)
{
	struct topic_node *node = topic_tree_find(tree, topic_filter);

	return node == NULL ? NULL : find_at(node, group);
}

static struct share *
share_new(struct topic_tree *tree, struct topic_node *node, struct bytes group)
{
	struct share *share = memory_new(1, sizeof(*share) + group.len);

	share->tree = tree;
	share->node = node;
	share->group_len = group.len;
	if (group.len > 0)
		memcpy(share->group, group.data, group.len);
	/* Else all workers would begin with the same member. */
	if (getrandom(&share->turn, sizeof(share->turn), 0) !=
	    (ssize_t)sizeof(share->turn))
		panic("getrandom() gives what was there at start");
	share->member_turn = share->turn;
	topic_node_add_share(node, share);
	return share;
}

struct share *
share_get(struct topic_tree *tree, struct bytes topic_filter,
    struct bytes group)
{
	struct topic_node *node = topic_tree_node(tree, topic_filter);
	struct share *share = find_at(node, group);

	return share_ref(share != NULL ? share : share_new(tree, node, group));
}

static void
share_free(struct share *share)
{
	LIST_REMOVE(share, of_node);
	free(share->members);
	free(share->elsewhere);
	free(share);
}

struct share *
share_ref(struct share *share)
{
	share->references++;
	return share;
}

void
share_unref(struct share **share)
{
	struct share *last = *share;
	struct topic_tree *tree;
	struct topic_node *node;

	*share = NULL;
	if (last == NULL || --last->references > 0 || last->member_count > 0 ||
	    last->elsewhere_count > 0)
		return;
	tree = last->tree;
	node = last->node;
	share_free(last);
	topic_tree_release(tree, node);
}

void
share_list_free(struct share_list *shares)
{
	while (!LIST_EMPTY(shares))
		share_free(LIST_FIRST(shares));
}

struct bytes
share_group(const struct share *share)
{
	return bytes_of(share->group, share->group_len);
}

void
share_filter(const struct share *share, struct buffer *out)
{
	buffer_append(out, BYTES_LITERAL("$share/"));
	buffer_append(out, share_group(share));
	buffer_append(out, BYTES_LITERAL("/"));
	topic_node_filter(share->node, out);
}

struct subscription *
share_member(const struct share *share, const struct session *session)
{
	for (uint32_t i = 0; i < share->member_count; i++)
		if (share->members[i]->session == session)
			return share->members[i];
	return NULL;
}

static void
put(struct share *share, uint32_t position, struct subscription *subscription)
{
	share->members[position] = subscription;
	subscription->position = position;
}

/* Let a member change its place with the one at a position. */
static void
swap(struct share *share, struct subscription *subscription, uint32_t position)
{
	struct subscription *other = share->members[position];
	uint32_t own = subscription->position;

	put(share, position, subscription);
	put(share, own, other);
}

void
share_set_online(struct subscription *subscription, bool is_online)
{
	struct share *share = subscription->share;

	if (is_online == (subscription->position < share->online))
		return;
	if (is_online)
		swap(share, subscription, share->online++);
	else
		swap(share, subscription, --share->online);
}

void
share_add(struct share *share, struct subscription *subscription,
    bool is_online)
{
	if (share->member_count == share->member_capacity) {
		uint32_t capacity = share->member_capacity == 0
					? 1
					: share->member_capacity * 2;

		share->members = memory_resize(share->members,
		    capacity * sizeof(struct subscription *));
		share->member_capacity = capacity;
	}
	if (share->member_count > SUBSCRIPTION_POSITION_MAX)
		panic("out of memory");
	subscription->share = share;
	subscription->is_shared = true;
	put(share, share->member_count++, subscription);
	share_set_online(subscription, is_online);
}

void
share_remove(struct subscription *subscription)
{
	struct share *share = subscription->share;

	share_set_online(subscription, false);
	/* The last takes its place, and may not be drained yet. */
	swap(share, subscription, --share->member_count);
	share->drained = 0;
	subscription->share = NULL;
	subscription->is_shared = false;
}

struct share_count
share_count_here(const struct share *share)
{
	return (struct share_count){
		.online = share->online,
		.offline = share->member_count - share->online,
	};
}

static struct share_elsewhere *
find_elsewhere(const struct share *share, unsigned int worker)
{
	for (uint32_t i = 0; i < share->elsewhere_count; i++)
		if (share->elsewhere[i].worker == worker)
			return &share->elsewhere[i];
	return NULL;
}

bool
share_is_at(const struct share *share, unsigned int worker)
{
	return find_elsewhere(share, worker) != NULL;
}

struct share_count
share_count_all(const struct share *share)
{
	struct share_count all = share_count_here(share);

	/* Workers bound the sessions they take: this does not overflow. */
	for (uint32_t i = 0; i < share->elsewhere_count; i++) {
		all.online += share->elsewhere[i].count.online;
		all.offline += share->elsewhere[i].count.offline;
	}
	return all;
}

static void
forget_elsewhere(struct share *share, unsigned int worker)
{
	struct share_elsewhere *at = find_elsewhere(share, worker);

	if (at == NULL)
		return;
	*at = share->elsewhere[--share->elsewhere_count];
	if (share->elsewhere_count > 0)
		return;
	free(share->elsewhere);
	share->elsewhere = NULL;
}

void
share_set_elsewhere(struct share *share, unsigned int worker,
    struct share_count count)
{
	struct share_elsewhere *at = find_elsewhere(share, worker);

	if (count.online == 0 && count.offline == 0) {
		forget_elsewhere(share, worker);
		return;
	}
	if (at == NULL) {
		share->elsewhere = memory_resize(share->elsewhere,
		    (share->elsewhere_count + 1) * sizeof(*at));
		at = &share->elsewhere[share->elsewhere_count++];
	}
	*at = (struct share_elsewhere){ .worker = worker, .count = count };
}

void
share_worker_gone(struct share *share, unsigned int worker)
{
	struct share_elsewhere *at = find_elsewhere(share, worker);

	if (at == NULL)
		return;
	at->count.offline += at->count.online;
	at->count.online = 0;
	at->is_owed = true;
}

void
share_worker_known(struct share *share, unsigned int worker)
{
	const struct share_elsewhere *at = find_elsewhere(share, worker);

	if (at != NULL && at->is_owed)
		forget_elsewhere(share, worker);
}

static uint32_t
eligible(struct share_count count, bool is_online)
{
	return is_online ? count.online : count.offline;
}

int
share_pick(struct share *share)
{
	struct share_count all = share_count_all(share);
	bool is_online = all.online > 0;
	uint32_t total = eligible(all, is_online);
	uint32_t rest;

	if (total == 0)
		return SHARE_NOBODY;
	rest = share->turn++ % total;
	for (uint32_t i = 0; i < share->elsewhere_count; i++) {
		uint32_t there = eligible(share->elsewhere[i].count, is_online);

		if (rest < there)
			return (int)share->elsewhere[i].worker;
		rest -= there;
	}
	return SHARE_HERE;
}

struct subscription *
share_pick_member(struct share *share)
{
	uint32_t offline = share->member_count - share->online;

	if (share->online > 0)
		return share->members[share->member_turn++ % share->online];
	if (offline > 0)
		return share->members[share->member_turn++ % offline];
	return NULL;
}
