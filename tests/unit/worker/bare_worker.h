/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker without peers or a running loop, and connections without sockets
 * that only collect what is sent.
 */
#ifndef SIGNET_TESTS_UNIT_WORKER_BARE_WORKER_H
#define SIGNET_TESTS_UNIT_WORKER_BARE_WORKER_H

#include "worker/connection.h"
#include "worker/session.h"

struct bare_worker {
	struct worker worker;
	struct proc_child child;
	struct config *config;
};

void bare_worker_init(struct bare_worker *bare);
/* Ends its connections and forgets its sessions, too. */
void bare_worker_done(struct bare_worker *bare);

struct session *bare_session_new(struct worker *worker, const char *client_id);

void bare_connection_init(struct connection *connection, struct worker *worker);
/* What was sent since the last call; free with buffer_done(). */
struct buffer bare_connection_sent(struct connection *connection);
void bare_connection_done(struct connection *connection);

#endif
