/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/statistics.h"

#include <errno.h>
#include <math.h>

static const double span_ms[STATISTICS_SPANS] = { 60e3, 300e3, 900e3 };

static bool
is_present(const struct statistics *statistics, unsigned int worker)
{
	return statistics->present >> worker & 1;
}

static void
add(uint64_t *to, const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] += numbers[i];
}

static void
raise_to(uint64_t *to, const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (to[i] < numbers[i])
			to[i] = numbers[i];
}

int
statistics_report(struct statistics *statistics, unsigned int worker,
    const struct ipc_statistics *report, bool is_elder)
{
	const struct ipc_statistics *last = &statistics->reports[worker];

	if (is_present(statistics, worker))
		for (size_t i = 0; i < IPC_COUNTER_COUNT; i++)
			if (report->counters[i] < last->counters[i])
				return -EBADMSG;
	if (is_elder && !is_present(statistics, worker)) {
		raise_to(statistics->ended, report->ended, IPC_COUNTER_COUNT);
		raise_to(&statistics->connected_max, &report->connected_max, 1);
	}
	statistics->reports[worker] = *report;
	statistics->present |= (worker_set)1 << worker;
	return 0;
}

void
statistics_end(struct statistics *statistics, unsigned int worker)
{
	if (!is_present(statistics, worker))
		return;
	statistics->present &= ~((worker_set)1 << worker);
	add(statistics->ended, statistics->reports[worker].counters,
	    IPC_COUNTER_COUNT);
}

unsigned int
statistics_eldest(const struct statistics *statistics)
{
	unsigned int eldest = WORKER_SET_MAX;

	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (is_present(statistics, i) &&
		    (eldest == WORKER_SET_MAX ||
			statistics->reports[i].started_ms <
			    statistics->reports[eldest].started_ms))
			eldest = i;
	return eldest;
}

void
statistics_sum(struct statistics *statistics, struct ipc_statistics *sum)
{
	*sum = (struct ipc_statistics){ .started_ms = 0 };
	add(sum->counters, statistics->ended, IPC_COUNTER_COUNT);
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++) {
		if (!is_present(statistics, i))
			continue;
		add(sum->counters, statistics->reports[i].counters,
		    IPC_COUNTER_COUNT);
		add(sum->gauges, statistics->reports[i].gauges,
		    IPC_GAUGE_COUNT);
	}
	raise_to(&statistics->connected_max, &sum->gauges[IPC_GAUGE_CONNECTED],
	    1);
	sum->connected_max = statistics->connected_max;
}

void
statistics_average(struct statistics *statistics,
    const struct ipc_statistics *sum, uint64_t now_ms)
{
	double elapsed_ms = (double)(now_ms - statistics->averaged_ms);
	bool has_begun = statistics->averaged_ms != 0;

	if (has_begun && elapsed_ms <= 0)
		return;
	for (size_t i = 0; i < IPC_COUNTER_COUNT; i++) {
		/* Below 0 if the report of a worker that died got lost. */
		double added = (double)(int64_t)(sum->counters[i] -
						 statistics->averaged[i]);
		double per_minute = added * 60e3 / elapsed_ms;

		statistics->averaged[i] = sum->counters[i];
		for (size_t span = 0; has_begun && span < STATISTICS_SPANS;
		     span++) {
			double *average = &statistics->averages[i][span];
			double kept = exp(-elapsed_ms / span_ms[span]);

			*average = per_minute + kept * (*average - per_minute);
		}
	}
	statistics->averaged_ms = now_ms;
}
