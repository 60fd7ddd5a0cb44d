/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subscriptions of a session.
 */
#include <stdlib.h>

#include "beat/offer.h"
#include "lib/pool.h"
#include "mqtt/topic.h"
#include "worker/connection.h"
#include "worker/heartbeat.h"
#include "worker/journal.h"
#include "worker/retention.h"
#include "worker/session.h"

static void
subscription_free(struct session *session, struct subscription *subscription)
{
	struct worker *worker = session->worker;

	retention_cancel(subscription);
	LIST_REMOVE(subscription, of_session);
	session->subscription_count--;
	worker->child->counted[IPC_STATISTIC_SUBSCRIPTIONS]--;
	if (subscription->is_shared) {
		session->share_count--;
		sharing_leave(worker, subscription);
	} else {
		interest_unsubscribe(subscription);
		topic_node_remove(worker->topics, subscription);
	}
	pool_free(&worker->subscriptions, subscription);
}

void
session_unsubscribe_all(struct session *session)
{
	while (!LIST_EMPTY(&session->subscriptions))
		subscription_free(session, LIST_FIRST(&session->subscriptions));
}

static struct subscription *
subscription_new(struct session *session)
{
	struct subscription *subscription = pool_new(
	    &session->worker->subscriptions, sizeof(*subscription));

	subscription->session = session;
	LIST_INSERT_HEAD(&session->subscriptions, subscription, of_session);
	session->subscription_count++;
	session->worker->child->counted[IPC_STATISTIC_SUBSCRIPTIONS]++;
	return subscription;
}

/* A new one at a node. */
static struct subscription *
subscribe_at(struct session *session, struct topic_node *node)
{
	struct subscription *subscription = subscription_new(session);

	topic_node_add(node, subscription);
	return subscription;
}

/* The one for a filter, or NULL. */
static struct subscription *
subscription_find(const struct session *session, struct bytes topic_filter)
{
	struct topic_tree *topics = session->worker->topics;
	const struct topic_node *node = NULL;
	const struct share *share = NULL;
	struct subscription *subscription;
	struct bytes group, rest;

	if (mqtt_topic_filter_is_shared(topic_filter, &group, &rest)) {
		share = share_find(topics, rest, group);
		if (share == NULL)
			return NULL;
	} else {
		node = topic_tree_find(topics, topic_filter);
		if (node == NULL)
			return NULL;
		/* Many may be subscribed to it, or this session to many. */
		if (topic_node_subscription_count(node) <
		    session->subscription_count)
			return topic_node_subscription(node, session);
	}
	LIST_FOREACH(subscription, &session->subscriptions, of_session)
	if (share != NULL
		? subscription_share(subscription) == share
		: !subscription->is_shared && subscription->node == node)
		return subscription;
	return NULL;
}

/* The one for a filter, made if it is not there. */
static struct subscription *
subscription_get(struct session *session, struct bytes topic_filter,
    bool *is_new)
{
	struct worker *worker = session->worker;
	struct subscription *subscription = subscription_find(session,
	    topic_filter);
	struct bytes group, rest;
	struct share *share;

	*is_new = subscription == NULL;
	if (mqtt_topic_filter_is_shared(topic_filter, &group, &rest)) {
		share = share_get(worker->topics, rest, group);
		if (subscription == NULL) {
			subscription = subscription_new(session);
			session->share_count++;
			sharing_join(worker, share, subscription);
		}
		share_unref(&share);
		return subscription;
	}
	if (subscription == NULL)
		subscription = subscribe_at(session,
		    topic_tree_node(worker->topics, topic_filter));
	return subscription;
}

static uint64_t
subscribe(struct session *session, const struct session_subscription *wanted,
    struct subscription **made, bool *is_new)
{
	struct subscription *subscription = subscription_get(session,
	    wanted->topic_filter, is_new);
	uint32_t interval_ms;

	subscription->identifier = wanted->identifier;
	subscription->qos = wanted->qos;
	subscription->no_local = wanted->no_local;
	subscription->retain_as_published = wanted->retain_as_published;
	if (beat_topic_interval(wanted->topic_filter, &interval_ms) == 0)
		session->has_heartbeat = true;
	*made = subscription;
	if (subscription->is_shared)
		return subscription->share->announced_number;
	interest_subscribed(subscription, *is_new);
	/* Its filter was announced before, or just now. */
	return session->worker->interest.announced;
}

uint64_t
session_subscribe(struct session *session,
    const struct session_subscription *wanted, struct subscription **made,
    bool *is_new)
{
	if (session->number != IPC_STORE_NONE)
		journal_subscription_put(session, wanted);
	return subscribe(session, wanted, made, is_new);
}

void
session_restore_subscription(struct session *session,
    const struct session_subscription *wanted)
{
	struct subscription *made;
	bool is_new;

	(void)subscribe(session, wanted, &made, &is_new);
}

bool
session_unsubscribe(struct session *session, struct bytes topic_filter)
{
	struct subscription *subscription = subscription_find(session,
	    topic_filter);
	struct share *share = NULL;

	if (subscription == NULL)
		return false;
	if (session->number != IPC_STORE_NONE)
		journal_subscription_remove(session, topic_filter);
	if (subscription->is_shared)
		share = share_ref(subscription->share);
	subscription_free(session, subscription);
	if (share != NULL)
		sharing_unsubscribed(session, share);
	share_unref(&share);
	if (session->connection != NULL)
		heartbeat_unsubscribed(session->connection, topic_filter);
	return true;
}

bool
session_is_subscribed(const struct session *session, struct bytes topic_filter)
{
	return subscription_find(session, topic_filter) != NULL;
}
