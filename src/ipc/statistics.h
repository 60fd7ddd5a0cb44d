/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted: the table of statistics.def, and the messages by which the
 * master learns it and passes on the sums.
 */
#ifndef SIGNET_IPC_STATISTICS_H
#define SIGNET_IPC_STATISTICS_H

#include "lib/buffer.h"
#include "lib/bytes.h"

enum ipc_statistic {
#define STATISTIC(name, kind, topic, load, metric, label, help)                \
	IPC_STATISTIC_##name,
#include "ipc/statistics.def"
#undef STATISTIC
	IPC_STATISTIC_COUNT
};

enum ipc_statistic_kind {
	IPC_STATISTIC_COUNTER,
	IPC_STATISTIC_GAUGE,
	IPC_STATISTIC_EARLIEST,
};

/* Averages over 1, 5 and 15 minutes. */
#define IPC_STATISTIC_SPANS 3

struct ipc_statistic_row {
	const char *name; /* "messages_received" */
	enum ipc_statistic_kind kind;
	const char *topic;
	const char *load;
	const char *metric;
	const char *label;
	const char *help;
};

extern const struct ipc_statistic_row ipc_statistic_rows[IPC_STATISTIC_COUNT];

/* STATISTICS: what a process has counted since it began, or what there is. */
struct ipc_statistics {
	uint64_t values[IPC_STATISTIC_COUNT];
};
void ipc_statistics_encode(const struct ipc_statistics *statistics,
    struct buffer *out);
int ipc_statistics_decode(struct bytes payload,
    struct ipc_statistics *statistics);

/* STATISTICS_SUM: of all processes, those that have ended included. */
struct ipc_statistics_sum {
	uint64_t values[IPC_STATISTIC_COUNT];
	/* Hundredths of what a minute adds, on average, to each counter. */
	uint64_t averages[IPC_STATISTIC_COUNT][IPC_STATISTIC_SPANS];
	uint64_t connected_max; /* that there were at a time */
};
void ipc_statistics_sum_encode(const struct ipc_statistics_sum *sum,
    struct buffer *out);
int ipc_statistics_sum_decode(struct bytes payload,
    struct ipc_statistics_sum *sum);

#define IPC_STATISTICS_LEN_MAX (8 * IPC_STATISTIC_COUNT)
#define IPC_STATISTICS_SUM_LEN_MAX                                             \
	(8 * (IPC_STATISTIC_COUNT * (1 + IPC_STATISTIC_SPANS) + 1))

#endif
