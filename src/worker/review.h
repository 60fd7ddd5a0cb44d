/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of those who are connected when a configuration is taken up:
 * who is granted less than he uses is disconnected, and who is known by another
 * kind of identity than the configuration's. Requests are judged by the new
 * configuration at once; what was granted before is looked through in the turns
 * that follow, a bounded number of subscriptions in each.
 */
#ifndef SIGNET_WORKER_REVIEW_H
#define SIGNET_WORKER_REVIEW_H

#include "config/config.h"

struct connection;
struct worker;

struct review {
	bool is_going_on;
	struct connection *next; /* NULL: all were looked at */
};

/*
 * worker->config is the new one; before: the one until now.
 * Returns true if nothing is left to do; else proc_child_committed() is called
 * at the end.
 */
bool review_begin(struct worker *worker, const struct config *before);

/* At a turn's end: a share of it. Should the next turn come at once? */
bool review_turn(struct worker *worker);

/* A connection leaves worker->connections. */
void review_forget(struct worker *worker, const struct connection *connection);

#endif
