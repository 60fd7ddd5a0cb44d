/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads by which a new state is read, proposed and taken.
 */
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

void
ipc_generation_encode(const struct ipc_generation *generation,
    struct buffer *out)
{
	struct bytes detail = generation->detail;

	if (detail.len > IPC_WHY_MAX)
		detail.len = IPC_WHY_MAX;
	pack_u64(out, generation->number);
	pack_bytes(out, detail);
}

int
ipc_generation_decode(struct bytes payload, struct ipc_generation *generation)
{
	struct unpack in = { .input = payload };
	struct ipc_generation decoded;

	decoded.number = unpack_u64(&in);
	decoded.detail = unpack_bytes(&in, IPC_WHY_MAX);
	if (!unpack_is_complete(&in) || decoded.number == 0)
		return -EBADMSG;
	*generation = decoded;
	return 0;
}

void
ipc_file_encode(const struct ipc_file *file, struct buffer *out)
{
	pack_u8(out, file->which);
	pack_u64(out, file->hash);
}

int
ipc_file_decode(struct bytes payload, struct ipc_file *file)
{
	struct unpack in = { .input = payload };
	enum ipc_credential credential;
	struct ipc_file decoded;

	decoded.which = unpack_u8(&in);
	decoded.hash = unpack_u64(&in);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	if (decoded.which != IPC_FILE_CRL &&
	    ipc_credential_decode(bytes_of(&decoded.which, 1), &credential) !=
		0)
		return -EBADMSG;
	*file = decoded;
	return 0;
}
