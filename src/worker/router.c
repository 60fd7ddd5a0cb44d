/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/router.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/topic.h"
#include "worker/router_share.h"
#include "worker/session.h"

/* What one session gets, from all its subscriptions that match. */
struct delivery {
	struct session *session;
	uint32_t *subscription_ids; /* NULL if none */
	uint32_t subscription_id_count;
	uint8_t qos;
	bool retain;
};

struct router {
	struct worker *worker;
	const struct ipc_publish *parts; /* of the message in hand */
	uint64_t number; /* counts messages: marks sessions already met */
	struct delivery *deliveries;
	uint32_t count;
	uint32_t capacity;
	struct share_routes shares;
};

struct router *
router_new(struct worker *worker)
{
	struct router *router = memory_new(1, sizeof(*router));

	router->worker = worker;
	return router;
}

void
router_free(struct router **router)
{
	if (*router == NULL)
		return;
	free((*router)->deliveries);
	share_routes_done(&(*router)->shares);
	free(*router);
	*router = NULL;
}

/* The delivery to a session, begun if this is its first match. */
static struct delivery *
delivery_get(struct router *router, struct session *session)
{
	struct delivery *delivery;

	if (session->route_number == router->number)
		return &router->deliveries[session->route_delivery];
	if (router->count == router->capacity) {
		router->capacity = router->capacity == 0 ? 64
							 : router->capacity * 2;
		router->deliveries = memory_resize(router->deliveries,
		    router->capacity * sizeof(*router->deliveries));
	}
	session->route_number = router->number;
	session->route_delivery = router->count;
	delivery = &router->deliveries[router->count++];
	*delivery = (struct delivery){ .session = session };
	return delivery;
}

static void
delivery_add_identifier(struct delivery *delivery, uint32_t identifier)
{
	delivery->subscription_ids = memory_resize(delivery->subscription_ids,
	    (delivery->subscription_id_count + 1) * sizeof(uint32_t));
	delivery
	    ->subscription_ids[delivery->subscription_id_count++] = identifier;
}

static void
on_match(void *context, struct subscription *subscription)
{
	struct router *router = context;
	const struct ipc_publish *parts = router->parts;
	uint8_t qos = subscription->qos < parts->qos ? subscription->qos
						     : parts->qos;
	struct delivery *delivery;

	if (subscription->no_local &&
	    parts->publisher == subscription->session->id)
		return; /* [MQTT5-3.8.3-3] */
	delivery = delivery_get(router, subscription->session);
	/* Overlapping subscriptions: once, at the most [MQTT-3.3.5-1]. */
	if (qos > delivery->qos)
		delivery->qos = qos;
	if (subscription->retain_as_published && parts->retain)
		delivery->retain = true; /* [MQTT5-3.3.1-13] */
	if (subscription->identifier != 0)
		delivery_add_identifier(delivery, subscription->identifier);
}

static void
deliver(const struct delivery *delivery, struct message *message)
{
	struct message_delivery to = {
		.qos = delivery->qos,
		.retain = delivery->retain,
		.subscription_ids = delivery->subscription_ids,
		.subscription_id_count = delivery->subscription_id_count,
	};

	session_deliver(delivery->session, message, &to);
}

static void
on_share(void *context, struct share *share)
{
	struct router *router = context;

	share_routes_add(router->worker, &router->shares, share, router->parts,
	    0);
}

/* Begin with a message that nobody gets yet. */
static void
router_begin(struct router *router, const struct ipc_publish *parts)
{
	router->parts = parts;
	router->number++;
	router->count = 0;
	share_routes_clear(&router->shares);
}

/* Find who gets it: sessions here, and the workers that want it. */
static worker_set
find_receivers(struct router *router, share_visit *visit_share)
{
	return topic_tree_match(router->worker->topics,
	    router->parts->topic_name, on_match, visit_share, router);
}

/* Deliver to the sessions that were found. */
static void
deliver_to_all(struct router *router, struct message *message)
{
	for (uint32_t i = 0; i < router->count; i++) {
		deliver(&router->deliveries[i], message);
		free(router->deliveries[i].subscription_ids);
	}
	share_routes_deliver(&router->shares, message);
}

