/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/router.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/topic.h"
#include "worker/journal.h"
#include "worker/moved.h"
#include "worker/retention.h"
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

/* Of a message that need not be known again. */
static const struct forward_origin no_origin = { .session = 0 };

struct router {
	struct worker *worker;
	/* The message in hand: */
	const struct ipc_publish *parts;
	struct forward_origin origin;
	worker_set durable; /* others with a durable interest */
	uint32_t lasting;   /* of deliveries: to sessions that last */
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
	uint32_t known = session->route_delivery;
	struct delivery *delivery;

	/* What it was at another message may be another's at this one. */
	if (known < router->count &&
	    router->deliveries[known].session == session)
		return &router->deliveries[known];
	if (router->count == router->capacity) {
		router->capacity = router->capacity == 0 ? 64
							 : router->capacity * 2;
		router->deliveries = memory_resize(router->deliveries,
		    router->capacity * sizeof(*router->deliveries));
	}
	session->route_delivery = router->count;
	delivery = &router->deliveries[router->count++];
	router->lasting += session->number != IPC_STORE_NONE ? 1 : 0;
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
	    parts->publisher == session_publisher(subscription->session))
		return; /* [MQTT5-3.8.3-3] */
	if (parts->retain && subscription->has_query)
		retention_overtake(subscription, parts);
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
	router->count = 0;
	router->durable = 0;
	router->lasting = 0;
	router->origin = (struct forward_origin){ .session = 0 };
	share_routes_clear(&router->shares);
}

/* Find who gets it: sessions here, and the workers that want it. */
static worker_set
find_receivers(struct router *router, share_visit *visit_share)
{
	return topic_tree_match(router->worker->topics,
	    router->parts->topic_name, on_match, visit_share, router,
	    &router->durable);
}

/* Deliver to the sessions that were found. */
static void
deliver_to_all(struct router *router, struct message *message)
{
	for (uint32_t i = 0; i < router->count; i++) {
		deliver(&router->deliveries[i], message);
		free(router->deliveries[i].subscription_ids);
	}
	router->count = 0;
}

static bool
has_receivers_here(const struct router *router)
{
	return router->count > 0 || router->shares.here_count > 0 ||
	       router->shares.owed_count > 0;
}

/* How many sessions here keep it until they have acknowledged it. */
static uint32_t
count_lasting(const struct router *router)
{
	uint32_t count = 0;

	if (router->parts->qos == 0)
		return 0;
	for (uint32_t i = 0; router->lasting > 0 && i < router->count; i++)
		if (router->deliveries[i].qos > 0 &&
		    router->deliveries[i].session->number != IPC_STORE_NONE)
			count++;
	return count;
}

