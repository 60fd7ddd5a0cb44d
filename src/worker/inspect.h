/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers whoever sits at the control socket: lines about the sessions of this
 * worker, in pages, some sessions in a turn (ipc/control.h).
 */
#ifndef SIGNET_WORKER_INSPECT_H
#define SIGNET_WORKER_INSPECT_H

#include "ipc/message.h"
#include "worker/worker.h"

/* SESSIONS_*: 0 or -EBADMSG. */
int on_sessions_message(struct worker *worker,
    const struct ipc_message *message);

/* Look at some more sessions; is there more to do? */
bool inspect_turn(struct worker *worker);

void inspect_done(struct worker *worker);

#endif
