/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages at QoS 2 that were under way when the daemon ended and sessions,
 * with another number of workers, moved to other homes. Who had such a message
 * says a note: one worker's sessions, by the homes of that time. Every worker
 * takes all of these notes in, and gives the message, when it comes again, only
 * to those that no note speaks of.
 */
#ifndef SIGNET_WORKER_MOVED_H
#define SIGNET_WORKER_MOVED_H

#include "ipc/store.h"
#include "worker/router_forward.h"
#include "worker/worker.h"

struct session;

/*
 * The sessions that were at home at a worker have got it.
 *
 * homes: borrowed. row: of the family of shares, which keeps this note and is
 * for this worker to remove; or IPC_STORE_NONE.
 */
void moved_note(struct worker *worker, const struct forward_origin *origin,
    uint16_t by, const struct ipc_store_homes *homes, uint64_t row);
/* This worker's sessions, as they are at home now. */
void moved_note_here(struct worker *worker, const struct forward_origin *origin,
    uint64_t row);

/* Is there a note of it at all? That speaks of all sessions here? Of one? */
bool moved_is_noted(const struct worker *worker,
    const struct forward_origin *origin);
bool moved_is_noted_here(const struct worker *worker,
    const struct forward_origin *origin);
bool moved_has_got(const struct worker *worker,
    const struct forward_origin *origin, const struct session *session);

/* It does not come again; without a packet identifier: nothing of the session
 * does. The rows of shares go. */
void moved_forget(struct worker *worker, const struct forward_origin *origin);
/* The same, by the publisher's worker: the rows of sessions go, too. */
void moved_end(struct worker *worker, const struct forward_origin *origin);

/* Where sessions are at home now. */
struct ipc_store_homes moved_homes(const struct worker *worker);

void moved_done(struct worker *worker);

#endif
