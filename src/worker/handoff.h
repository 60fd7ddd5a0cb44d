/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that come from a gate or another worker, and those that go to
 * the worker where their session lives.
 */
#ifndef SIGNET_WORKER_HANDOFF_H
#define SIGNET_WORKER_HANDOFF_H

#include "worker/connection.h"

/* Handler of SESSION_HANDOFF; 0 or -EBADMSG. */
int on_session_handoff(struct worker *worker, struct proc_peer *peer,
    struct ipc_message *message);

/*
 * Send a connection in state MOVING to connection->home. If that worker is not
 * there, its queue is full, or something must be sent first, the connection
 * waits; see handoff_retry().
 */
void handoff_send(struct connection *connection);

/* Try again for those that wait. */
void handoff_retry(struct worker *worker);

#endif
