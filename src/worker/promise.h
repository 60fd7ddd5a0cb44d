/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that promise what has to be on disk first: CONNACK, SUBACK and
 * UNSUBACK of durable sessions. Those of a connection leave in their order.
 */
#ifndef SIGNET_WORKER_PROMISE_H
#define SIGNET_WORKER_PROMISE_H

#include "worker/connection.h"

/*
 * Send a CONNACK when all that was said so far is on disk. Until then nothing
 * else is sent to the client, and nothing of what it sends is taken.
 */
void promise_connack(struct connection *connection, struct bytes packet);

/*
 * Send a SUBACK or UNSUBACK when all that was said so far is on disk, if the
 * session is durable, and all workers have taken in the announcements up to
 * this number.
 */
void promise_send(struct connection *connection, uint64_t announcement,
    struct bytes packet);

/* A connection closes: what waits for it is not sent. */
void promise_forget(struct connection *connection);

#endif
