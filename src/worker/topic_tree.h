/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who wants which topics: the Topic Filters of this worker's sessions and, as
 * a set of workers per filter, those of the others'.
 */
#ifndef SIGNET_WORKER_TOPIC_TREE_H
#define SIGNET_WORKER_TOPIC_TREE_H

#include <sys/queue.h>

#include "lib/buffer.h"
#include "lib/bytes.h"
#include "worker/share.h"

/* A set of workers: bit n is worker n. */
typedef uint64_t worker_set;
#define WORKER_SET_MAX 64

struct session;
struct topic_node;
struct topic_tree;

/* More subscriptions than that are not at a node, nor members of a share: their
 * memory would be beyond any machine's. */
#define SUBSCRIPTION_POSITION_MAX ((UINT32_C(1) << 29) - 1)

/* A subscription of a session (MQTT 5.0, 3.8.3.1). There are many: it takes 40
 * bytes. */
struct subscription {
	LIST_ENTRY(subscription) of_session;
	struct session *session;
	union {
		struct topic_node *node; /* unless it is shared: */
		struct share *share;
	};
	uint32_t position : 29; /* among the node's, or the share's members */
	bool is_durable : 1;    /* counted as such at its node */
	bool is_shared : 1;
	bool has_query : 1;       /* of retained messages: it goes on */
	uint32_t identifier : 28; /* Subscription Identifier; 0: none */
	uint32_t qos : 2;
	bool no_local : 1;
	bool retain_as_published : 1;
};

/* NULL: it is not shared. */
static inline struct share *
subscription_share(const struct subscription *subscription)
{
	return subscription->is_shared ? subscription->share : NULL;
}

/* Returned, free with topic_tree_free() when no subscription is left. */
struct topic_tree *topic_tree_new(void);
void topic_tree_free(struct topic_tree **tree);

/*
 * The node of a filter, made if it is not there. Each call is paired with a
 * topic_tree_release() of the node, unless something was put into it.
 */
struct topic_node *topic_tree_node(struct topic_tree *tree,
    struct bytes topic_filter);

/* The same if it is there, else NULL; nothing to release. */
struct topic_node *topic_tree_find(struct topic_tree *tree,
    struct bytes topic_filter);

/* Free the node, and those above it, if nothing uses them. */
void topic_tree_release(struct topic_tree *tree, struct topic_node *node);

/* Append the filter of a node. */
void topic_node_filter(const struct topic_node *node, struct buffer *out);

/* Subscriptions of this worker's sessions at a node. */
size_t topic_node_subscription_count(const struct topic_node *node);
/* The session's own at a node, or NULL. */
struct subscription *topic_node_subscription(const struct topic_node *node,
    const struct session *session);
void topic_node_add(struct topic_node *node, struct subscription *subscription);
/* Take it out of its node, which may be released then. */
void topic_node_remove(struct topic_tree *tree,
    struct subscription *subscription);

/* The first of the Shared Subscriptions of the filter, or NULL; this is one
 * more. */
struct share *topic_node_share(const struct topic_node *node);
void topic_node_add_share(struct topic_node *node, struct share *share);

/* Subscriptions at the node, of this worker's sessions, that are marked as
 * durable; this marks one, or not. */
size_t topic_node_durable_count(const struct topic_node *node);
void topic_node_set_durable(struct subscription *subscription, bool is_durable);

/* Another worker has an interest in the filter, for a session that lasts or
 * not; or has no more. */
void topic_node_add_worker(struct topic_node *node, unsigned int worker,
    bool is_durable);
void topic_node_remove_worker(struct topic_tree *tree, struct topic_node *node,
    unsigned int worker);
/*
 * A worker is gone: what it had a durable interest in is owed to the one that
 * comes in its place, until that has said what it has an interest in itself:
 * then what it has not said is over.
 */
void topic_tree_worker_gone(struct topic_tree *tree, unsigned int worker);
void topic_tree_worker_known(struct topic_tree *tree, unsigned int worker);

/* Call visit for each filter that this worker's sessions are subscribed to. */
typedef void topic_visit(void *context, struct topic_node *node);
void topic_tree_each_subscribed(struct topic_tree *tree, topic_visit *visit,
    void *context);

/* Call visit for each Shared Subscription; it may not change the tree. */
typedef void share_visit(void *context, struct share *share);
void topic_tree_each_share(struct topic_tree *tree, share_visit *visit,
    void *context);

/*
 * Find all that a Topic Name matches (4.7).
 *
 * on_subscription: called for each subscription of this worker's sessions; it
 * may not change the tree. on_share: the same for each Shared Subscription;
 * NULL if they are not wanted.
 * durable: the other workers whose interest is durable, added to it.
 * Returns the other workers that have an interest, those included.
 */
typedef void topic_match(void *context, struct subscription *subscription);
worker_set topic_tree_match(struct topic_tree *tree, struct bytes topic_name,
    topic_match *on_subscription, share_visit *on_share, void *context,
    worker_set *durable);

/* How many levels a Topic Name or Filter has. */
size_t topic_level_count(struct bytes topic);

#endif
