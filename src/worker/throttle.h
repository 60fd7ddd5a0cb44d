/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a client may send, by the limits of its roles. What is beyond waits
 * in its socket: the connection is not read from for a while, so nothing is
 * dropped and nobody is disconnected.
 */
#ifndef SIGNET_WORKER_THROTTLE_H
#define SIGNET_WORKER_THROTTLE_H

#include "worker/connection.h"

/* The worker's part: the timer that lets connections go on. */
void throttles_init(struct worker *worker);
void throttles_done(struct worker *worker);

/* Take the limits from the connection's rights: when it is opened, and when
 * they are others. */
void throttle_renew(struct connection *connection);
void throttle_free(struct connection *connection);

/* A packet was taken; throttle is not NULL. If it was one too many, the
 * connection takes no more until its time comes. */
void throttle_count(struct connection *connection,
    const struct mqtt_frame *frame);

/* How often the connection was held back. */
uint32_t throttle_times(const struct connection *connection);

#endif
