/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads of sessions and of routing.
 */
#include "ipc/message.h"

#include <endian.h>
#include <errno.h>

#include "lib/pack.h"

/* What tls_handover_encode() writes at most, with room to spare. */
#define HANDOVER_MAX (128 * 1024)

/* More than websocket_encode() writes. */
#define WEBSOCKET_MAX 256

/* Lengths of names and filters are 16 bits wide (MQTT 5.0, 1.5.4). */
#define TOPIC_MAX 65535

enum { PUBLISH_RETAIN = 1 << 0, PUBLISH_HAS_EXPIRY = 1 << 1 };

void
ipc_session_handoff_encode(const struct ipc_session_handoff *handoff,
    struct buffer *out)
{
	/* room for all at once: growing would leave copies of the keys */
	buffer_reserve(out,
	    16 + handoff->handover.len + handoff->plaintext.len +
		handoff->ciphertext.len + handoff->websocket.len);
	pack_bytes(out, handoff->handover);
	pack_bytes(out, handoff->plaintext);
	pack_bytes(out, handoff->ciphertext);
	pack_bytes(out, handoff->websocket);
}

int
ipc_session_handoff_decode(struct bytes payload,
    struct ipc_session_handoff *handoff)
{
	struct unpack in = { .input = payload };
	struct ipc_session_handoff decoded;

	decoded.handover = unpack_bytes(&in, HANDOVER_MAX);
	decoded.plaintext = unpack_bytes(&in, IPC_PAYLOAD_MAX);
	decoded.ciphertext = unpack_bytes(&in, IPC_PAYLOAD_MAX);
	decoded.websocket = unpack_bytes(&in, WEBSOCKET_MAX);
	if (!unpack_is_complete(&in) || decoded.handover.len == 0)
		return -EBADMSG;
	*handoff = decoded;
	return 0;
}

void
ipc_interest_encode(const struct ipc_interest *interest, struct buffer *out)
{
	pack_u64(out, interest->number);
	buffer_append(out, interest->topic_filter);
}

int
ipc_interest_decode(struct bytes payload, struct ipc_interest *interest)
{
	struct unpack in = { .input = payload };
	uint64_t number = unpack_u64(&in);

	if (in.failed || payload.len - in.pos > TOPIC_MAX)
		return -EBADMSG;
	interest->number = number;
	interest->topic_filter = bytes_skip(payload, in.pos);
	return 0;
}

static void
put_u64(uint8_t *at, uint64_t value)
{
	uint64_t wire = htobe64(value);

	memcpy(at, &wire, sizeof(wire));
}

static void
put_u32(uint8_t *at, uint32_t value)
{
	uint32_t wire = htobe32(value);

	memcpy(at, &wire, sizeof(wire));
}

static void
put_u16(uint8_t *at, uint16_t value)
{
	uint16_t wire = htobe16(value);

	memcpy(at, &wire, sizeof(wire));
}

void
ipc_publish_parts(const struct ipc_publish *publish,
    uint8_t head[IPC_PUBLISH_HEAD_LEN],
    struct bytes parts[IPC_PUBLISH_PART_COUNT])
{
	head[0] = publish->qos;
	head[1] = (uint8_t)((publish->retain ? PUBLISH_RETAIN : 0) |
			    (publish->has_expiry ? PUBLISH_HAS_EXPIRY : 0));
	put_u64(head + 2, publish->has_expiry ? publish->expires_at_ms : 0);
	put_u64(head + 10, publish->publisher);
	put_u16(head + 18, (uint16_t)publish->topic_name.len);
	put_u32(head + 20, (uint32_t)publish->properties.len);
	put_u64(head + 24, publish->published_ns);
	parts[0] = bytes_of(head, IPC_PUBLISH_HEAD_LEN);
	parts[1] = publish->topic_name;
	parts[2] = publish->properties;
	parts[3] = publish->payload;
}

void
ipc_publish_encode(const struct ipc_publish *publish, struct buffer *out)
{
	uint8_t head[IPC_PUBLISH_HEAD_LEN];
	struct bytes parts[IPC_PUBLISH_PART_COUNT];

	ipc_publish_parts(publish, head, parts);
	for (size_t i = 0; i < IPC_PUBLISH_PART_COUNT; i++)
		buffer_append(out, parts[i]);
}

int
ipc_publish_decode(struct bytes payload, struct ipc_publish *publish)
{
	struct unpack in = { .input = payload };
	struct ipc_publish decoded = { .qos = unpack_u8(&in) };
	uint8_t flags = unpack_u8(&in);
	struct bytes rest;
	uint32_t properties_len;
	uint16_t topic_len;

	decoded.retain = (flags & PUBLISH_RETAIN) != 0;
	decoded.has_expiry = (flags & PUBLISH_HAS_EXPIRY) != 0;
	decoded.expires_at_ms = unpack_u64(&in);
	decoded.publisher = unpack_u64(&in);
	topic_len = unpack_u16(&in);
	properties_len = unpack_u32(&in);
	decoded.published_ns = unpack_u64(&in);
	if (in.failed || decoded.qos > 2 || topic_len == 0)
		return -EBADMSG;
	if ((flags & ~(PUBLISH_RETAIN | PUBLISH_HAS_EXPIRY)) != 0)
		return -EBADMSG;
	if (!decoded.has_expiry && decoded.expires_at_ms != 0)
		return -EBADMSG;

	rest = bytes_skip(payload, in.pos);
	if (topic_len > rest.len || properties_len > rest.len - topic_len)
		return -EBADMSG;
	decoded.topic_name = bytes_of(rest.data, topic_len);
	rest = bytes_skip(rest, topic_len);
	decoded.properties = bytes_of(rest.data, properties_len);
	decoded.payload = bytes_skip(rest, properties_len);
	*publish = decoded;
	return 0;
}
