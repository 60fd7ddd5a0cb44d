/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wills that are due (MQTT 5.0, 3.1.2.5). That of a session that lasts leaves
 * its session's record and gets a row of its own in one transaction, with what
 * sessions here got of it. The others get it when that is on disk, and note
 * that they have it; when all have, the row says so, and goes when they have
 * forgotten it. So it is published once, whoever dies.
 *
 * That of a session that ends with its connection has its row while the
 * connection lasts: nobody waits for that, CONNACK does not either. A row that
 * is found at the start is of a connection that ended with its worker: the will
 * is due. Where it is on disk, the others get it at once, as they know it again
 * by its row.
 */
#ifndef SIGNET_WORKER_WILL_H
#define SIGNET_WORKER_WILL_H

#include <sys/queue.h>

#include "ipc/message.h"
#include "ipc/store.h"

/* What the value of its row begins with: others are of sharing_debt.c. */
#define WILL_ROW 3

struct session_will;
struct will;
struct worker;

TAILQ_HEAD(will_queue, will);

/* parts: borrowed; at QoS above 0. */
void will_publish(struct worker *worker, const struct ipc_publish *parts);

/* What is published of a will that is due now: views into it. */
struct ipc_publish will_parts(const struct worker *worker,
    const struct session_will *will);

/*
 * Of a session that ends with its connection. keep: have a row hold it, unless
 * one does, or too much is unwritten; NULL is allowed. is_kept: is that on disk?
 * Only then, and at QoS above 0, it is published with publish_kept, which
 * removes the row in the end; else forget removes it.
 */
void will_keep(struct worker *worker, struct session_will *will);
bool will_is_kept(const struct worker *worker, const struct session_will *will);
void will_publish_kept(struct worker *worker, uint64_t row,
    const struct ipc_publish *parts);
void will_forget(struct worker *worker, struct session_will *will);

/* Publish some of those whose connections ended with the process, before any
 * client returns. True if there are more. */
bool wills_turn(struct worker *worker);

/* A row of one that was kept or on its way when the process ended; value:
 * behind its first byte. False if it is none. */
bool will_take_row(struct worker *worker, const struct ipc_store_change *put,
    struct bytes value);

/* All are there who are to get those. */
void wills_resend(struct worker *worker);

/* At the end: they stay on disk. */
void wills_forget(struct worker *worker);

#endif