static bool
has_receivers_here(const struct router *router)
{
	return router->count > 0 || router->shares.here_count > 0;
}

static void
deliver_all(struct router *router, struct buffer *storage)
{
	struct message *message;

	if (!has_receivers_here(router))
		return;
	message = storage == NULL ? message_new(router->parts)
				  : message_new_in(router->parts, storage);
	deliver_to_all(router, message);
	message_unref(&message);
}

/* Forward to each worker of a set. True if one of the queues is full now. */
static bool
forward(struct worker *worker, const struct ipc_publish *parts,
    worker_set workers)
{
	struct bytes pieces[IPC_PUBLISH_PART_COUNT];
	uint8_t head[IPC_PUBLISH_HEAD_LEN];
	bool is_full = false;

	ipc_publish_parts(parts, head, pieces);
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++) {
		struct proc_peer *peer = worker->peers[i];

		if ((workers >> i & 1) == 0 || peer == NULL)
			continue;
		proc_peer_push_parts(worker->child, peer, IPC_PUBLISH_FORWARD,
		    pieces, IPC_PUBLISH_PART_COUNT, -1, false);
		if (proc_peer_is_full(worker->child, peer))
			is_full = true;
	}
	return is_full;
}

struct router_result
router_publish(struct worker *worker, const struct ipc_publish *parts,
    struct buffer *storage)
{
	struct router *router = worker->router;
	struct router_result result = { .is_full = false };
	worker_set workers, sharing;

	router_begin(router, parts);
	workers = find_receivers(router, on_share);
	sharing = router->shares.elsewhere;
	result.has_receivers = (workers | sharing) != 0 ||
			       has_receivers_here(router);
	/* First: the parts may go with the message that is delivered. */
	if (sharing != 0)
		result.is_full = share_routes_forward(worker, &router->shares,
		    parts, 0, workers);
	if ((workers & ~sharing) != 0 &&
	    forward(worker, parts, workers & ~sharing))
		result.is_full = true;
	deliver_all(router, storage);
	return result;
}

void
router_share(struct worker *worker, struct share *share,
    struct message *message)
{
	struct router *router = worker->router;
	const struct ipc_publish *parts = message_parts(message);

	router_begin(router, parts);
	share_routes_add(worker, &router->shares, share, parts, 0);
	share_routes_forward(worker, &router->shares, parts, 0, 0);
	deliver_to_all(router, message);
}

int
on_publish_forward(struct worker *worker, const struct ipc_message *message)
{
	struct ipc_publish parts;
	int error = ipc_publish_decode(message->payload, &parts);

	if (error != 0)
		return error;
	if (!mqtt_topic_name_is_valid(parts.topic_name))
		return -EBADMSG;
	router_begin(worker->router, &parts);
	find_receivers(worker->router, NULL);
	deliver_all(worker->router, message->storage);
	return 0;
}

/* Find members for the shares of these names. */
static int
find_members(struct worker *worker, const struct ipc_publish_share *received)
{
	struct bytes names = received->names, group, topic_filter;
	int found;

	while (
	    (found = ipc_share_name_next(&names, &group, &topic_filter)) > 0) {
		struct share *share = share_find(worker->topics, topic_filter,
		    group);

		if (share != NULL)
			share_routes_add(worker, &worker->router->shares, share,
			    &received->publish, received->hops);
	}
	return found;
}

int
on_publish_share(struct worker *worker, const struct ipc_message *message)
{
	struct router *router = worker->router;
	struct ipc_publish_share received;
	int error = ipc_publish_share_decode(message->payload, &received);

	if (error != 0)
		return error;
	if (!mqtt_topic_name_is_valid(received.publish.topic_name) ||
	    received.hops == 0)
		return -EBADMSG;
	router_begin(router, &received.publish);
	error = find_members(worker, &received);
	if (error != 0)
		return error;
	if (received.has_interest)
		find_receivers(router, NULL);
	share_routes_forward(worker, &router->shares, &received.publish,
	    received.hops, 0);
	deliver_all(router, message->storage);
	return 0;
}
