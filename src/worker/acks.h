/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBACK and PUBREC leave in the order of their PUBLISH [MQTT-4.6.0-2], each
 * when everything that it promises has been done: when it is on disk, here and
 * where it was forwarded to. So does PUBCOMP, in the order of PUBREL.
 */
#ifndef SIGNET_WORKER_ACKS_H
#define SIGNET_WORKER_ACKS_H

#include <sys/queue.h>

#include "mqtt/packet.h"
#include "worker/journal.h"
#include "worker/topic_tree.h"

struct connection;
struct ack_part;
struct forward_origin;

/* An acknowledgement that waits. */
struct ack {
	uint64_t transaction; /* that covers it; IPC_STORE_NONE: nothing does */
	uint32_t outstanding; /* parts that are not done yet */
	uint16_t packet_id;
	uint8_t type; /* enum mqtt_packet_type */
	uint8_t reason;
	bool was_received; /* acks.c's own: counted as received */
};

/* What waits on a connection, in its order. One where nothing waits has none:
 * see acks_rest(). */
struct acks {
	struct ack *items; /* a ring */
	uint32_t head;
	uint32_t count;
	uint32_t capacity; /* a power of two */
	uint32_t received; /* of them: PUBREC of what the session has noted */
	uint64_t first;    /* the number of the one at the front */
	struct connection *connection;
	uint64_t latest; /* of their transactions */
	bool is_waiting; /* by this, for what is not on disk yet: */
	struct journal_wait wait;
	LIST_HEAD(, ack_part) parts; /* that other workers owe */
};

/* So many wait that no more is read; what one read brings is added all the
 * same. 3.1.1 has no Receive Maximum. */
#define ACKS_WAITING_MAX 4096
bool acks_is_full(const struct connection *connection);

/* How many wait, apart from PUBREC of what the session has noted. */
uint32_t acks_unnoted(const struct connection *connection);

/* The connection's is over: none is sent any more. */
void acks_done(struct connection *connection);

/* Give memory back if nothing waits. */
void acks_rest(struct connection *connection);

/*
 * Acknowledge when outstanding parts are done; at once if there are none and
 * none waits before it. Returns its number for acks_complete(); 0 if it has left.
 */
uint64_t acks_push(struct connection *connection, const struct ack *ack);

/*
 * The same, and only after each worker of a set has acknowledged what was
 * forwarded to it: the last, or with an origin that which is of it; see
 * forwards_wait().
 */
uint64_t acks_push_after(struct connection *connection, const struct ack *ack,
    worker_set workers, const struct forward_origin *origin);

/* A part of the one with this number is done. A reason of 0x80 or more is what
 * the client is told. */
void acks_complete(struct connection *connection, uint64_t number,
    enum mqtt_reason reason);

#endif
