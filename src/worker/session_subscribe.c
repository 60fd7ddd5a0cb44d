/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subscriptions of a session.
 */
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/retention.h"
#include "worker/session.h"

static void
subscription_free(struct session *session, struct subscription *subscription)
{
	struct worker *worker = session->worker;
	struct topic_node *node = subscription->node;

	retention_cancel(subscription);
	if (topic_node_subscription_count(node) == 1)
		interest_withdraw(worker, node);
	LIST_REMOVE(subscription, of_session);
	session->subscription_count--;
	worker->statistics.subscriptions--;
	topic_node_remove(worker->topics, subscription);
	free(subscription);
}

void
session_unsubscribe_all(struct session *session)
{
	while (!LIST_EMPTY(&session->subscriptions))
		subscription_free(session, LIST_FIRST(&session->subscriptions));
}

static struct subscription *
subscription_new(struct session *session, struct topic_node *node)
{
	struct subscription *subscription = memory_new(1,
	    sizeof(*subscription));

	subscription->session = session;
	topic_node_add(node, subscription);
	LIST_INSERT_HEAD(&session->subscriptions, subscription, of_session);
	session->subscription_count++;
	session->worker->statistics.subscriptions++;
	if (topic_node_subscription_count(node) == 1)
		interest_announce(session->worker, node);
	return subscription;
}

uint64_t
session_subscribe(struct session *session,
    const struct session_subscription *wanted, struct subscription **made,
    bool *is_new)
{
	struct topic_node *node = topic_tree_node(session->worker->topics,
	    wanted->topic_filter);
	struct subscription *subscription = topic_node_subscription(node,
	    session);

	*is_new = subscription == NULL;
	if (subscription == NULL)
		subscription = subscription_new(session, node);
	subscription->identifier = wanted->identifier;
	subscription->qos = wanted->qos;
	subscription->no_local = wanted->no_local;
	subscription->retain_as_published = wanted->retain_as_published;
	*made = subscription;
	return topic_node_announced(node);
}

bool
session_unsubscribe(struct session *session, struct bytes topic_filter)
{
	struct topic_node *node = topic_tree_find(session->worker->topics,
	    topic_filter);
	struct subscription *subscription = node == NULL
						? NULL
						: topic_node_subscription(node,
						      session);

	if (subscription == NULL)
		return false;
	subscription_free(session, subscription);
	return true;
}

bool
session_is_subscribed(const struct session *session, struct bytes topic_filter)
{
	struct topic_node *node = topic_tree_find(session->worker->topics,
	    topic_filter);

	return node != NULL && topic_node_subscription(node, session) != NULL;
}
