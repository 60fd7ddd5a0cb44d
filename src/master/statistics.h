/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all processes have counted together, those that have ended included.
 */
#ifndef SIGNET_MASTER_STATISTICS_H
#define SIGNET_MASTER_STATISTICS_H

#include <stdbool.h>

#include "ipc/statistics.h"

/* A rate is that of the last so many sums. */
#define STATISTICS_SAMPLES 10

struct statistics {
	/* Of those that have ended, and the sum of all at the last time. */
	uint64_t ended[IPC_STATISTIC_COUNT];
	struct ipc_statistics_sum sum;

	/* What a minute adds to each counter, on average. */
	double averages[IPC_STATISTIC_COUNT][IPC_STATISTIC_SPANS];
	uint64_t averaged[IPC_STATISTIC_COUNT]; /* the sums at that time */
	uint64_t averaged_ms;                   /* 0: never */

	/* The last sums, the newest at sample_count - 1. */
	uint64_t samples[STATISTICS_SAMPLES][IPC_STATISTIC_COUNT];
	uint64_t sampled_ms[STATISTICS_SAMPLES];
	size_t sample_count;
};

/* What one process has told, since it began. */
struct statistics_report {
	bool is_present;
	struct ipc_statistics last;
};

/* Take in a report. 0; -EBADMSG if a counter has gone back. */
int statistics_report_take(struct statistics_report *report,
    const struct ipc_statistics *told);

/* A process is gone; what it has counted stays. */
void statistics_report_end(struct statistics *statistics,
    struct statistics_report *report);

/* Add up: begin, each report, end. */
void statistics_sum_begin(struct statistics *statistics);
void statistics_sum_add(struct statistics *statistics,
    const struct statistics_report *report);

/*
 * End: sum is complete, and the averages are moved on to it, exponentially
 * damped, as the load averages of a system. The first call only sets where
 * they begin.
 */
void statistics_sum_end(struct statistics *statistics, uint64_t now_ms);

/* What a second adds, over the last samples; 0 before there are two. */
double statistics_rate(const struct statistics *statistics,
    enum ipc_statistic which);

#endif
