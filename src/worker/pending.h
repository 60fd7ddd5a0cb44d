/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of messages on their way to a session, with how they are delivered:
 * those that wait, and those that wait for an acknowledgement.
 */
#ifndef SIGNET_WORKER_PENDING_H
#define SIGNET_WORKER_PENDING_H

#include "worker/message.h"
#include "worker/share.h"

/* Where the delivery of a message at QoS above 0 stands (4.3). */
enum pending_state {
	PENDING_PUBLISH, /* PUBACK or PUBREC is awaited, or it is not sent */
	PENDING_RELEASE, /* PUBREC came: PUBCOMP is awaited */
};

struct pending {
	struct message *message; /* a reference; NULL from PUBREC on */
	uint32_t *subscription_ids;
	struct share *share; /* a reference while there is a message; or NULL */
	uint64_t sequence;   /* of a durable session's queue; else 0 */
	uint64_t transaction; /* that has it on disk; 0: it is there */
	uint16_t subscription_id_count;
	uint16_t packet_id; /* 0 until it is sent */
	uint8_t qos;
	uint8_t state; /* enum pending_state */
	bool retain;
	bool never_expires; /* it was sent, or will be, whatever its time */
};

struct pending_ring {
	uint32_t head;
	uint32_t count;
	uint32_t capacity; /* a power of two */
	uint32_t shared;   /* how many have a share */
	size_t bytes;      /* of the messages */
	struct pending items[];
};

/* There are many that are empty. */
struct pending_queue {
	struct pending_ring *ring; /* NULL: there was nothing of late */
};

static inline uint32_t
pending_queue_count(const struct pending_queue *queue)
{
	return queue->ring == NULL ? 0 : queue->ring->count;
}

/* Of the messages. */
static inline size_t
pending_queue_bytes(const struct pending_queue *queue)
{
	return queue->ring == NULL ? 0 : queue->ring->bytes;
}

/* How many have a share. */
static inline uint32_t
pending_queue_shared(const struct pending_queue *queue)
{
	return queue->ring == NULL ? 0 : queue->ring->shared;
}

/* Free everything. */
void pending_queue_done(struct pending_queue *queue);

/* Give memory back if nothing waits. */
void pending_queue_rest(struct pending_queue *queue);

/* Append; the reference and the identifiers are taken. */
void pending_queue_push(struct pending_queue *queue, struct pending item);

/* Take the first out of a queue that is not empty; the caller owns it. */
struct pending pending_queue_pop(struct pending_queue *queue);

/* position: below count. Valid until the queue changes. */
struct pending *pending_queue_at(const struct pending_queue *queue,
    uint32_t position);

/* The position of the one with this packet identifier; count if none. */
uint32_t pending_queue_find(const struct pending_queue *queue,
    uint16_t packet_id);

/* Take out the one at a position below count; the caller owns it. */
struct pending pending_queue_remove(struct pending_queue *queue,
    uint32_t position);

/* PUBREC came for the one at a position: its message is not needed again. */
void pending_queue_release(struct pending_queue *queue, uint32_t position);

/*
 * Move those for which filter is true to the end of another queue, in their
 * order and as if they had never been sent.
 */
typedef bool pending_filter(void *context, const struct pending *item);
void pending_queue_move(struct pending_queue *from, pending_filter *filter,
    void *context, struct pending_queue *to);

/* Free what an item holds. */
void pending_done(struct pending *item);

#endif
