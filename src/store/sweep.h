/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is over is removed in the background, a bounded step with each group
 * that is due: the queues of sessions that were removed, whose references are
 * given back; messages in queues that have expired, of which their workers are
 * told; retained messages and those owed to shares that have expired; messages
 * that nothing refers to, and rows of sessions that are gone.
 */
#ifndef SIGNET_STORE_SWEEP_H
#define SIGNET_STORE_SWEEP_H

#include "store/batch.h"
#include "store/store_internal.h"

/* Returned, free with sweep_free() after sweep_close() and a turn of the
 * loop. Due at once: for what is left from before. */
struct sweep *sweep_new(struct store *store);
void sweep_close(struct sweep *sweep);
void sweep_free(struct sweep **sweep);

/* A session was removed: its queue is to be swept. */
void sweep_dead(struct sweep *sweep);

/* Is a step due? Then the next group has one. */
bool sweep_is_due(const struct sweep *sweep);

/*
 * A step, put into a batch; in the thread that writes. If the batch is not
 * written, the next step is the same again. 0 or as database_get().
 */
int sweep_step(struct sweep *sweep, struct store_batch *batch, char *why);

/* The batch with the last step is written. */
void sweep_written(struct sweep *sweep);

#endif
