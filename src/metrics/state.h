/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the master tells every second: the lines of `signetctl status`; and the
 * rates of the last minutes.
 */
#ifndef SIGNET_METRICS_STATE_H
#define SIGNET_METRICS_STATE_H

#include "ipc/statistics.h"
#include "lib/row.h"

#define STATE_ROWS_MAX    1024
#define STATE_HISTORY_MAX 120

struct state {
	uint64_t told_ms; /* CLOCK_MONOTONIC: when; 0: never */
	size_t count;
	struct row rows[STATE_ROWS_MAX];
	/* Messages in a second, in and out; the newest last. */
	size_t history_count;
	double received[STATE_HISTORY_MAX];
	double sent[STATE_HISTORY_MAX];
};

/* Take the lines in place of those before. 0 or -EBADMSG: then it has none, and
 * nothing else has changed. */
int state_take(struct state *state, struct bytes lines, uint64_t now_ms);
void state_done(struct state *state);

/* The first line with this word, and this value of a field unless that is NULL;
 * NULL if there is none. */
const struct row *state_find(const struct state *state, const char *word,
    const char *field, const char *value);

/* A statistic; 0 if it is not there. */
int64_t state_value(const struct state *state, enum ipc_statistic which);
double state_rate(const struct state *state, enum ipc_statistic which);

/* Has the master told of itself in the last seconds? Are all processes there,
 * and is the daemon up? */
bool state_is_alive(const struct state *state, uint64_t now_ms);
bool state_is_ready(const struct state *state, uint64_t now_ms);

#endif
