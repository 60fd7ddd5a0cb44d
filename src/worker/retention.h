/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retained messages over all workers. The message of a topic is kept by one
 * worker, which a keyed hash of the Topic Name picks: the others send it there
 * to be kept, and ask every worker for what a Topic Filter matches.
 *
 * Nothing waits for this: a walk over many topics takes as many turns as it
 * needs, and a page of messages is asked for when the one before is sent.
 */
#ifndef SIGNET_WORKER_RETENTION_H
#define SIGNET_WORKER_RETENTION_H

#include "worker/acks.h"
#include "worker/message.h"
#include "worker/retained.h"
#include "worker/worker.h"

struct retention;
struct subscription;

/* Returned, free with retention_free(). */
struct retention *retention_new(struct worker *worker);
void retention_free(struct retention **retention);

/* What is kept here. */
const struct retained *retention_retained(const struct retention *retention);

/*
 * Keep a message, or remove the one of its topic, and acknowledge it when that
 * is done: with QUOTA_EXCEEDED if there is no room. It has been routed just
 * now. ack: NULL at QoS 0. kept: the workers that it waits for besides, as in
 * acks_push_after().
 */
void retention_put(struct connection *connection,
    const struct ipc_publish *publish, const struct ack *ack, worker_set kept);

/*
 * The same for a message of no connection: a will, or one of our own. True if
 * the promise is kept later, at QoS above 0: then it is called once, or
 * cancelled. promise: NULL if nobody waits.
 */
struct retention_promise {
	void (
	    *on_kept)(struct worker *worker, struct retention_promise *promise);
};
bool retention_put_will(struct worker *worker, const struct ipc_publish *will,
    struct retention_promise *promise);
void retention_promise_cancel(struct worker *worker,
    const struct retention_promise *promise);

/*
 * Keep a message of our own on this worker, whose topic is at home here and
 * whose number is bounded by its maker; on disk, too.
 */
void retention_put_own(struct worker *worker, const struct ipc_publish *own);

/* Is there one of this topic? */
bool retention_has_own(const struct worker *worker, struct bytes topic_name);

/* Walk over what was kept here before this moment; see retained.h. */
struct retained_walk *retention_walk(struct worker *worker,
    struct bytes topic_filter);

/* A connection closes: it gets no acknowledgement. */
void retention_forget(struct worker *worker, struct connection *connection);

/*
 * Send the session what its subscription matches (3.3.1.3); a query for the
 * same subscription that is still going on is ended. It begins when every
 * worker has taken in this announcement: what is published later comes live,
 * and is left out.
 */
void retention_query(struct subscription *subscription,
    struct bytes topic_filter, uint64_t announcement);

/* A message that is to be retained comes live to a subscription with a query:
 * what was published before it, and may be on its way, is left out. */
void retention_overtake(struct subscription *subscription,
    const struct ipc_publish *live);

/* The announcements up to this one have been taken in. */
void retention_taken_in(struct worker *worker, uint64_t announcement);

/* The subscription ends, and with it its query. */
void retention_cancel(struct subscription *subscription);

/* A worker is gone: what was asked of it is asked of the one in its place, and
 * what it was to keep is sent there, when that has taken in what it has. Who was
 * sent a part of the answer gets that part again. */
void retention_peer_down(struct worker *worker, struct proc_peer *peer);
void retention_resume(struct worker *worker, unsigned int index);

/* Take in what is kept on disk: a message_record_encode() of a topic that is
 * at home here. 0; -EBADMSG. */
int retention_take_row(struct worker *worker,
    const struct ipc_store_change *row);

/* Acknowledge to other workers what is on disk by now; at a turn's end. */
void retention_turn_end(struct worker *worker);

/* More waits to be kept by other workers than is held. */
bool retention_is_full(const struct worker *worker);

/* Go on with what is going on, a bounded part of it; at each turn's end.
 * Returns true if the next turn should come at once. */
bool retention_turn(struct worker *worker);

/* Remove some of what has expired; at each tick. */
void retention_tick(struct worker *worker);

/* Handlers of RETAINED_*; 0 or -EBADMSG. */
int on_retained_message(struct worker *worker, struct proc_peer *peer,
    const struct ipc_message *message);

#endif
