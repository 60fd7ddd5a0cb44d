/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/control.h"

#include <errno.h>

#include "lib/pack.h"

void
ipc_sessions_ask_encode(const struct ipc_sessions_ask *ask, struct buffer *out)
{
	pack_u64(out, ask->number);
	pack_u8(out, (uint8_t)ask->action);
	pack_u8(out, (uint8_t)ask->state);
	pack_bytes(out, ask->identity);
	pack_bytes(out, ask->client_id);
	pack_bytes(out, ask->peer);
	pack_bytes(out, ask->name);
}

int
ipc_sessions_ask_decode(struct bytes payload, struct ipc_sessions_ask *ask)
{
	struct unpack in = { .input = payload };
	struct ipc_sessions_ask decoded;

	decoded.number = unpack_u64(&in);
	decoded.action = (enum ipc_sessions_action)unpack_u8(&in);
	decoded.state = (enum ipc_sessions_state)unpack_u8(&in);
	decoded.identity = unpack_bytes(&in, IPC_SESSIONS_TEXT_MAX);
	decoded.client_id = unpack_bytes(&in, IPC_SESSIONS_TEXT_MAX);
	decoded.peer = unpack_bytes(&in, IPC_SESSIONS_TEXT_MAX);
	decoded.name = unpack_bytes(&in, IPC_SESSIONS_TEXT_MAX);
	if (!unpack_is_complete(&in) || decoded.number == 0 ||
	    decoded.action < IPC_SESSIONS_LIST ||
	    decoded.action > IPC_SESSIONS_DISCONNECT ||
	    decoded.state > IPC_SESSIONS_OFFLINE)
		return -EBADMSG;
	/* nobody ends all by a name that was left out */
	if (decoded.action != IPC_SESSIONS_LIST && decoded.name.len == 0)
		return -EBADMSG;
	*ask = decoded;
	return 0;
}

void
ipc_sessions_number_encode(uint64_t number, struct buffer *out)
{
	pack_u64(out, number);
}

int
ipc_sessions_number_decode(struct bytes payload, uint64_t *number)
{
	struct unpack in = { .input = payload };
	uint64_t decoded = unpack_u64(&in);

	if (!unpack_is_complete(&in) || decoded == 0)
		return -EBADMSG;
	*number = decoded;
	return 0;
}

void
ipc_sessions_page_encode(const struct ipc_sessions_page *page,
    struct buffer *out)
{
	pack_u64(out, page->number);
	pack_u8(out, page->is_last ? 1 : 0);
	pack_bytes(out, page->lines);
}

int
ipc_sessions_page_decode(struct bytes payload, struct ipc_sessions_page *page)
{
	struct unpack in = { .input = payload };
	struct ipc_sessions_page decoded;
	uint8_t is_last;

	decoded.number = unpack_u64(&in);
	is_last = unpack_u8(&in);
	decoded.lines = unpack_bytes(&in, IPC_SESSIONS_LINES_MAX);
	if (!unpack_is_complete(&in) || decoded.number == 0 || is_last > 1)
		return -EBADMSG;
	if (decoded.lines.len > 0 &&
	    decoded.lines.data[decoded.lines.len - 1] != '\n')
		return -EBADMSG;
	decoded.is_last = is_last == 1;
	*page = decoded;
	return 0;
}

void
ipc_log_level_encode(enum log_level level, struct buffer *out)
{
	pack_u8(out, (uint8_t)level);
}

int
ipc_log_level_decode(struct bytes payload, enum log_level *level)
{
	struct unpack in = { .input = payload };
	uint8_t decoded = unpack_u8(&in);

	if (!unpack_is_complete(&in) || decoded > LOG_LEVEL_DEBUG)
		return -EBADMSG;
	*level = (enum log_level)decoded;
	return 0;
}
