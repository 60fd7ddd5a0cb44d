/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Presence (docs/presence.md): a retained message for each session says whether
 * its client is connected, since when, and how the last connection ended. The
 * worker that has the session keeps it, on disk: so whoever comes after a
 * worker that died knows who was said to be online, and says that they are not.
 *
 * All of this does nothing unless presence.enabled is set.
 */
#ifndef SIGNET_WORKER_PRESENCE_H
#define SIGNET_WORKER_PRESENCE_H

#include "lib/buffer.h"
#include "worker/worker.h"

/* The connection has its session: its client is online. */
void presence_online(struct connection *connection);

/* Its heartbeat is on, or off; said if it was otherwise before. */
void presence_heartbeat(struct connection *connection);

/* Of a session whose connection ends, as the session may end with it. */
struct presence_end {
	struct buffer topic; /* empty: nothing is said */
	uint64_t publisher;
	bool is_kept; /* the session stays */
};

/* Before session_detach(); and behind it. reason: the word of the log. */
void presence_end_begin(const struct session *session,
    struct presence_end *end);
void presence_end_done(struct worker *worker, struct presence_end *end,
    const char *reason);

/* A session without a connection is about to end. reason: a word. */
void presence_session_ends(const struct session *session, const char *reason);

/* All that is kept has been taken in: what it says of this worker's clients was
 * said by those before it. */
void presence_loaded(struct worker *worker);

/* Set some of that right; at each turn's end. Returns true if the next turn
 * should come at once. */
bool presence_turn(struct worker *worker);

void presence_done(struct worker *worker);

#endif
