/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of a durable session. Each message at QoS above 0 gets the next
 * sequence and a row in the store; an acknowledgement takes the row away. While
 * the client is there, memory holds the first of them: what is in flight and a
 * page of what waits. The rest is only on disk, and is read back as the client
 * takes what is before it. While it is away, nothing is in memory but this.
 *
 * Packet identifiers follow from sequences, so that they need no other write.
 */
#ifndef SIGNET_WORKER_SESSION_QUEUE_H
#define SIGNET_WORKER_SESSION_QUEUE_H

#include "ipc/store.h"
#include "lib/index.h"
#include "worker/pending.h"
#include "worker/worker.h"

struct session;
struct session_head;
struct session_pager;
struct sharing_drain;

struct session_queue {
	struct index_link in_index; /* by the session's number */
	struct session *session;
	uint64_t first;  /* nothing is before it; kept while it is not read */
	uint64_t last;   /* sequence; 0: none was given yet */
	uint64_t sent;   /* up to here each may have been sent; 0: none */
	uint64_t total;  /* bytes put so far */
	uint64_t bytes;  /* of those that are in it; the same, of messages: */
	uint64_t count;  /* after a start at most so many */
	uint16_t resend; /* as many of the first may have been sent, besides */
	bool has_shared; /* some may be for Shared Subscriptions */
	bool is_leaving; /* the session has ended: see sharing_end() */
	struct session_pager *pager; /* NULL: its client is away */
	struct sharing_drain *drain; /* NULL: nothing of it is given away */
};

/* The session, of this number, becomes durable. */
void session_queue_new(struct session *session, uint64_t number);
/* Forget it, but not what the store has of it. NULL is allowed. */
void session_queue_free(struct session_queue **queue);

/* The one of the session with this number, or NULL. */
struct session_queue *session_queue_find(const struct worker *worker,
    uint64_t number);

/* All of them, also of sessions that have ended: as index_next(). */
struct session_queue *session_queue_next(const struct worker *worker,
    const struct session_queue *queue, size_t *bucket);

/* What a session that is taken in has in the store. */
void session_queue_restore(struct session_queue *queue,
    const struct ipc_store_row *row, const struct session_head *head);

/* Fill in what the head keeps of it. */
void session_queue_head(const struct session_queue *queue,
    struct session_head *head);

/* The client is there: once what was said so far is on disk, its queue can be
 * read. Or it has gone: all that is in memory is forgotten. */
void session_queue_attach(struct session_queue *queue);
void session_queue_detach(struct session_queue *queue);

/*
 * Put a message into the queue, on its way to the store. True if the caller is
 * to hold the item in memory, behind all others of the session; else it is the
 * caller's to free, and may be empty.
 */
bool session_queue_put(struct session_queue *queue, struct pending *item);

/* An item is done with. The item stays the caller's. */
void session_queue_remove(struct session_queue *queue,
    const struct pending *item);

/* PUBREC came for the one at a position of what is in flight: its message is
 * given back. PUBREL is to be sent when its transaction is written. */
void session_queue_release(struct session_queue *queue, uint32_t position);

/*
 * May the first that waits be sent? At QoS 2 only when it is on disk, so that
 * the client never gets another message under its packet identifier; and none
 * while one is in flight that would have the same. If not, the session is
 * called when it may.
 */
bool session_queue_may_send(const struct session_queue *queue,
    const struct pending *item);

/* The packet identifier of a sequence: 1..65535. */
uint16_t session_queue_packet_id(uint64_t sequence);

/* It is no longer one of those in memory that wait. */
void session_queue_popped(struct session_queue *queue,
    const struct pending *item);

/* It is sent for the first time. */
void session_queue_sent(struct session_queue *queue,
    const struct pending *item);

/* Read on if memory has room for more. */
void session_queue_read(struct session_queue *queue);

/* What waits, and how many bytes, apart from what is in flight. */
uint64_t session_queue_waiting(const struct session_queue *queue);
uint64_t session_queue_waiting_bytes(const struct session_queue *queue);

/* The store has removed entries whose time was over. */
void session_queue_expired(struct worker *worker,
    const struct ipc_store_expired *expired);

/*
 * What an entry of the store's is: its message and how it is delivered.
 * item: free with pending_done(); untouched on error.
 * Returns 0; -EBADMSG if it does not decode.
 */
int session_queue_decode(struct worker *worker,
    const struct ipc_store_change *put, struct pending *item);

#endif
