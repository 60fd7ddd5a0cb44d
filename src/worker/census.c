/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/census.h"

#include "worker/connection.h"
#include "worker/session.h"
#include "worker/session_queue.h"
#include "worker/worker.h"

/* What takes about a millisecond. */
#define SESSIONS_A_TICK 5000

static void
begin(struct worker *worker)
{
	struct census *census = &worker->census;

	census->messages = census->bytes = census->ends = 0;
	session_cursor_rewind(worker, &census->cursor);
}

void
census_open(struct worker *worker)
{
	session_cursor_open(worker, &worker->census.cursor);
	begin(worker);
}

void
census_close(struct worker *worker)
{
	session_cursor_close(&worker->census.cursor);
}

static void
count(struct census *census, const struct session *session)
{
	census->messages += session_waiting(session);
	census->bytes += session->queue != NULL
			     ? session_queue_waiting_bytes(session->queue)
			     : pending_queue_bytes(&session->state.queued);
	if (session->connection != NULL && session->connection->not_after > 0 &&
	    (census->ends == 0 ||
		(uint64_t)session->connection->not_after < census->ends))
		census->ends = (uint64_t)session->connection->not_after;
}

void
census_tick(struct worker *worker)
{
	struct census *census = &worker->census;
	uint64_t *counted = worker->child->counted;

	for (unsigned int i = 0; i < SESSIONS_A_TICK; i++) {
		const struct session *session = session_cursor_next(
		    &census->cursor);

		if (session == NULL) {
			counted[IPC_STATISTIC_QUEUED_MESSAGES] = census
								     ->messages;
			counted[IPC_STATISTIC_QUEUED_BYTES] = census->bytes;
			counted[IPC_STATISTIC_CLIENT_ENDS] = census->ends;
			begin(worker);
			return;
		}
		count(census, session);
	}
}
