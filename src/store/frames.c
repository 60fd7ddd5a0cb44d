/* SPDX-License-Identifier: Apache-2.0 */
#include "store/frames.h"

#include "ipc/message.h"
#include "lib/pack.h"

#define HEAD_LEN 5

size_t
frames_begin(struct frames *frames, uint8_t type)
{
	size_t begin = frames->bytes.len;

	pack_u8(&frames->bytes, type);
	pack_u32(&frames->bytes, 0);
	return begin;
}

bool
frames_end(struct frames *frames, size_t begin)
{
	size_t len = frames->bytes.len - begin - HEAD_LEN;

	if (len > IPC_PAYLOAD_MAX) {
		frames->bytes.len = begin;
		return false;
	}
	for (int i = 0; i < 4; i++)
		frames->bytes.data[begin + 1 + (size_t)i] =
		    (uint8_t)(len >> (24 - 8 * i));
	frames->count++;
	return true;
}

bool
frames_next(struct bytes *rest, uint8_t *type, struct bytes *payload)
{
	struct unpack in = { .input = *rest };

	if (rest->len == 0)
		return false;
	*type = unpack_u8(&in);
	*payload = unpack_bytes(&in, rest->len);
	*rest = bytes_skip(*rest, in.pos);
	return true;
}

void
frames_done(struct frames *frames)
{
	buffer_done(&frames->bytes);
	frames->count = 0;
}
