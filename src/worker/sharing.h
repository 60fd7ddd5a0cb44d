/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of Shared Subscriptions over all workers: each tells the others
 * how many it has. Messages at QoS above 0 of a member that leaves go to
 * others (4.8.2): those that it was not sent, and at QoS 1 those that it has
 * not acknowledged.
 */
#ifndef SIGNET_WORKER_SHARING_H
#define SIGNET_WORKER_SHARING_H

#include "ipc/message.h"
#include "proc/child.h"
#include "worker/pending.h"
#include "worker/share.h"

struct ipc_store_row;
struct session;
struct session_queue;
struct sharing_debt;
struct sharing_drain;
struct sharing_note;
struct subscription;
struct worker;

TAILQ_HEAD(share_queue, share);
TAILQ_HEAD(sharing_drain_queue, sharing_drain);
TAILQ_HEAD(sharing_debt_list, sharing_debt);

struct sharing {
	struct share_queue changed;  /* are announced at the turn's end */
	struct share_queue draining; /* offline members give theirs away */
	struct sharing_drain_queue paused; /* until there are fewer orphans */
	/* Wait for another member; one that is kept has its id as sequence. */
	struct pending_queue orphans;
	struct sharing_debt_list debts; /* on their way to other workers */
	struct sharing_note *notes;     /* of others' debts, by their ids */
	bool has_restored;              /* debts that are not sent yet */
};

void sharing_init(struct sharing *sharing);
/* Free everything; the sessions are gone, what was forwarded is not. */
void sharing_done(struct worker *worker);

/* A subscription becomes a member. Other workers must have taken in the share's
 * announced_number before the SUBACK. */
void sharing_join(struct worker *worker, struct share *share,
    struct subscription *subscription);

/* It is no longer one; the session's messages stay. */
void sharing_leave(struct worker *worker, struct subscription *subscription);

/* The session got, or lost, its connection. */
void sharing_attach(struct session *session);
void sharing_detach(struct session *session);

/* It has unsubscribed: what it was not sent goes to others online, if any. */
void sharing_unsubscribed(struct session *session, struct share *share);

/* It ends, and has no subscription left: its messages go to others. True if
 * they are still on disk: then the session is over when session_left() is
 * called. */
bool sharing_end(struct session *session);

/* The session's client is there, or it is freed: what it owes stays with it,
 * as far as it was not taken. NULL is allowed. */
void sharing_drain_free(struct sharing_drain **drain);

/* Read back, for a session that is online: does it have to go to others? Then
 * it is taken. */
bool sharing_takes(struct session_queue *queue, struct pending *item);

/*
 * A message is for a member on another worker, which is to get it once: it is
 * kept from this transaction on until it is there.
 */
void sharing_owe(struct worker *worker, struct share *share,
    struct message *message, unsigned int target);

/*
 * A message came for a share that nobody is known to be a member of, while this
 * worker does not know all members yet: it is kept from this transaction on,
 * and finds one when the worker is ready. 0, or -EBADMSG: there is no such
 * share.
 */
int sharing_await(struct worker *worker, struct bytes group,
    struct bytes topic_filter, const struct ipc_publish *parts);

/*
 * What another worker owed under an id, or published as a will: was it taken
 * here? It is, in this transaction. The other one does not owe it any more.
 */
bool sharing_has_taken(const struct worker *worker, uint64_t id);
void sharing_taken(struct worker *worker, uint64_t id, bool is_will);
void sharing_forget_taken(struct worker *worker, uint64_t id);

/* What a share owed at the end, or took; the row is a SHARE_PUT. */
int sharing_take_row(struct worker *worker, const struct ipc_store_row *row);
/* All rows are there. */
void sharing_loaded(struct worker *worker);

/* At a turn's end: a bounded part of the messages that wait for a member. */
void sharing_turn(struct worker *worker);
/* Should the next turn come at once? */
bool sharing_is_busy(const struct worker *worker);
/* After all else: announce what has changed. */
void sharing_announce(struct worker *worker);

/* Tell a worker everything. A worker went: its members are offline, until the
 * one in its place has told everything. */
void sharing_peer_up(struct worker *worker, struct proc_peer *peer);
void sharing_peer_down(struct worker *worker, struct proc_peer *peer);
void sharing_peer_known(struct worker *worker, struct proc_peer *peer);

/* Handler of INTEREST_SHARE; 0 or -EBADMSG. */
int on_interest_share(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);

#endif
