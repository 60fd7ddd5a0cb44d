/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every second each process is asked what it has counted, and what they say is
 * added up: for $SYS, for `signetctl status`.
 */
#ifndef SIGNET_MASTER_MONITOR_H
#define SIGNET_MASTER_MONITOR_H

#include <uv.h>

#include "ipc/message.h"
#include "master/statistics.h"

/* One that has not answered for so long is not called ready. */
#define MONITOR_SILENT_MS 10000

struct master;
struct member;

/* What the monitor knows of one process. */
struct monitored {
	struct statistics_report report;
	bool is_asked;        /* and has not answered yet */
	uint64_t asked_ms;    /* CLOCK_MONOTONIC: since then */
	uint64_t answered_ms; /* CLOCK_MONOTONIC: when it did last; 0: never */
	unsigned int restarts;
};

struct monitor {
	struct master *master;
	struct statistics statistics;
	uint64_t interval; /* of $SYS: the one that was told last */
	uv_timer_t timer;
};

void monitor_init(struct monitor *monitor, struct master *master);
void monitor_close(struct monitor *monitor);

/* A member has told what it counted: 0 or -EBADMSG; it has ended. */
int monitor_on_statistics(struct member *member, struct bytes payload);
void monitor_on_exit(struct member *member);

/* For how long a member that is ready has not answered; 0: nothing is asked. */
uint64_t monitor_silent_ms(const struct member *member, uint64_t now_ms);

#endif
