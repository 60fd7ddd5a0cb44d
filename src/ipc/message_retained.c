/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads of retained messages.
 */
#include <endian.h>
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

#define NUMBER_LEN sizeof(uint64_t)
#define TOPIC_MAX  65535

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
	if (error != 0)
		return error;
	*number = decoded;
	return 0;
}

void
ipc_retained_query_encode(const struct ipc_retained_query *query,
    struct buffer *out)
{
	pack_u64(out, query->number);
	pack_u64(out, query->until_ns);
	buffer_append(out, query->topic_filter);
}

int
ipc_retained_query_decode(struct bytes payload,
    struct ipc_retained_query *query)
{
	struct unpack in = { .input = payload };
	struct ipc_retained_query decoded = { .number = unpack_u64(&in) };

	decoded.until_ns = unpack_u64(&in);
	if (in.failed || payload.len - in.pos > TOPIC_MAX)
		return -EBADMSG;
	decoded.topic_filter = bytes_skip(payload, in.pos);
	*query = decoded;
	return 0;
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
