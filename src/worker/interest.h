/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interest: which Topic Filters this worker has subscribers for, told to the
 * others. The first subscriber of a filter announces it, the last one
 * withdraws it. A SUBACK waits until every worker has taken the announcements
 * before it in, so that no message published after it is missed.
 */
#ifndef SIGNET_WORKER_INTEREST_H
#define SIGNET_WORKER_INTEREST_H

#include <sys/queue.h>

#include "ipc/message.h"
#include "proc/child.h"
#include "worker/topic_tree.h"

struct worker;
struct connection;

/* A packet that waits for announcements to be taken in. */
struct interest_wait {
	STAILQ_ENTRY(interest_wait) next;
	struct connection *connection; /* NULL: closed meanwhile */
	uint64_t number;
	size_t len;
	uint8_t packet[];
};

STAILQ_HEAD(interest_waits, interest_wait);

struct interest {
	uint64_t announced; /* counts this worker's announcements */
	/* By worker: taken in of ours, to be acknowledged of theirs. */
	uint64_t taken_in[WORKER_SET_MAX];
	uint64_t owed[WORKER_SET_MAX];
	worker_set synced; /* workers whose interest we have wholly */
	struct interest_waits waits;
};

void interest_init(struct interest *interest);
void interest_done(struct interest *interest);

/*
 * A subscription that is not shared was made, or its QoS or whether its
 * session lasts has changed: announce its filter if it has its first
 * subscriber now, or its first that lasts, or no more of these.
 */
void interest_subscribed(struct subscription *subscription, bool is_new);
/* It is to leave its node, as the last one or not. */
void interest_unsubscribe(struct subscription *subscription);

/* Has every worker taken in the announcements up to number? */
bool interest_is_taken_in(const struct worker *worker, uint64_t number);

/*
 * Send a packet to a connection as soon as all workers have taken in the
 * announcements up to number; at once if they have.
 */
void interest_send_after(struct worker *worker, struct connection *connection,
    uint64_t number, struct bytes packet);

/* A connection closes: what waits for it is not sent. */
void interest_forget(struct worker *worker, struct connection *connection);

/*
 * A worker came: tell it everything. A worker went: its interest is forgotten,
 * but for that of sessions that last, which will be back.
 */
void interest_peer_up(struct worker *worker, struct proc_peer *peer);
void interest_peer_down(struct worker *worker, struct proc_peer *peer);

/* All that is kept of this worker's sessions was taken in: only now are the
 * others told of anything. */
void interest_loaded(struct worker *worker);

/* Is another worker there, and is its interest wholly known? */
bool interest_is_known(const struct worker *worker, unsigned int index);

/* Handlers of INTEREST_ADD and _DURABLE, _REMOVE, _SYNC and _ACK; 0 or
 * -EBADMSG. */
int on_interest_add(struct worker *worker, struct proc_peer *peer,
    struct bytes payload, bool is_durable);
int on_interest_remove(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);
int on_interest_sync(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);
int on_interest_ack(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);

/* At a turn's end: acknowledge what was taken in. */
void interest_turn_end(struct worker *worker);

/* Is the interest of every other worker known? */
bool interest_is_complete(const struct worker *worker);

#endif
