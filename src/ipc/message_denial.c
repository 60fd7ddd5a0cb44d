/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads of DENIAL and DENIAL_LOGGED.
 */
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

static void
pack_text(struct buffer *out, struct bytes text)
{
	if (text.len > IPC_DENIAL_TEXT_MAX)
		text.len = IPC_DENIAL_TEXT_MAX;
	pack_bytes(out, text);
}

void
ipc_denial_encode(const struct ipc_denial *denial, struct buffer *out)
{
	pack_u64(out, denial->hash);
	pack_u64(out, denial->connection);
	pack_u32(out, denial->count);
	pack_u8(out, denial->action);
	pack_u8(out, denial->reason);
	pack_text(out, denial->identity);
	pack_text(out, denial->client_id);
	pack_text(out, denial->topic);
	pack_text(out, denial->role);
	pack_text(out, denial->list);
	pack_text(out, denial->rule);
}

int
ipc_denial_decode(struct bytes payload, struct ipc_denial *denial)
{
	struct unpack in = { .input = payload };
	struct ipc_denial decoded = { .hash = unpack_u64(&in) };

	decoded.connection = unpack_u64(&in);
	decoded.count = unpack_u32(&in);
	decoded.action = unpack_u8(&in);
	decoded.reason = unpack_u8(&in);
	decoded.identity = unpack_bytes(&in, IPC_DENIAL_TEXT_MAX);
	decoded.client_id = unpack_bytes(&in, IPC_DENIAL_TEXT_MAX);
	decoded.topic = unpack_bytes(&in, IPC_DENIAL_TEXT_MAX);
	decoded.role = unpack_bytes(&in, IPC_DENIAL_TEXT_MAX);
	decoded.list = unpack_bytes(&in, IPC_DENIAL_TEXT_MAX);
	decoded.rule = unpack_bytes(&in, IPC_DENIAL_TEXT_MAX);
	if (!unpack_is_complete(&in) || decoded.count == 0)
		return -EBADMSG;
	*denial = decoded;
	return 0;
}

void
ipc_denial_logged_encode(const struct ipc_denial_logged *logged,
    struct buffer *out)
{
	pack_u64(out, logged->hash);
	pack_u64(out, logged->logged_ms);
}

int
ipc_denial_logged_decode(struct bytes payload, struct ipc_denial_logged *logged)
{
	struct unpack in = { .input = payload };
	struct ipc_denial_logged decoded = { .hash = unpack_u64(&in) };

	decoded.logged_ms = unpack_u64(&in);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*logged = decoded;
	return 0;
}
