/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads of what is forwarded and kept until it is acknowledged.
 */
#include <endian.h>
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

static uint8_t *
put(uint8_t *at, const void *field, size_t len)
{
	memcpy(at, field, len);
	return at + len;
}

void
ipc_forward_head(const struct ipc_forward *forward,
    uint8_t head[IPC_FORWARD_HEAD_LEN])
{
	uint64_t number = htobe64(forward->number);
	uint64_t kept_id = htobe64(forward->kept_id);
	uint64_t session = htobe64(forward->session);
	uint16_t packet_id = htobe16(forward->packet_id);
	uint8_t is_unsure = forward->is_unsure;

	head = put(head, &forward->kind, sizeof(forward->kind));
	head = put(head, &number, sizeof(number));
	head = put(head, &kept_id, sizeof(kept_id));
	head = put(head, &session, sizeof(session));
	head = put(head, &packet_id, sizeof(packet_id));
	put(head, &is_unsure, sizeof(is_unsure));
}

int
ipc_forward_decode(struct bytes payload, struct ipc_forward *forward)
{
	struct unpack in = { .input = payload };
	struct ipc_forward decoded = { .kind = unpack_u8(&in) };
	uint8_t is_unsure;

	decoded.number = unpack_u64(&in);
	decoded.kept_id = unpack_u64(&in);
	decoded.session = unpack_u64(&in);
	decoded.packet_id = unpack_u16(&in);
	is_unsure = unpack_u8(&in);
	decoded.is_unsure = is_unsure == 1;
	if (in.failed || decoded.number == 0 || is_unsure > 1 ||
	    (decoded.kind != IPC_FORWARD_PUBLISH &&
		decoded.kind != IPC_FORWARD_SHARE) ||
	    (decoded.session == 0 && decoded.packet_id != 0))
		return -EBADMSG;
	decoded.content = bytes_skip(payload, in.pos);
	*forward = decoded;
	return 0;
}

void
ipc_release_encode(const struct ipc_release *release, struct buffer *out)
{
	pack_u64(out, release->number);
	pack_u64(out, release->session);
	pack_u16(out, release->packet_id);
}

int
ipc_release_decode(struct bytes payload, struct ipc_release *release)
{
	struct unpack in = { .input = payload };
	struct ipc_release decoded;

	decoded.number = unpack_u64(&in);
	decoded.session = unpack_u64(&in);
	decoded.packet_id = unpack_u16(&in);
	if (!unpack_is_complete(&in) || decoded.number == 0 ||
	    decoded.session == 0)
		return -EBADMSG;
	*release = decoded;
	return 0;
}

void
ipc_forward_ack_encode(const struct ipc_forward_ack *ack, struct buffer *out)
{
	pack_u64(out, ack->from);
	pack_u64(out, ack->to);
}

int
ipc_forward_ack_decode(struct bytes payload, struct ipc_forward_ack *ack)
{
	struct unpack in = { .input = payload };
	struct ipc_forward_ack decoded;

	decoded.from = unpack_u64(&in);
	decoded.to = unpack_u64(&in);
	if (!unpack_is_complete(&in) || decoded.from == 0 ||
	    decoded.from > decoded.to)
		return -EBADMSG;
	*ack = decoded;
	return 0;
}
