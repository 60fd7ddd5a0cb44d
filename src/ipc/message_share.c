/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads of Shared Subscriptions.
 */
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

/* Lengths of names and filters are 16 bits wide (MQTT 5.0, 1.5.4). */
#define TEXT_MAX 65535

#define HEAD_LEN (IPC_PUBLISH_SHARE_HEAD_LEN - IPC_PUBLISH_HEAD_LEN)

enum { SHARE_HAS_INTEREST = 1 << 0 };

void
ipc_interest_share_encode(const struct ipc_interest_share *interest,
    struct buffer *out)
{
	pack_u64(out, interest->number);
	pack_u32(out, interest->online);
	pack_u32(out, interest->offline);
	pack_bytes(out, interest->group);
	pack_bytes(out, interest->topic_filter);
}

int
ipc_interest_share_decode(struct bytes payload,
    struct ipc_interest_share *interest)
{
	struct unpack in = { .input = payload };
	struct ipc_interest_share decoded;

	decoded.number = unpack_u64(&in);
	decoded.online = unpack_u32(&in);
	decoded.offline = unpack_u32(&in);
	decoded.group = unpack_bytes(&in, TEXT_MAX);
	decoded.topic_filter = unpack_bytes(&in, TEXT_MAX);
	if (!unpack_is_complete(&in) || decoded.group.len == 0 ||
	    decoded.topic_filter.len == 0)
		return -EBADMSG;
	*interest = decoded;
	return 0;
}

void
ipc_publish_share_parts(const struct ipc_publish_share *share,
    uint8_t head[IPC_PUBLISH_SHARE_HEAD_LEN],
    struct bytes parts[IPC_PUBLISH_SHARE_PART_COUNT])
{
	uint32_t len = (uint32_t)share->names.len;

	head[0] = share->has_interest ? SHARE_HAS_INTEREST : 0;
	head[1] = share->hops;
	head[2] = (uint8_t)(len >> 24);
	head[3] = (uint8_t)(len >> 16);
	head[4] = (uint8_t)(len >> 8);
	head[5] = (uint8_t)len;
	parts[0] = bytes_of(head, HEAD_LEN);
	parts[1] = share->names;
	ipc_publish_parts(&share->publish, head + HEAD_LEN, parts + 2);
}

int
ipc_publish_share_decode(struct bytes payload, struct ipc_publish_share *share)
{
	struct unpack in = { .input = payload };
	struct ipc_publish_share decoded;
	uint8_t flags = unpack_u8(&in);
	int error;

	decoded.has_interest = (flags & SHARE_HAS_INTEREST) != 0;
	decoded.hops = unpack_u8(&in);
	decoded.names = unpack_bytes(&in, IPC_SHARE_NAMES_MAX);
	if (in.failed || (flags & ~SHARE_HAS_INTEREST) != 0 ||
	    decoded.names.len == 0)
		return -EBADMSG;
	error = ipc_publish_decode(bytes_skip(payload, in.pos),
	    &decoded.publish);
	if (error == 0)
		*share = decoded;
	return error;
}

void
ipc_share_name_append(struct bytes group, struct bytes topic_filter,
    struct buffer *names)
{
	pack_u16(names, (uint16_t)group.len);
	pack_u16(names, (uint16_t)topic_filter.len);
	buffer_append(names, group);
	buffer_append(names, topic_filter);
}

int
ipc_share_name_next(struct bytes *names, struct bytes *group,
    struct bytes *topic_filter)
{
	struct unpack in = { .input = *names };
	uint16_t group_len, filter_len;
	struct bytes rest;

	if (names->len == 0)
		return 0;
	group_len = unpack_u16(&in);
	filter_len = unpack_u16(&in);
	if (in.failed || group_len == 0 || filter_len == 0)
		return -EBADMSG;
	rest = bytes_skip(*names, in.pos);
	if ((size_t)group_len + filter_len > rest.len)
		return -EBADMSG;
	*group = bytes_of(rest.data, group_len);
	*topic_filter = bytes_of(rest.data + group_len, filter_len);
	*names = bytes_skip(rest, (size_t)group_len + filter_len);
	return 1;
}
