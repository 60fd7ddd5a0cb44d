/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/router_share.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "worker/session.h"

/*
 * Workers hand a message on when the members they were thought to have are
 * gone. Each knows of the others what was true a moment ago, so a second hop
 * is rare.
 */
#define HOPS_MAX 8

/* So many members are tried to find one that has room. */
#define TRIES_MAX 16

/* What ipc_share_name_append() adds to the two texts. */
#define NAME_LENGTHS 4

void
share_routes_done(struct share_routes *routes)
{
	free(routes->here);
	free(routes->owed);
	for (size_t i = 0; i < WORKER_SET_MAX; i++)
		buffer_done(&routes->names[i]);
}

void
share_routes_clear(struct share_routes *routes)
{
	routes->here_count = 0;
	routes->owed_count = 0;
	routes->owes = false;
	routes->kept = 0;
	/* Names are left by a message that did not decode. */
	for (unsigned int i = 0; routes->elsewhere != 0; i++) {
		routes->names[i].len = 0;
		routes->elsewhere &= ~((worker_set)1 << i);
	}
}

static void
add_here(struct share_routes *routes, struct share *share)
{
	if (routes->here_count == routes->here_capacity) {
		routes->here_capacity = routes->here_capacity == 0
					    ? 8
					    : routes->here_capacity * 2;
		routes->here = memory_resize(routes->here,
		    routes->here_capacity * sizeof(struct share *));
	}
	routes->here[routes->here_count++] = share;
}

/* Send the names for a worker at QoS 0. True if its queue is full now. */
static bool
push(struct worker *worker, unsigned int index,
    const struct ipc_publish_share *share)
{
	struct bytes pieces[IPC_PUBLISH_SHARE_PART_COUNT];
	uint8_t head[IPC_PUBLISH_SHARE_HEAD_LEN];
	struct proc_peer *peer = worker->peers[index];

	if (peer == NULL)
		return false;
	ipc_publish_share_parts(share, head, pieces);
	proc_peer_push_parts(worker->child, peer, IPC_PUBLISH_SHARE, pieces,
	    IPC_PUBLISH_SHARE_PART_COUNT, -1, false);
	return proc_peer_is_full(worker->child, peer);
}

/* Send the names for a worker. True if its queue is full now. */
static bool
flush(struct worker *worker, struct share_routes *routes, unsigned int index,
    struct ipc_publish_share *share, struct message *message,
    const struct forward_origin *origin)
{
	struct forward_share kept = {
		.names = buffer_view(&routes->names[index]),
		.hops = share->hops,
		.has_interest = share->has_interest,
	};
	bool is_full = false;

	share->names = kept.names;
	if (share->publish.qos == 0) {
		is_full = push(worker, index, share);
	} else {
		forwards_publish(worker, index, message, origin, &kept);
		routes->kept |= (worker_set)1 << index;
	}
	routes->names[index].len = 0;
	routes->elsewhere &= ~((worker_set)1 << index);
	return is_full;
}

/* There is no room for another name: send those that there are. */
static void
flush_early(struct worker *worker, struct share_routes *routes,
    unsigned int index, uint8_t hops, const struct ipc_publish *parts)
{
	static const struct forward_origin none = { .session = 0 };
	struct message *message = message_new(parts);
	struct ipc_publish_share full = {
		.hops = (uint8_t)(hops + 1),
		.publish = *parts,
	};

	flush(worker, routes, index, &full, message, &none);
	message_unref(&message);
}

static void
add_elsewhere(struct worker *worker, struct share_routes *routes,
    const struct share *share, unsigned int index, uint8_t hops,
    const struct ipc_publish *parts)
{
	struct buffer *names = &routes->names[index];
	struct buffer filter = { .data = NULL };

	topic_node_filter(share->node, &filter);
	if (names->len + NAME_LENGTHS + share->group_len + filter.len >
	    IPC_SHARE_NAMES_MAX)
		flush_early(worker, routes, index, hops, parts);
	ipc_share_name_append(share_group(share), buffer_view(&filter), names);
	routes->elsewhere |= (worker_set)1 << index;
	buffer_done(&filter);
}

static void
add_owed(struct share_routes *routes, struct share *share, unsigned int worker)
{
	if (routes->owed_count == routes->owed_capacity) {
		routes->owed_capacity = routes->owed_capacity == 0
					    ? 8
					    : routes->owed_capacity * 2;
		routes->owed = memory_resize(routes->owed,
		    routes->owed_capacity * sizeof(*routes->owed));
	}
	routes->owed[routes->owed_count++] = (struct share_owed){
		.share = share,
		.worker = worker,
	};
}

