/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over all sessions of a worker that takes many turns of the loop:
 * sessions may come, which it meets, and go, whichever it stands at.
 */
#ifndef SIGNET_WORKER_SESSION_CURSOR_H
#define SIGNET_WORKER_SESSION_CURSOR_H

#include <sys/queue.h>

struct session;
struct worker;

struct session_cursor {
	LIST_ENTRY(session_cursor) in_all;
	struct session *next; /* NULL: at the end */
};
LIST_HEAD(session_cursors, session_cursor);

/* Stand before the first one; until session_cursor_close(). */
void session_cursor_open(struct worker *worker, struct session_cursor *cursor);
void session_cursor_close(struct session_cursor *cursor);

/* Go on to the first one again. */
void session_cursor_rewind(struct worker *worker,
    struct session_cursor *cursor);

/* The next one; NULL at the end. */
struct session *session_cursor_next(struct session_cursor *cursor);

/* A session leaves the table of all. */
void session_cursors_forget(struct worker *worker, struct session *session);

#endif
