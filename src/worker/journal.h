/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's side of the store: changes to what is kept are gathered into a
 * transaction, which leaves at the end of the turn if none is under way, and
 * else when that one is on disk. So the more there is to write, the more is
 * written at once; and what is put and removed again before its transaction
 * leaves is not written at all. What is only removed from queues, for which
 * nobody waits, leaves with what comes next, or about a second later: if all
 * ends before that, some is delivered again at QoS 1.
 *
 * Whoever promises something waits for the transaction that covers it. When
 * the store is away or cannot write, everybody waits; nothing is lost.
 */
#ifndef SIGNET_WORKER_JOURNAL_H
#define SIGNET_WORKER_JOURNAL_H

#include <sys/queue.h>

#include "ipc/store.h"
#include "worker/pending.h"
#include "worker/worker.h"

struct journal;
struct session;
struct session_subscription;

/* Returned, free with journal_free(). */
struct journal *journal_new(struct worker *worker);
void journal_free(struct journal **journal);

/* The store's channel is open, or gone. */
void journal_store_up(struct worker *worker, struct proc_peer *peer);
void journal_store_down(struct worker *worker);

/* Handlers of STORE_*; 0 or -EBADMSG. */
int on_store_message(struct worker *worker, const struct ipc_message *message);

/* Has everything that is kept been taken in? Before that, nothing is ready. */
bool journal_is_loaded(const struct worker *worker);

/* Send what has gathered, if none is under way; at the turn's end, and at least
 * once a second. Those that wait for a transaction that turned out empty go on
 * at once. */
void journal_turn_end(struct worker *worker);

/* Where STORE_READ goes; NULL while no store has answered. */
struct proc_peer *journal_store(const struct worker *worker);

/* A number that no session and no message had or will have. */
uint64_t journal_next_id(struct worker *worker);
/* Less than all of these that this process gives out, more than all that others
 * in its place gave out before; 0 before the store has answered. */
uint64_t journal_first_id(const struct worker *worker);

/*
 * Changes. All of a session are for durable ones only, whose number is not
 * IPC_STORE_NONE.
 *
 * session_changed: its record is written as it is when the transaction leaves;
 * the session must be alive until then, or removed by session_removed.
 */
void journal_session_changed(struct session *session);
void journal_session_removed(struct session *session);
void journal_subscription_put(struct session *session,
    const struct session_subscription *subscription);
void journal_subscription_remove(struct session *session,
    struct bytes topic_filter);
void journal_received_put(struct worker *worker, uint64_t session,
    uint16_t packet_id);
void journal_received_remove(struct worker *worker, uint64_t session,
    uint16_t packet_id);

/* What a worker had put with RECEIVED_PUT by other homes; see moved.h. */
struct forward_origin;
void journal_moved_remove(struct worker *worker,
    const struct forward_origin *origin, uint16_t by,
    const struct ipc_store_homes *homes);

/* What another worker has forwarded, up to a number, is delivered here. */
void journal_forwarded_put(struct worker *worker, unsigned int from,
    uint64_t number);

/*
 * A message joins a session's queue, in the state that the item is in; again
 * with the same sequence when that has changed (PENDING_RELEASE: without its
 * message, which journal_queue_remove() has given back before). A reference to
 * the message is held until it is sent: its body is written into the row if its
 * message_kept_id() is IPC_STORE_NONE, else once under that id.
 *
 * total: as struct ipc_store_change.
 */
void journal_queue_put(struct session *session, uint64_t sequence,
    uint64_t total, const struct pending *item);

/*
 * It is taken out of the queue. kept_id: its message's, IPC_STORE_NONE if it
 * has none any more. If its put has not left yet, both are forgotten.
 */
void journal_queue_remove(struct session *session, uint64_t sequence,
    uint64_t kept_id);

void journal_retained_put(struct worker *worker, struct message *message);
void journal_retained_remove(struct worker *worker, struct bytes topic_name);

/*
 * What Shared Subscriptions owe, or have taken: sharing_debt.c says what it
 * means.
 *
 * id: of journal_next_id(), for this row alone. filter: as members subscribe.
 * message: NULL: none.
 */
void journal_share_put(struct worker *worker, uint64_t id, struct bytes filter,
    struct bytes value, struct message *message);
void journal_share_remove(struct worker *worker, uint64_t id);

/*
 * The transaction that covers all that was said so far; IPC_STORE_NONE if
 * nothing is unwritten. It leaves as soon as it may, and is on disk when
 * journal_is_written() says so.
 */
uint64_t journal_covering(const struct worker *worker);
bool journal_is_written(const struct worker *worker, uint64_t transaction);

/*
 * Be called once, when all that was said so far is on disk; never from within
 * this call. wait: memory of the caller, which may cancel it.
 */
struct journal_wait {
	TAILQ_ENTRY(journal_wait) next;
	uint64_t transaction;
	/* It is the caller's again, who may free it or wait anew. */
	void (*on_written)(struct worker *worker, struct journal_wait *wait);
};
void journal_wait(struct worker *worker, struct journal_wait *wait);
void journal_wait_cancel(struct worker *worker, struct journal_wait *wait);

/* More is unwritten than limits.unwritten_bytes: publishers are held back. */
bool journal_is_full(const struct worker *worker);

#endif
