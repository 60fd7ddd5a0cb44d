/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that was denied, on its way to the log: one line for an identity
 * and a rule in a minute, whichever workers deny it. Each denial has a home,
 * which counts and logs; another worker tells it once a minute, and what that
 * has told already costs nothing more.
 */
#ifndef SIGNET_WORKER_DENIAL_H
#define SIGNET_WORKER_DENIAL_H

#include "worker/connection.h"

/* Count a denial, and log it if none was in the last minute. */
void denial_report(struct connection *connection,
    const struct rights_request *request, const struct rights_verdict *verdict);

/* DENIAL and DENIAL_LOGGED from another worker: 0 or -EBADMSG. */
int on_denial(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);
int on_denial_logged(struct worker *worker, struct bytes payload);

#endif
