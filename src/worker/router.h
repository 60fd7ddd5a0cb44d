/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router: from a message to the sessions that want it, here and on other
 * workers. One match yields both.
 */
#ifndef SIGNET_WORKER_ROUTER_H
#define SIGNET_WORKER_ROUTER_H

#include "worker/message.h"
#include "worker/router_forward.h"
#include "worker/worker.h"

struct router;

/* Returned, free with router_free(). */
struct router *router_new(struct worker *worker);
void router_free(struct router **router);

struct router_result {
	bool has_receivers; /* a session here, or a worker with an interest */
	bool is_full; /* a queue to a worker is full: hold the publisher back */
	bool is_durable; /* a session here that lasts got it, at QoS above 0 */
	/* Those that it was forwarded to, for sessions that last: see
	 * forwards_wait(). */
	worker_set kept;
	uint8_t qos;      /* of the message */
	bool is_repeated; /* it was forwarded before: nothing is done */
};

/*
 * Route a message that was published here: deliver it to this worker's
 * sessions, and forward it to each worker that has an interest.
 * parts: borrowed; copied only if somebody wants it.
 * storage: NULL, or the memory that all parts lie in, which may be taken
 * instead of a copy; the buffer is empty then.
 */
struct router_result router_publish(struct worker *worker,
    const struct ipc_publish *parts, struct buffer *storage);

/*
 * The same for a PUBLISH at QoS 2 of a session that lasts.
 * is_repeated: what shares owe is settled, and this worker's sessions have got
 * it, or those that moved.h knows of; others may not have.
 */
struct router_result router_publish_once(struct worker *worker,
    const struct ipc_publish *parts, struct buffer *storage,
    const struct forward_origin *origin, bool is_repeated);

/* The first half of that: to this worker's sessions, with what shares owe. */
void router_publish_here(struct worker *worker, const struct ipc_publish *parts,
    const struct forward_origin *origin);

/* Give a message to a member of a Shared Subscription that is here. */
void router_share_here(struct worker *worker, struct share *share,
    struct message *message);

/* Find another member of a Shared Subscription for a message. */
struct router_result router_share(struct worker *worker, struct share *share,
    struct message *message);

/*
 * Deliver what another worker has forwarded and keeps; what has to go on from
 * here is owed (see sharing_owe()). storage: as in struct ipc_message.
 * is_repeated: if it is at QoS 2, it was delivered. 0 or -EBADMSG.
 */
int router_forwarded(struct worker *worker, const struct ipc_forward *forward,
    struct buffer *storage, bool is_repeated, struct router_result *result);

/*
 * Handlers, 0 or -EBADMSG. PUBLISH_FORWARD: deliver to this worker's sessions
 * alone. PUBLISH_SHARE: to a member of each share that it names, or hand it on.
 */
int on_publish_forward(struct worker *worker,
    const struct ipc_message *message);
int on_publish_share(struct worker *worker, const struct ipc_message *message);

#endif
