/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router's part for Shared Subscriptions: which of them have their member
 * here for the message in hand, and which on what other worker.
 */
#ifndef SIGNET_WORKER_ROUTER_SHARE_H
#define SIGNET_WORKER_ROUTER_SHARE_H

#include "worker/message.h"
#include "worker/router_forward.h"
#include "worker/worker.h"

/* A share whose member is on another worker. */
struct share_owed {
	struct share *share;
	unsigned int worker;
};

struct share_routes {
	struct share **here;
	uint32_t here_count;
	uint32_t here_capacity;
	worker_set elsewhere; /* have names */
	worker_set kept;      /* were sent it, and must acknowledge it */
	struct buffer names[WORKER_SET_MAX];
	/* It is to get to others once, whoever dies: see sharing_owe(). */
	bool owes;
	struct share_owed *owed;
	uint32_t owed_count;
	uint32_t owed_capacity;
};

void share_routes_done(struct share_routes *routes);

/* Begin with another message. */
void share_routes_clear(struct share_routes *routes);

/*
 * Decide who of a share gets the message. share: has to have a reference or a
 * member until share_routes_deliver(). hops: how many workers have handed the
 * message on to find a member.
 */
void share_routes_add(struct worker *worker, struct share_routes *routes,
    struct share *share, const struct ipc_publish *parts, uint8_t hops);

/*
 * Send the message to the workers whose members were picked, and tell those of
 * the set interested that it is for others, too; at QoS above 0 it is kept
 * until they acknowledge it. True if a queue is full now.
 *
 * message: of these parts; NULL at QoS 0.
 */
bool share_routes_forward(struct worker *worker, struct share_routes *routes,
    const struct ipc_publish *parts, struct message *message,
    const struct forward_origin *origin, uint8_t hops, worker_set interested);

/* A member that is here gets it, if there is any. */
void share_routes_add_here(struct share_routes *routes, struct share *share);

/* Have what is owed to other workers kept. */
void share_routes_owe(struct worker *worker, const struct share_routes *routes,
    struct message *message);

/*
 * Deliver it to the members that are here. is_unsure: one may have got it from
 * a process that is gone: those who would get it at QoS 0 do not get it again.
 * True if the session of one lasts and gets it at QoS above 0.
 */
bool share_routes_deliver(const struct share_routes *routes,
    struct message *message, bool is_unsure);

#endif
