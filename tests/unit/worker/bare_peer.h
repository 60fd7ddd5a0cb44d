/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another worker as a bare worker sees it: it says nothing by itself, and what
 * it was sent can be looked at.
 */
#ifndef SIGNET_TESTS_UNIT_WORKER_BARE_PEER_H
#define SIGNET_TESTS_UNIT_WORKER_BARE_PEER_H

#include "bare_worker.h"
#include "proc/child_private.h"

#define BARE_PEER_TOLD_MAX 16

/* A message that it was sent. */
struct bare_told {
	enum ipc_message_type type;
	struct buffer payload;
};

struct bare_peer {
	struct peer peer;
	struct ipc_channel *other; /* its own end */
	struct bare_told told[BARE_PEER_TOLD_MAX];
	size_t count;
};

/* It becomes one of the worker's peers. index: 1 or more. */
void bare_peer_init(struct bare_peer *bare, struct worker *worker,
    uint16_t index);
/* It is gone; the worker is told before. */
void bare_peer_done(struct bare_peer *bare, struct worker *worker);

/* Forget what it was told, and take in what it is told now. */
void bare_peer_listen(struct bare_peer *bare);

#endif
