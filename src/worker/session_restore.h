/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions on their way back from the store.
 */
#ifndef SIGNET_WORKER_SESSION_RESTORE_H
#define SIGNET_WORKER_SESSION_RESTORE_H

#include "ipc/store.h"
#include "worker/worker.h"

/*
 * Take in a row of a session that is at home here: SESSION_PUT,
 * SUBSCRIPTION_PUT or RECEIVED_PUT. What is due already is done at the next
 * tick, not here.
 * Returns 0, also for a row that does not decode, which is logged and left
 * out; -ENOENT for a RECEIVED_PUT of a session that is not at home here;
 * -EBADMSG if no such row can come.
 */
int session_take_row(struct worker *worker, const struct ipc_store_row *row);

/* All rows were taken in. */
void session_loaded(struct worker *worker);

#endif
