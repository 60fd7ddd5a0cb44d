/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was dropped is logged by one worker after the other, each in a window of
 * its own: so nobody can make all of them together write more than a line in a
 * minute, and they need not speak of it.
 */
#include "worker/heartbeat.h"

/* Between the end of a window and the next one's beginning is a minute. */
#define WINDOW_MS 2000
#define PERIOD_MS (60000 + WINDOW_MS)

bool
heartbeat_report_turn(uint64_t now_ms, unsigned int worker, unsigned int count,
    uint64_t *period)
{
	*period = now_ms / PERIOD_MS;
	return now_ms % PERIOD_MS < WINDOW_MS && *period % count == worker;
}

void
heartbeats_report(struct worker *worker)
{
	const uint64_t *counted = worker->child->counted;
	struct heartbeats *heartbeats = worker->heartbeats;
	uint64_t lost = counted[IPC_STATISTIC_BEATS_LOST], period;
	uint64_t dropped = counted[IPC_STATISTIC_BEATS_MALFORMED] +
			   counted[IPC_STATISTIC_BEATS_UNKNOWN] +
			   counted[IPC_STATISTIC_BEATS_REPLAYED] +
			   counted[IPC_STATISTIC_BEATS_FORGED];

	if (dropped + lost == heartbeats->reported ||
	    !heartbeat_report_turn(worker_now_ms(worker), worker->child->index,
		worker->child->start.worker_count, &period) ||
	    period == heartbeats->reported_period)
		return;
	log_warning(log_word("event", "heartbeats-dropped"),
	    log_number("count",
		(int64_t)(dropped + lost - heartbeats->reported)),
	    log_number("forged_in_all",
		(int64_t)counted[IPC_STATISTIC_BEATS_FORGED]),
	    log_number("without_room_in_all", (int64_t)lost));
	heartbeats->reported = dropped + lost;
	heartbeats->reported_period = period;
}
