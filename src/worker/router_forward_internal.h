/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sending side (router_forward.c) and the receiving side
 * (router_forwarded.c) share.
 */
#ifndef SIGNET_WORKER_ROUTER_FORWARD_INTERNAL_H
#define SIGNET_WORKER_ROUTER_FORWARD_INTERNAL_H

#include "lib/table.h"
#include "worker/router_forward.h"

/* One that is kept. */
struct forward_kept {
	TAILQ_ENTRY(forward_kept) next;
	LIST_HEAD(, forward_wait) waits;
	uint64_t number;
	struct forward_origin origin;
	struct message *message; /* NULL: it is a release */
	size_t bytes;
	uint8_t hops;
	bool has_interest;
	size_t names_len;
	uint8_t names[];
};
TAILQ_HEAD(forward_kept_list, forward_kept);

/* One, or several in a row, that are to be acknowledged to another worker. */
struct forward_owed {
	TAILQ_ENTRY(forward_owed) next;
	struct forward_peer *peer;
	struct ipc_forward_ack numbers;
	uint64_t transaction; /* that covers them; IPC_STORE_NONE: nothing */
};
TAILQ_HEAD(forward_owed_list, forward_owed);

struct forward_peer {
	/* to it */
	struct forward_kept_list kept;
	uint64_t given; /* the last number */
	uint64_t sent;  /* the last that went over this channel */
	/* from it */
	uint64_t taken_in; /* the last number over this channel */
	/* The last number at QoS 2 that was delivered to sessions that last,
	 * here or before: numbers grow over all lives of the other worker. */
	uint64_t delivered;
	struct forward_owed_list owed;
};

/* A PUBLISH at QoS 2: where it went to, and what is known of it. */
struct forward_note {
	UT_hash_handle hh;
	struct {
		uint64_t session;
		uint64_t packet_id;
	} key;
	worker_set workers;
	bool is_restored;
};

#define FORWARD_ON_DISK 0x10000u

/* Those of another worker's publisher that were delivered here. */
struct forward_received {
	UT_hash_handle hh;
	uint64_t session;
	/* By no order; with FORWARD_ON_DISK if the store has the note. If only
	 * sessions that end with this worker got it, memory is enough. */
	uint32_t *packet_ids;
	uint32_t count;
};

struct forwards {
	struct worker *worker;
	struct forward_peer peers[WORKER_SET_MAX];
	size_t bytes; /* of what is kept */
	worker_set owing;
	struct forward_note *notes;
	struct forward_received *received;
};

void forwards_received_done(struct forwards *forwards);

#endif
