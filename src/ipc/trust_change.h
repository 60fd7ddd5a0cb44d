/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one index has and another has not, in words.
 */
#ifndef SIGNET_IPC_TRUST_CHANGE_H
#define SIGNET_IPC_TRUST_CHANGE_H

#include "ipc/trust_index.h"

/*
 * Call visit for each change, those of the server's certificates first, then
 * authorities, then CRLs, and last how many are revoked.
 *
 * what: "server-certificate", "server-chain", "client-ca", "crl", "revoked".
 * now, before: fingerprints, dates and names, during the call; what was added
 * has no before, what was removed no now.
 */
typedef void ipc_trust_change_visit(void *context, const char *what,
    struct bytes now, struct bytes before);
void ipc_trust_changes(const struct ipc_trust_index *before,
    const struct ipc_trust_index *after, void *context,
    ipc_trust_change_visit *visit);

#endif
