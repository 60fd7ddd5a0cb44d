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
ipc_files_read_encode(const struct ipc_files_read *files, struct buffer *out)
{
	buffer_append(out,
	    bytes_of(files->key.bytes, sizeof(files->key.bytes)));
	pack_u64(out, files->certificate);
	pack_u64(out, files->private_key);
	pack_u64(out, files->private_key_state);
}

int
ipc_files_read_decode(struct bytes payload, struct ipc_files_read *files)
{
	struct unpack in = { .input = payload };
	struct ipc_files_read decoded;

	unpack_raw(&in, decoded.key.bytes, sizeof(decoded.key.bytes));
	decoded.certificate = unpack_u64(&in);
	decoded.private_key = unpack_u64(&in);
	decoded.private_key_state = unpack_u64(&in);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*files = decoded;
	return 0;
}

void
ipc_file_encode(const struct ipc_file *file, struct buffer *out)
{
	pack_u8(out, file->which);
	pack_u64(out, file->hash);
	pack_u64(out, file->state);
}

int
ipc_file_decode(struct bytes payload, struct ipc_file *file)
{
	struct unpack in = { .input = payload };
	enum ipc_credential credential;
	struct ipc_file decoded;

	decoded.which = unpack_u8(&in);
	decoded.hash = unpack_u64(&in);
	decoded.state = unpack_u64(&in);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	if (decoded.which != IPC_FILE_CRL &&
	    ipc_credential_decode(bytes_of(&decoded.which, 1), &credential) !=
		0)
		return -EBADMSG;
	*file = decoded;
	return 0;
}
