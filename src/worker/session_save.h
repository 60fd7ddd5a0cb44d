/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session on its way to what outlives the process, and back.
 */
#ifndef SIGNET_WORKER_SESSION_SAVE_H
#define SIGNET_WORKER_SESSION_SAVE_H

#include "lib/clock.h"
#include "worker/session.h"
#include "worker/session_record.h"

/*
 * Append the record of a session. The session is the same afterwards, and may
 * have a connection.
 */
void session_save(struct session *session, const struct clock_reading *now,
    record_number_of *number_of, void *context, struct buffer *out);

/*
 * Take in a session that was kept, with its subscriptions; other workers are
 * told of them as of any. One that had a connection when it was saved has just
 * lost it. What is due already is done at the next tick, not here.
 *
 * record: its messages move into the session; session_record_done() all the
 * same.
 * session: the worker's.
 * Returns 0; -EEXIST if there is a session of this identity and client
 * identifier.
 */
int session_restore(struct worker *worker, const struct clock_reading *now,
    struct session_record *record, struct session **session);

/*
 * Append what the store keeps of a session in one row: all but its
 * subscriptions, its queue and the packet identifiers that it has received.
 * Returns when it expires, seconds since 1970, or IPC_STORE_NEVER.
 */
int64_t session_head_encode(struct session *session,
    const struct clock_reading *now, struct buffer *out);

#endif
