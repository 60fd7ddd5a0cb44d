/* SPDX-License-Identifier: Apache-2.0 */
#include "master/statistics.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const double span_ms[IPC_STATISTIC_SPANS] = { 60e3, 300e3, 900e3 };

static bool
is_counter(size_t which)
{
	return ipc_statistic_rows[which].kind == IPC_STATISTIC_COUNTER;
}

int
statistics_report_take(struct statistics_report *report,
    const struct ipc_statistics *told)
{
	for (size_t i = 0; report->is_present && i < IPC_STATISTIC_COUNT; i++)
		if (is_counter(i) && told->values[i] < report->last.values[i])
			return -EBADMSG;
	report->last = *told;
	report->is_present = true;
	return 0;
}

void
statistics_report_end(struct statistics *statistics,
    struct statistics_report *report)
{
	for (size_t i = 0; report->is_present && i < IPC_STATISTIC_COUNT; i++)
		if (is_counter(i))
			statistics->ended[i] += report->last.values[i];
	report->is_present = false;
}

void
statistics_sum_begin(struct statistics *statistics)
{
	memcpy(statistics->sum.values, statistics->ended,
	    sizeof(statistics->ended));
}

void
statistics_sum_add(struct statistics *statistics,
    const struct statistics_report *report)
{
	for (size_t i = 0; report->is_present && i < IPC_STATISTIC_COUNT; i++) {
		uint64_t *sum = &statistics->sum.values[i];
		uint64_t value = report->last.values[i];

		if (ipc_statistic_rows[i].kind != IPC_STATISTIC_EARLIEST)
			*sum += value;
		else if (value != 0 && (*sum == 0 || value < *sum))
			*sum = value;
	}
}

static void
average(struct statistics *statistics, size_t which, double elapsed_ms,
    bool has_begun)
{
	/* Below 0 if the last report of a process got lost. */
	double added = (double)(int64_t)(statistics->sum.values[which] -
					 statistics->averaged[which]);
	double per_minute = added * 60e3 / elapsed_ms;

	statistics->averaged[which] = statistics->sum.values[which];
	for (size_t span = 0; has_begun && span < IPC_STATISTIC_SPANS; span++) {
		double *moved = &statistics->averages[which][span];
		double kept = exp(-elapsed_ms / span_ms[span]);

		*moved = per_minute + kept * (*moved - per_minute);
		statistics->sum.averages[which][span] =
		    *moved > 0 ? (uint64_t)(*moved * 100 + 0.5) : 0;
	}
}

static void
move_averages(struct statistics *statistics, uint64_t now_ms)
{
	double elapsed_ms = (double)(now_ms - statistics->averaged_ms);
	bool has_begun = statistics->averaged_ms != 0;

	if (has_begun && elapsed_ms <= 0)
		return;
	for (size_t i = 0; i < IPC_STATISTIC_COUNT; i++)
		if (is_counter(i))
			average(statistics, i, elapsed_ms, has_begun);
	statistics->averaged_ms = now_ms;
}

static void
sample(struct statistics *statistics, uint64_t now_ms)
{
	if (statistics->sample_count == STATISTICS_SAMPLES) {
		statistics->sample_count--;
		memmove(statistics->samples[0], statistics->samples[1],
		    statistics->sample_count * sizeof(statistics->samples[0]));
		memmove(&statistics->sampled_ms[0], &statistics->sampled_ms[1],
		    statistics->sample_count * sizeof(uint64_t));
	}
	memcpy(statistics->samples[statistics->sample_count],
	    statistics->sum.values, sizeof(statistics->sum.values));
	statistics->sampled_ms[statistics->sample_count++] = now_ms;
}

void
statistics_sum_end(struct statistics *statistics, uint64_t now_ms)
{
	struct ipc_statistics_sum *sum = &statistics->sum;

	if (sum->connected_max < sum->values[IPC_STATISTIC_CONNECTED])
		sum->connected_max = sum->values[IPC_STATISTIC_CONNECTED];
	move_averages(statistics, now_ms);
	sample(statistics, now_ms);
}

double
statistics_rate(const struct statistics *statistics, enum ipc_statistic which)
{
	size_t last = statistics->sample_count - 1;
	double elapsed_ms, added;

	if (statistics->sample_count < 2)
		return 0;
	elapsed_ms = (double)(statistics->sampled_ms[last] -
			      statistics->sampled_ms[0]);
	added = (double)(int64_t)(statistics->samples[last][which] -
				  statistics->samples[0][which]);
	return elapsed_ms > 0 && added > 0 ? added * 1000 / elapsed_ms : 0;
}
