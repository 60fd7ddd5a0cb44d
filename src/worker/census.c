/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/census.h"

#include "lib/clock.h"
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

	census->messages = census->bytes = census->ends = census->ending = 0;
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
count_end(struct census *census, int64_t not_after, int64_t now)
{
	if (not_after <= 0)
		return;
	if (census->ends == 0 || (uint64_t)not_after < census->ends)
		census->ends = (uint64_t)not_after;
	if (not_after - now < CLOCK_WARNING_SECONDS)
		census->ending++;
}

static void
count(struct census *census, const struct session *session, int64_t now)
{
	census->messages += session_waiting(session);
	census->bytes += session->queue != NULL
			     ? session_queue_waiting_bytes(session->queue)
			     : pending_queue_bytes(&session->state.queued);
	if (session->connection != NULL)
		count_end(census, session->connection->not_after, now);
}

void
census_tick(struct worker *worker)
{
	struct census *census = &worker->census;
	uint64_t *counted = worker->child->counted;
	int64_t now = clock_realtime_seconds();

	for (unsigned int i = 0; i < SESSIONS_A_TICK; i++) {
		const struct session *session = session_cursor_next(
		    &census->cursor);

		if (session == NULL) {
			counted[IPC_STATISTIC_QUEUED_MESSAGES] = census
								     ->messages;
			counted[IPC_STATISTIC_QUEUED_BYTES] = census->bytes;
			counted[IPC_STATISTIC_CLIENT_ENDS] = census->ends;
			counted[IPC_STATISTIC_CLIENTS_ENDING] = census->ending;
			begin(worker);
			return;
		}
		count(census, session, now);
	}
}
