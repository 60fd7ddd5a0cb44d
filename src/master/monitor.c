/* SPDX-License-Identifier: Apache-2.0 */
#include "master/monitor.h"

#include "ipc/control.h"
#include "lib/clock.h"
#include "master/control.h"
#include "master/member.h"

#define ASK_MS 1000

int
monitor_on_statistics(struct member *member, struct bytes payload)
{
	struct monitored *monitored = &member->monitored;
	struct ipc_statistics told;
	int error = ipc_statistics_decode(payload, &told);

	if (error != 0)
		return error;
	monitored->is_asked = false;
	monitored->answered_ms = clock_monotonic_ms();
	return statistics_report_take(&monitored->report, &told);
}

void
monitor_on_exit(struct member *member)
{
	statistics_report_end(&member->master->monitor.statistics,
	    &member->monitored.report);
	member->monitored.is_asked = false;
	member->monitored.answered_ms = 0;
	member->monitored.restarts++;
}

uint64_t
monitor_silent_ms(const struct member *member, uint64_t now_ms)
{
	return member->state == MEMBER_READY && member->monitored.is_asked
		   ? now_ms - member->monitored.asked_ms
		   : 0;
}

/* The worker that has been ready longest: it publishes what is below $SYS. */
static struct member *
publisher_of(struct master *master)
{
	struct member *eldest = NULL;

	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (member->role->id == IPC_ROLE_WORKER &&
		    member->state == MEMBER_READY &&
		    (eldest == NULL ||
			member->started_at_ms < eldest->started_at_ms))
			eldest = member;
	}
	return eldest;
}

static void
tell_publisher(struct monitor *monitor, uint64_t now_ms)
{
	uint64_t interval_ms = (uint64_t)monitor->master->config->sys
				   .interval_seconds *
			       1000;
	struct member *publisher = publisher_of(monitor->master);
	struct buffer out = { NULL, 0, 0 };

	if (interval_ms == 0 || publisher == NULL ||
	    monitor->interval == now_ms / interval_ms)
		return;
	monitor->interval = now_ms / interval_ms;
	ipc_statistics_sum_encode(&monitor->statistics.sum, &out);
	(void)member_give(publisher, IPC_STATISTICS_SUM, buffer_view(&out), -1);
	buffer_done(&out);
}

static void
add_up(struct monitor *monitor, uint64_t now_ms)
{
	struct master *master = monitor->master;

	statistics_sum_begin(&monitor->statistics);
	for (size_t i = 0; i < master->member_count; i++)
		statistics_sum_add(&monitor->statistics,
		    &master->members[i].monitored.report);
	statistics_sum_end(&monitor->statistics, now_ms);
}

/* Who shows the status gets it, if it has answered since it got one before. */
static void
tell_metrics(struct master *master)
{
	struct buffer out = { NULL, 0, 0 };

	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (!member->role->has_metrics_listener ||
		    member->state != MEMBER_READY || member->monitored.is_asked)
			continue;
		control_print_status(master, &out);
		if (out.len <= IPC_STATUS_LEN_MAX)
			(void)member_give(member, IPC_STATUS, buffer_view(&out),
			    -1);
		buffer_done(&out);
	}
}

/* One that does not answer is not asked again: nothing piles up. */
static void
ask_all(struct master *master, uint64_t now_ms)
{
	for (size_t i = 0; i < master->member_count; i++) {
		struct member *member = &master->members[i];

		if (member->monitored.is_asked)
			continue;
		member->monitored.asked_ms = now_ms;
		member->monitored.is_asked = member_tell(member,
		    IPC_STATISTICS_ASK);
	}
}

/* What was asked for a second ago is here, of those who can answer. */
static void
on_timer(uv_timer_t *timer)
{
	struct monitor *monitor = timer->data;
	uint64_t now_ms = clock_monotonic_ms();

	add_up(monitor, now_ms);
	tell_publisher(monitor, now_ms);
	tell_metrics(monitor->master);
	ask_all(monitor->master, now_ms);
	service_tick(monitor->master, now_ms);
}

void
monitor_init(struct monitor *monitor, struct master *master)
{
	monitor->master = master;
	monitor->timer.data = monitor;
	uv_timer_init(&master->loop, &monitor->timer);
	uv_timer_start(&monitor->timer, on_timer, ASK_MS, ASK_MS);
}

void
monitor_close(struct monitor *monitor)
{
	uv_close((uv_handle_t *)&monitor->timer, NULL);
}
