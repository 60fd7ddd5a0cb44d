/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/ticket_keys.h"

#include <errno.h>

#include "lib/memory.h"
#include "lib/pack.h"

void
ipc_ticket_keys_encode(const struct ipc_ticket_keys *keys, struct buffer *out)
{
	buffer_reserve(out, IPC_TICKET_KEYS_LEN_MAX);
	pack_u8(out, (uint8_t)keys->count);
	for (size_t i = 0; i < keys->count; i++) {
		pack_raw(out, keys->keys[i].name, IPC_TICKET_NAME_LEN);
		pack_raw(out, keys->keys[i].key, IPC_TICKET_KEY_LEN);
	}
}

int
ipc_ticket_keys_decode(struct bytes payload, struct ipc_ticket_keys *keys)
{
	struct unpack in = { .input = payload };
	struct ipc_ticket_keys decoded = { .count = unpack_u8(&in) };
	int error = 0;

	if (decoded.count < 1 || decoded.count > IPC_TICKET_KEYS_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < decoded.count; i++) {
		unpack_raw(&in, decoded.keys[i].name, IPC_TICKET_NAME_LEN);
		unpack_raw(&in, decoded.keys[i].key, IPC_TICKET_KEY_LEN);
	}
	if (unpack_is_complete(&in))
		*keys = decoded;
	else
		error = -EBADMSG;
	memory_wipe(&decoded, sizeof(decoded));
	return error;
}