/* Who was picked by another worker keeps it, if it can: unless somebody is
 * online, but not here. */
static bool
has_to_go_on(const struct share *share, uint8_t hops)
{
	return share->online == 0 && hops < HOPS_MAX &&
	       (share->member_count == 0 || share_count_all(share).online > 0);
}

void
share_routes_add_here(struct share_routes *routes, struct share *share)
{
	if (share->member_count > 0)
		add_here(routes, share);
}

void
share_routes_owe(struct worker *worker, const struct share_routes *routes,
    struct message *message)
{
	for (uint32_t i = 0; i < routes->owed_count; i++)
		sharing_owe(worker, routes->owed[i].share, message,
		    routes->owed[i].worker);
}

void
share_routes_add(struct worker *worker, struct share_routes *routes,
    struct share *share, const struct ipc_publish *parts, uint8_t hops)
{
	int pick = SHARE_HERE;

	if (hops == 0 || has_to_go_on(share, hops))
		pick = share_pick(share);
	if (pick == SHARE_HERE && share->member_count > 0)
		add_here(routes, share);
	else if (pick >= 0 && routes->owes)
		add_owed(routes, share, (unsigned int)pick);
	else if (pick >= 0)
		add_elsewhere(worker, routes, share, (unsigned int)pick, hops,
		    parts);
	else if (hops > 0)
		worker->child->counted[IPC_STATISTIC_MESSAGES_DROPPED]++;
}

bool
share_routes_forward(struct worker *worker, struct share_routes *routes,
    const struct ipc_publish *parts, struct message *message,
    const struct forward_origin *origin, uint8_t hops, worker_set interested)
{
	struct ipc_publish_share share = {
		.hops = (uint8_t)(hops + 1),
		.publish = *parts,
	};
	bool is_full = false;

	for (unsigned int i = 0; routes->elsewhere != 0; i++) {
		if ((routes->elsewhere >> i & 1) == 0)
			continue;
		share.has_interest = (interested >> i & 1) != 0;
		if (flush(worker, routes, i, &share, message, origin))
			is_full = true;
	}
	return is_full;
}

static uint8_t
qos_for(const struct subscription *member, const struct message *message)
{
	uint8_t qos = message_parts(message)->qos;

	return member->qos < qos ? (uint8_t)member->qos
				 : qos; /* [MQTT5-4.8.2-3] */
}

/* At QoS 0 once at the most, and else again rather than not at all. */
static bool
may_get(const struct subscription *member, const struct message *message,
    bool is_unsure)
{
	return !is_unsure || message_parts(message)->qos == 0 ||
	       member->qos > 0;
}

static bool
can_take(const struct subscription *member, const struct message *message,
    bool is_unsure)
{
	return may_get(member, message, is_unsure) &&
	       session_has_room(member->session, message,
		   qos_for(member, message));
}

/* The next member, but for those that would have to drop the message, or may
 * not get it: unless no other is found. */
static struct subscription *
next_member(struct share *share, const struct message *message, bool is_unsure)
{
	struct subscription *first = share_pick_member(share), *member = first;
	uint32_t count = share->online > 0 ? share->online
					   : share->member_count;

	for (uint32_t i = 1; i < count && i < TRIES_MAX; i++) {
		if (can_take(member, message, is_unsure))
			return member;
		member = share_pick_member(share);
	}
	return can_take(member, message, is_unsure) ? member : first;
}

bool
share_routes_deliver(const struct share_routes *routes, struct message *message,
    bool is_unsure)
{
	bool is_durable = false;

	for (uint32_t i = 0; i < routes->here_count; i++) {
		struct share *share = routes->here[i];
		struct subscription *member = next_member(share, message,
		    is_unsure);
		uint32_t identifier = member->identifier;
		struct message_delivery delivery = {
			.qos = qos_for(member, message),
			.retain = member->retain_as_published &&
				  message_parts(message)->retain,
			.subscription_ids = &identifier,
			.subscription_id_count = identifier != 0,
			.share = share,
		};

		if (!may_get(member, message, is_unsure))
			continue;
		if (delivery.qos > 0 &&
		    member->session->number != IPC_STORE_NONE)
			is_durable = true;
		session_deliver(member->session, message, &delivery);
	}
	return is_durable;
}
