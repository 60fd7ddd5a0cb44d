/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of sharing share.
 */
#ifndef SIGNET_WORKER_SHARING_INTERNAL_H
#define SIGNET_WORKER_SHARING_INTERNAL_H

#include "lib/pack.h"
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

/* A message waits for a member, on disk from this transaction on. */
void sharing_keep(struct worker *worker, struct share *share,
    struct message *message);

/* Find another member for an item that is kept under an id. It is taken. */
void sharing_give(struct worker *worker, struct pending *item);

/* What a row of a share is: the first byte of its value. WILL_ROW is 3. */
#define SHARING_ROW_DEBT      1
#define SHARING_ROW_NOTE      2
#define SHARING_ROW_WILL_NOTE 4
#define SHARING_ROW_DEBT_OVER 5

/* Did this worker put it, or one whose rows are its to keep? */
bool sharing_is_own(const struct worker *worker,
    const struct ipc_store_row *row);
/* A note that anybody has made. in: behind its first byte. False if it is
 * none. */
bool sharing_take_note(struct worker *worker, struct unpack *in,
    const struct ipc_store_row *row, bool is_will);
/* Was what has this id taken, and by whom? At the start only. */
bool sharing_find_note(const struct worker *worker, uint64_t id,
    unsigned int *by);
/* Those of others are of no use any more. */
void sharing_notes_loaded(struct worker *worker);
void sharing_notes_done(struct worker *worker);

/* Send what was owed when the process ended, once this worker is ready. */
void sharing_resend(struct worker *worker);

/* At the end: they stay on disk. */
void sharing_forget_debts(struct worker *worker);

/* Go on with those that had to wait. */
void sharing_resume(struct worker *worker);

#endif
