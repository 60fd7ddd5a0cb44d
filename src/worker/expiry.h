/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate of somebody connected that ends soon, on its way to the log:
 * one line for each in a day, to whichever workers it comes and however often.
 * Each has a home, which logs; another worker tells it once a day.
 */
#ifndef SIGNET_WORKER_EXPIRY_H
#define SIGNET_WORKER_EXPIRY_H

#include "lib/bytes.h"
#include "worker/told.h"

struct connection;
struct worker;

/* Tell of a connection whose certificate ends in so many milliseconds, if that
 * is soon and it was not told today. */
void expiry_report(struct connection *connection, uint64_t left_ms);

/* EXPIRY from another worker: 0 or -EBADMSG. */
int on_expiry(struct worker *worker, struct bytes payload);

#endif
