/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of sharing share.
 */
#ifndef SIGNET_WORKER_SHARING_INTERNAL_H
#define SIGNET_WORKER_SHARING_INTERNAL_H

#include "worker/sharing.h"
#include "worker/topic_tree.h"

/* A walk over all shares on behalf of a peer. */
struct sharing_peer {
	struct worker *worker;
	struct proc_peer *peer;
	struct share **shares; /* that were found */
	size_t count;
};

/* Have the offline members here give away what waits for them. */
void sharing_drain(struct worker *worker, struct share *share);

/* Take from a session without a connection what others that are online can
 * get. */
void sharing_shed(struct session *session);

/* An item of a durable session's queue, which is not in memory any more, waits
 * for another member. It is taken. */
void sharing_orphan(struct session_queue *queue, struct pending *item);

/* Take from the queue of a session without a connection what others can get:
 * once the session has ended, whoever they are, else those that are online. */
void sharing_drain_queue(struct session_queue *queue);

/* Find another member for an item that is kept under an id. It is taken. */
void sharing_give(struct worker *worker, struct pending *item);

/* Send what was owed when the process ended, once this worker is ready. */
void sharing_resend(struct worker *worker);

/* At the end: they stay on disk. */
void sharing_forget_debts(struct worker *worker);

/* Go on with those that had to wait. */
void sharing_resume(struct worker *worker);

#endif
