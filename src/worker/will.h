/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wills that are due, of sessions that last (MQTT 5.0, 3.1.2.5): such a will
 * leaves its session's record and gets a row of its own in one transaction,
 * with what sessions here got of it. The others get it when that is on disk,
 * and note that they have it; when all have, the row says so, and goes when
 * they have forgotten it. So it is published once, whoever dies.
 */
#ifndef SIGNET_WORKER_WILL_H
#define SIGNET_WORKER_WILL_H

#include <sys/queue.h>

#include "ipc/message.h"
#include "ipc/store.h"

/* What the value of its row begins with: others are of sharing_debt.c. */
#define WILL_ROW 3

struct will;
struct worker;

TAILQ_HEAD(will_queue, will);

/* parts: borrowed; at QoS above 0. */
void will_publish(struct worker *worker, const struct ipc_publish *parts);

/* A row of one that was on its way when the process ended; value: behind its
 * first byte. False if it is none. */
bool will_take_row(struct worker *worker, const struct ipc_store_change *put,
    struct bytes value);

/* All are there who are to get those. */
void wills_resend(struct worker *worker);

/* At the end: they stay on disk. */
void wills_forget(struct worker *worker);

#endif