static unsigned int
count_workers(worker_set workers)
{
	return (unsigned int)__builtin_popcountll(workers);
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

static void
forward_kept(struct router *router, struct message *message, worker_set workers)
{
	static const struct forward_share none = { .hops = 0 };

	for (unsigned int i = 0; workers != 0; i++, workers >>= 1)
		if (workers & 1)
			forwards_publish(router->worker, i, message,
			    &router->origin, &none);
}

/*
 * The message as an object. One that several rows of the store refer to has an
 * id; kept_id: the one that it has already, or 0.
 */
static struct message *
make_message(const struct router *router, struct buffer *storage,
    uint32_t lasting, uint64_t kept_id)
{
	uint32_t rows = lasting + count_workers(router->durable |
						router->shares.elsewhere);
	struct message *message;

	message = storage == NULL ? message_new(router->parts)
				  : message_new_in(router->parts, storage);
	/* Whether the member of a share lasts is not known yet. */
	if (router->parts->qos > 0)
		rows += router->shares.here_count;
	if (kept_id == 0 && rows > 1 && journal_is_loaded(router->worker))
		kept_id = journal_next_id(router->worker);
	message_set_kept_id(message, kept_id);
	return message;
}

/* The others that have to acknowledge it: for sessions that last, or for all if
 * it may be published again (see router_forward.h). */
static worker_set
keepers(const struct router *router, worker_set workers)
{
	if (router->parts->qos == 0)
		return 0;
	if (router->origin.session == 0)
		workers = router->durable;
	return workers | router->shares.elsewhere;
}

/*
 * Send and deliver the message in hand to those that were found.
 *
 * message: NULL: it is made if anybody keeps or gets it; else taken.
 * workers: others with an interest. hops: how often it was handed on.
 */
static struct router_result
route(struct router *router, struct message *message, struct buffer *storage,
    worker_set workers, uint64_t kept_id, uint8_t hops)
{
	struct worker *worker = router->worker;
	uint32_t lasting = count_lasting(router);
	worker_set sharing = router->shares.elsewhere;
	worker_set kept = keepers(router, workers);
	struct router_result result = {
		.has_receivers = (workers | sharing) != 0 ||
				 has_receivers_here(router),
		.is_durable = lasting > 0,
		.qos = router->parts->qos,
	};

	/* The parts may lie in it from now on. */
	if (message == NULL && (has_receivers_here(router) || kept != 0))
		message = make_message(router, storage, lasting, kept_id);
	if (sharing != 0)
		result.is_full = share_routes_forward(worker, &router->shares,
		    router->parts, message, &router->origin, hops, workers);
	result.kept = kept | router->shares.kept;
	forward_kept(router, message, kept & ~sharing);
	workers &= ~(kept | sharing);
	if (workers != 0 && forward(worker, router->parts, workers))
		result.is_full = true;
	if (message == NULL)
		return result;
	deliver_to_all(router, message);
	share_routes_owe(worker, &router->shares, message);
	if (router->shares.owed_count > 0)
		result.is_durable = true;
	if (share_routes_deliver(&router->shares, message,
		router->origin.is_unsure))
		result.is_durable = true;
	message_unref(&message);
	return result;
}

/* At QoS 0 once at the most, and else again rather than not at all. */
static bool
may_get(const struct router *router, const struct delivery *delivery)
{
	return !router->origin.is_unsure || router->parts->qos == 0 ||
	       delivery->qos > 0;
}

/* Leave out those that have got it already. is_repeated: so have all here,
 * unless there are notes of it. */
static void
leave_out_served(struct router *router, bool is_repeated)
{
	struct worker *worker = router->worker;
	bool is_noted = worker->moved != NULL &&
			moved_is_noted(worker, &router->origin);
	uint32_t kept = 0;

	if (!is_noted && !is_repeated && !router->origin.is_unsure)
		return;
	for (uint32_t i = 0; i < router->count; i++) {
		struct delivery *delivery = &router->deliveries[i];
		bool has_got = is_noted ? moved_has_got(worker, &router->origin,
					      delivery->session)
					: is_repeated;

		if (!has_got && may_get(router, delivery))
			router->deliveries[kept++] = *delivery;
		else
			free(delivery->subscription_ids);
	}
	router->count = kept;
}

struct router_result
router_publish_once(struct worker *worker, const struct ipc_publish *parts,
    struct buffer *storage, const struct forward_origin *origin,
    bool is_repeated)
{
	struct router *router = worker->router;
	struct router_result result;
	worker_set workers;
	bool has_met;

	router_begin(router, parts);
	router->origin = *origin;
	router->shares.owes = origin->session != 0;
	/* What shares owed was settled with what was delivered here. */
	workers = find_receivers(router, is_repeated ? NULL : on_share);
	has_met = router->count > 0;
	leave_out_served(router, is_repeated);
	result = route(router, NULL, storage, workers, 0, 0);
	result.has_receivers = result.has_receivers || has_met;
	return result;
}

void
router_publish_here(struct worker *worker, const struct ipc_publish *parts,
    const struct forward_origin *origin)
{
	struct router *router = worker->router;

	router_begin(router, parts);
	router->origin = *origin;
	router->shares.owes = true;
	find_receivers(router, on_share);
	router->durable = 0;
	(void)route(router, NULL, NULL, 0, 0, 0);
}

struct router_result
router_publish(struct worker *worker, const struct ipc_publish *parts,
    struct buffer *storage)
{
	return router_publish_once(worker, parts, storage, &no_origin, false);
}

struct router_result
router_share(struct worker *worker, struct share *share,
    struct message *message)
{
	struct router *router = worker->router;

	router_begin(router, message_parts(message));
	share_routes_add(worker, &router->shares, share, router->parts, 0);
	return route(router, message_ref(message), NULL, 0, 0, 0);
}

void
router_share_here(struct worker *worker, struct share *share,
    struct message *message)
{
	struct router *router = worker->router;

	router_begin(router, message_parts(message));
	share_routes_add_here(&router->shares, share);
	(void)route(router, message_ref(message), NULL, 0, 0, 0);
}

/* What another worker has sent. */
struct received {
	struct bytes payload;
	struct buffer *storage; /* what it lies in, as ipc_message has it */
	struct forward_origin origin;
	uint64_t kept_id;
	bool is_kept;     /* by the other one */
	bool is_repeated; /* if it is at QoS 2 */
};

/* The message is in hand. True if that is all: it was delivered before. */
static bool
begin_received(struct router *router, const struct received *received,
    const struct ipc_publish *parts, struct router_result *result)
{
	*result = (struct router_result){ .is_durable = true,
		.qos = parts->qos,
		.is_repeated = true };
	if (received->is_repeated && parts->qos == 2)
		return true;
	router_begin(router, parts);
	router->origin = received->origin;
	return false;
}

/* Deliver to this worker's sessions what was forwarded. */
static int
take_publish(struct router *router, const struct received *received,
    struct router_result *result)
{
	struct ipc_publish parts;
	int error = ipc_publish_decode(received->payload, &parts);

	if (error != 0)
		return error;
	if (!mqtt_topic_name_is_valid(parts.topic_name))
		return -EBADMSG;
	if (begin_received(router, received, &parts, result))
		return 0;
	find_receivers(router, NULL);
	leave_out_served(router, false);
	router->durable = 0;
	*result = route(router, NULL, received->storage, 0, received->kept_id,
	    0);
	return 0;
}

static bool
has_members(const struct share *share)
{
	struct share_count all;

	if (share == NULL)
		return false;
	all = share_count_all(share);
	return all.online + all.offline > 0;
}

/*
 * Find members for the shares of these names.
 *
 * is_kept: what finds none yet, waits: set then.
 */
static int
find_members(struct worker *worker, const struct ipc_publish_share *received,
    bool is_kept, bool *waits)
{
	struct bytes names = received->names, group, topic_filter;
	int found;

	while (
	    (found = ipc_share_name_next(&names, &group, &topic_filter)) > 0) {
		struct share *share = share_find(worker->topics, topic_filter,
		    group);
		int error = 0;

		if (is_kept && !worker->is_ready && !has_members(share)) {
			error = sharing_await(worker, group, topic_filter,
			    &received->publish);
			*waits = true;
		} else if (share != NULL) {
			share_routes_add(worker, &worker->router->shares, share,
			    &received->publish, received->hops);
		}
		if (error != 0)
			return error;
	}
	return found;
}

/* The same, and to a member of each share that it names, or hand it on. */
static int
take_share(struct router *router, const struct received *received,
    struct router_result *result)
{
	struct ipc_publish_share share;
	bool waits = false;
	int error = ipc_publish_share_decode(received->payload, &share);

	if (error != 0)
		return error;
	if (!mqtt_topic_name_is_valid(share.publish.topic_name) ||
	    share.hops == 0)
		return -EBADMSG;
	if (begin_received(router, received, &share.publish, result))
		return 0;
	router->shares.owes = received->is_kept;
	error = find_members(router->worker, &share, received->is_kept, &waits);
	if (error != 0)
		return error;
	if (share.has_interest)
		find_receivers(router, NULL);
	leave_out_served(router, false);
	router->durable = 0;
	*result = route(router, NULL, received->storage, 0, received->kept_id,
	    share.hops);
	result->is_durable = result->is_durable || waits;
	return 0;
}

int
on_publish_forward(struct worker *worker, const struct ipc_message *message)
{
	struct received received = { .payload = message->payload,
		.storage = message->storage };
	struct router_result result;

	return take_publish(worker->router, &received, &result);
}

int
on_publish_share(struct worker *worker, const struct ipc_message *message)
{
	struct received received = { .payload = message->payload,
		.storage = message->storage };
	struct router_result result;

	return take_share(worker->router, &received, &result);
}

int
router_forwarded(struct worker *worker, const struct ipc_forward *forward,
    struct buffer *storage, bool is_repeated, struct router_result *result)
{
	struct received received = { .payload = forward->content,
		.storage = storage,
		.origin = { forward->session, forward->packet_id,
		    forward->is_unsure },
		.kept_id = forward->kept_id,
		.is_kept = true,
		.is_repeated = is_repeated };

	if (forward->kind == IPC_FORWARD_SHARE)
		return take_share(worker->router, &received, result);
	return take_publish(worker->router, &received, result);
}
