/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable sessions of a worker with a store that only tests have, and a client
 * of theirs.
 */
#ifndef SIGNET_TESTS_UNIT_WORKER_KEPT_H
#define SIGNET_TESTS_UNIT_WORKER_KEPT_H

#include <check.h>

#include "bare_worker.h"
#include "fake_store.h"
#include "worker/session_queue.h"

#define KEPT_SENT_MAX 4096

/* A PUBLISH or PUBREL, as it was sent. */
struct kept_packet {
	uint8_t type;
	uint8_t qos;
	bool dup;
	uint16_t packet_id;
	unsigned int number; /* its payload */
};

extern struct bare_worker kept_from; /* where sessions begin, */
extern struct bare_worker kept_to;   /* and where they go on */
extern struct connection kept_connection;
extern struct fake_store kept_store;
extern struct kept_packet kept_sent[KEPT_SENT_MAX];
extern size_t kept_sent_count;

void kept_setup(void);
void kept_teardown(void);

/* The client comes, and goes. */
void kept_attach(struct session *session, uint16_t inflight_max);
void kept_detach(struct session *session);

/* A session of a client that is there. */
struct session *kept_durable(const char *client_id, uint16_t inflight_max);

/* Deliver so many messages, numbered from 1 on. */
void kept_publish(struct session *session, unsigned int count, uint8_t qos);

/* Put what was sent since the last call into kept_sent. */
void kept_collect(void);
void kept_check_publish(size_t i, unsigned int number, uint8_t qos,
    uint16_t packet_id, bool dup);

/* Take all that comes, and acknowledge it; numbers come from first on.
 * Returns how many came. */
unsigned int kept_consume(struct session *session, unsigned int first);

/* How many rows of a type the store has. */
size_t kept_rows(enum ipc_store_change_type type);

/* Everything but the store dies and comes back: the session there, or NULL. */
struct session *kept_restart(struct session *session);

#endif
