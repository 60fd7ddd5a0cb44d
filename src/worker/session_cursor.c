/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_cursor.h"

#include "worker/session.h"
#include "worker/worker.h"

void
session_cursor_open(struct worker *worker, struct session_cursor *cursor)
{
	LIST_INSERT_HEAD(&worker->cursors, cursor, in_all);
	session_cursor_rewind(worker, cursor);
}

void
session_cursor_close(struct session_cursor *cursor)
{
	LIST_REMOVE(cursor, in_all);
}

void
session_cursor_rewind(struct worker *worker, struct session_cursor *cursor)
{
	cursor->next = TAILQ_FIRST(&worker->sessions);
}

struct session *
session_cursor_next(struct session_cursor *cursor)
{
	struct session *session = cursor->next;

	if (session != NULL)
		cursor->next = TAILQ_NEXT(session, in_all);
	return session;
}

void
session_cursors_forget(struct worker *worker, struct session *session)
{
	struct session_cursor *cursor;

	LIST_FOREACH(cursor, &worker->cursors, in_all)
	if (cursor->next == session)
		cursor->next = TAILQ_NEXT(session, in_all);
}
