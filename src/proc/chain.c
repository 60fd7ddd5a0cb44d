/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/chain.h"

_Static_assert(TLS_ID_LEN == IPC_TRUST_ID_LEN &&
		   TLS_CHAIN_MAX <= IPC_TRUST_CHAIN_MAX,
    "a chain that was verified can be looked up");

enum ipc_trust_verdict
proc_chain_check(const struct ipc_trust_index *index,
    const struct tls_certificate_id *chain, size_t count, int64_t now)
{
	struct ipc_trust_link links[TLS_CHAIN_MAX];

	for (size_t i = 0; i < count; i++) {
		memcpy(links[i].issuer, chain[i].issuer, TLS_ID_LEN);
		memcpy(links[i].certificate, chain[i].certificate, TLS_ID_LEN);
	}
	return ipc_trust_chain_check(index, links, count, now);
}
