/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all workers have counted together. Each of them adds up what the others
 * report, so that each can go on where another one ends.
 */
#ifndef SIGNET_WORKER_STATISTICS_H
#define SIGNET_WORKER_STATISTICS_H

#include "ipc/message.h"
#include "worker/interest.h"

/* Averages over 1, 5 and 15 minutes. */
#define STATISTICS_SPANS 3

struct statistics {
	/* The last report of each worker that is there. */
	struct ipc_statistics reports[WORKER_SET_MAX];
	worker_set present;
	/* The counters of those that are not there any more. */
	uint64_t ended[IPC_COUNTER_COUNT];
	uint64_t connected_max;

	/* What a minute adds to each counter, on average. */
	double averages[IPC_COUNTER_COUNT][STATISTICS_SPANS];
	uint64_t averaged[IPC_COUNTER_COUNT]; /* the sums at that time */
	uint64_t averaged_ms;                 /* 0: never */
};

/*
 * Take in a report. is_elder: a worker that was there before us reports for
 * the first time: what it knows of those that are gone, it knows better.
 * Returns 0; -EBADMSG if a counter has gone back.
 */
int statistics_report(struct statistics *statistics, unsigned int worker,
    const struct ipc_statistics *report, bool is_elder);

/* A worker is gone; what it has counted stays. */
void statistics_end(struct statistics *statistics, unsigned int worker);

/* The worker that has been there longest, of those that have reported; at
 * least one has. */
unsigned int statistics_eldest(const struct statistics *statistics);

/* Add up. ended and started_ms of the sum are 0. */
void statistics_sum(struct statistics *statistics, struct ipc_statistics *sum);

/*
 * Move the averages on to this sum: exponentially damped, as the load averages
 * of a system. The first call only sets where they begin.
 */
void statistics_average(struct statistics *statistics,
    const struct ipc_statistics *sum, uint64_t now_ms);

#endif
