/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions on their way back from the store.
 */
#ifndef SIGNET_WORKER_SESSION_RESTORE_H
#define SIGNET_WORKER_SESSION_RESTORE_H

#include "ipc/store.h"
#include "worker/worker.h"

/* Take in a row of a session that is at home here: SESSION_PUT,
 * SUBSCRIPTION_PUT or RECEIVED_PUT. 0; -EBADMSG. */
int session_take_row(struct worker *worker, const struct ipc_store_row *row);

/* All rows were taken in. */
void session_loaded(struct worker *worker);

/* A store has answered in place of the one that was asked: ask again. */
void session_store_up(struct worker *worker);

/* Handlers of STORE_ENTRY, _PAGE and _EXPIRED; 0 or -EBADMSG. */
int on_store_page(struct worker *worker, const struct ipc_message *message);

#endif
