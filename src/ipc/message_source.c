/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of SOURCE.
 */
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

void
ipc_source_encode(const struct ipc_source *source, struct buffer *out)
{
	pack_u8(out, source->change);
	pack_u64(out, source->source);
}

int
ipc_source_decode(struct bytes payload, struct ipc_source *source)
{
	struct unpack in = { .input = payload };
	struct ipc_source decoded = { .change = unpack_u8(&in) };

	decoded.source = unpack_u64(&in);
	if (!unpack_is_complete(&in) || decoded.change < IPC_SOURCE_NONE ||
	    decoded.change > IPC_SOURCE_LESS)
		return -EBADMSG;
	*source = decoded;
	return 0;
}
