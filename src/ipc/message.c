/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of messages.def, and the short payloads that every role knows.
 */
#include "ipc/message.h"

#include <errno.h>

#include "ipc/control.h"
#include "ipc/statistics.h"
#include "ipc/ticket_keys.h"
#include "ipc/trust.h"
#include "lib/pack.h"

struct message_row {
	const char *name;
	unsigned int from;
	unsigned int to;
	bool has_fd;
	size_t largest;
};

enum { NO_FD = 0, WITH_FD = 1 };

static const struct message_row message_rows[] = {
	[IPC_NONE] = { "NONE", 0, 0, false, 0 },
#define MESSAGE(name, from, to, descriptor, largest)                           \
	[IPC_##name] = { #name, IPC_ROLE_##from, IPC_ROLE_##to,                \
		descriptor == WITH_FD, largest },
#include "ipc/messages.def"
#undef MESSAGE
};

const char *
ipc_message_name(unsigned int type)
{
	if (type == IPC_NONE || type >= IPC_MESSAGE_TYPE_COUNT)
		return "UNKNOWN";
	return message_rows[type].name;
}

int
ipc_message_check(unsigned int type, enum ipc_role from, enum ipc_role to,
    size_t payload_len, bool has_fd, const char **fault)
{
	const struct message_row *row;

	if (type == IPC_NONE || type >= IPC_MESSAGE_TYPE_COUNT) {
		*fault = "message of unknown type";
		return -EBADMSG;
	}
	row = &message_rows[type];
	if ((row->from & from) == 0)
		*fault = "message that this sender may not send";
	else if ((row->to & to) == 0)
		*fault = "message that is not for this receiver";
	else if (payload_len > row->largest)
		*fault = "message longer than its type allows";
	else if (has_fd && !row->has_fd)
		*fault = "message with a descriptor that it may not have";
	else if (!has_fd && row->has_fd)
		*fault = "message without its descriptor";
	else
		return 0;
	return -EBADMSG;
}

void
ipc_peer_encode(const struct ipc_peer *peer, struct buffer *out)
{
	pack_u8(out, (uint8_t)peer->role);
	pack_u16(out, peer->index);
}

int
ipc_peer_decode(struct bytes payload, struct ipc_peer *peer)
{
	struct unpack in = { .input = payload };
	uint8_t role = unpack_u8(&in);
	uint16_t index = unpack_u16(&in);

	if (!unpack_is_complete(&in))
		return -EBADMSG;
	if (role != IPC_ROLE_GATE && role != IPC_ROLE_WORKER &&
	    role != IPC_ROLE_STORE && role != IPC_ROLE_KEY)
		return -EBADMSG;
	*peer = (struct ipc_peer){ (enum ipc_role)role, index };
	return 0;
}

void
ipc_start_encode(const struct ipc_start *start, struct buffer *out)
{
	pack_u16(out, start->worker_count);
	pack_u16(out, start->gate_count);
	pack_raw(out, start->home_key, sizeof(start->home_key));
	pack_u64(out, start->started_ms);
}

int
ipc_start_decode(struct bytes payload, struct ipc_start *start)
{
	struct unpack in = { .input = payload };
	struct ipc_start decoded;

	decoded.worker_count = unpack_u16(&in);
	decoded.gate_count = unpack_u16(&in);
	unpack_raw(&in, decoded.home_key, sizeof(decoded.home_key));
	decoded.started_ms = unpack_u64(&in);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	if (decoded.worker_count == 0 || decoded.gate_count == 0)
		return -EBADMSG;
	*start = decoded;
	return 0;
}

void
ipc_credential_encode(enum ipc_credential which, struct buffer *out)
{
	pack_u8(out, (uint8_t)which);
}

int
ipc_credential_decode(struct bytes payload, enum ipc_credential *which)
{
	struct unpack in = { .input = payload };
	uint8_t value = unpack_u8(&in);

	if (!unpack_is_complete(&in))
		return -EBADMSG;
	if (value < IPC_CREDENTIAL_CERTIFICATE ||
	    value > IPC_CREDENTIAL_CLIENT_CA)
		return -EBADMSG;
	*which = (enum ipc_credential)value;
	return 0;
}
