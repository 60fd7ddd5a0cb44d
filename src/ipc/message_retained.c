/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads of retained messages.
 */
#include <endian.h>
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

#define NUMBER_LEN sizeof(uint64_t)

void
ipc_retained_parts(uint64_t number, const struct ipc_publish *publish,
    uint8_t head[IPC_RETAINED_HEAD_LEN],
    struct bytes parts[IPC_RETAINED_PART_COUNT])
{
	uint64_t wire = htobe64(number);

	memcpy(head, &wire, NUMBER_LEN);
	ipc_publish_parts(publish, head + NUMBER_LEN, parts);
	parts[0] = bytes_of(head, IPC_RETAINED_HEAD_LEN);
}

int
ipc_retained_decode(struct bytes payload, uint64_t *number,
    struct ipc_publish *publish)
{
	struct unpack in = { .input = payload };
	uint64_t decoded = unpack_u64(&in);
	int error;

	if (in.failed)
		return -EBADMSG;
	error = ipc_publish_decode(bytes_skip(payload, in.pos), publish);
	if (error == 0)
		*number = decoded;
	return error;
}

void
ipc_retained_status_encode(uint64_t number, uint8_t value, struct buffer *out)
{
	pack_u64(out, number);
	pack_u8(out, value);
}

int
ipc_retained_status_decode(struct bytes payload, uint64_t *number,
    uint8_t *value)
{
	struct unpack in = { .input = payload };
	uint64_t decoded = unpack_u64(&in);
	uint8_t status = unpack_u8(&in);

	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*number = decoded;
	*value = status;
	return 0;
}
