/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of EXPIRY.
 */
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

void
ipc_expiry_encode(const struct ipc_expiry *expiry, struct buffer *out)
{
	struct bytes identity = expiry->identity;

	if (identity.len > IPC_EXPIRY_IDENTITY_MAX)
		identity.len = IPC_EXPIRY_IDENTITY_MAX;
	pack_u64(out, expiry->connection);
	pack_u8(out, expiry->days_left);
	pack_raw(out, expiry->fingerprint, sizeof(expiry->fingerprint));
	pack_bytes(out, identity);
}

int
ipc_expiry_decode(struct bytes payload, struct ipc_expiry *expiry)
{
	struct unpack in = { .input = payload };
	struct ipc_expiry decoded = { .connection = unpack_u64(&in) };

	decoded.days_left = unpack_u8(&in);
	unpack_raw(&in, decoded.fingerprint, sizeof(decoded.fingerprint));
	decoded.identity = unpack_bytes(&in, IPC_EXPIRY_IDENTITY_MAX);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*expiry = decoded;
	return 0;
}
