/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of a client, as a gate has verified it, against what clients are
 * trusted by now.
 */
#ifndef SIGNET_PROC_CHAIN_H
#define SIGNET_PROC_CHAIN_H

#include "ipc/trust_index.h"
#include "tls/handover.h"

/*
 * May the chain be trusted? chain: the client's own first, the anchor last;
 * count: 1..TLS_CHAIN_MAX. now: seconds since 1970.
 */
enum ipc_trust_verdict proc_chain_check(const struct ipc_trust_index *index,
    const struct tls_certificate_id *chain, size_t count, int64_t now);

#endif
