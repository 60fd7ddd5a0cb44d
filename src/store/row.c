/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row.h"

#include <errno.h>

#include "lib/pack.h"

static bool
has_prefix(struct bytes key, struct bytes prefix)
{
	return key.len >= prefix.len &&
	       memcmp(key.data, prefix.data, prefix.len) == 0;
}

void
row_cursor_encode(const struct row_cursor *cursor, struct buffer *out)
{
	pack_u32(out, cursor->epoch);
	pack_u64(out, cursor->transaction);
}

int
row_cursor_decode(struct bytes value, struct row_cursor *cursor)
{
	struct unpack in = { .input = value };
	uint32_t epoch = unpack_u32(&in);
	uint64_t transaction = unpack_u64(&in);

	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*cursor = (struct row_cursor){ epoch, transaction };
	return 0;
}

void
row_worker_key(uint16_t worker, struct buffer *out)
{
	buffer_append(out, ROW_META_WORKER);
	pack_u16(out, worker);
}

int
row_worker_key_decode(struct bytes key, uint16_t *worker)
{
	struct unpack in = { .input = key };

	if (!has_prefix(key, ROW_META_WORKER))
		return -EBADMSG;
	in.pos = ROW_META_WORKER.len;
	*worker = unpack_u16(&in);
	return unpack_is_complete(&in) ? 0 : -EBADMSG;
}

void
row_dead_key(uint64_t session, struct buffer *out)
{
	buffer_append(out, ROW_META_DEAD);
	pack_u64(out, session);
}

int
row_dead_key_decode(struct bytes key, uint64_t *session)
{
	struct unpack in = { .input = key };

	if (!has_prefix(key, ROW_META_DEAD))
		return -EBADMSG;
	in.pos = ROW_META_DEAD.len;
	*session = unpack_u64(&in);
	return unpack_is_complete(&in) ? 0 : -EBADMSG;
}

void
row_forwarded_key(uint16_t worker, uint16_t from, struct buffer *out)
{
	buffer_append(out, ROW_META_FORWARDED);
	pack_u16(out, worker);
	pack_u16(out, from);
}

int
row_forwarded_key_decode(struct bytes key, uint16_t *worker, uint16_t *from)
{
	struct unpack in = { .input = key };

	if (!has_prefix(key, ROW_META_FORWARDED))
		return -EBADMSG;
	in.pos = ROW_META_FORWARDED.len;
	*worker = unpack_u16(&in);
	*from = unpack_u16(&in);
	return unpack_is_complete(&in) ? 0 : -EBADMSG;
}

void
row_session_key(const struct row_session *row, struct buffer *out)
{
	pack_u64(out, row->session);
	pack_u8(out, (uint8_t)row->kind);
	switch (row->kind) {
	case ROW_SESSION_HEAD:
		break;
	case ROW_SESSION_RECEIVED:
		pack_u16(out, row->packet_id);
		pack_u16(out, row->worker);
		buffer_append(out, row->homes);
		break;
	case ROW_SESSION_SUBSCRIPTION:
		buffer_append(out, row->filter);
		break;
	}
}

int
row_session_key_decode(struct bytes key, struct row_session *row)
{
	struct unpack in = { .input = key };
	struct row_session decoded = { .session = unpack_u64(&in) };

	decoded.kind = (enum row_session_kind)unpack_u8(&in);
	if (in.failed)
		return -EBADMSG;
	switch (decoded.kind) {
	case ROW_SESSION_HEAD:
		break;
	case ROW_SESSION_RECEIVED:
		decoded.packet_id = unpack_u16(&in);
		decoded.worker = unpack_u16(&in);
		if (in.failed || decoded.packet_id == 0)
			return -EBADMSG;
		decoded.homes = bytes_skip(key, in.pos);
		if (decoded.homes.len != 0 &&
		    decoded.homes.len != IPC_STORE_HOMES_LEN)
			return -EBADMSG;
		in.pos = key.len;
		break;
	case ROW_SESSION_SUBSCRIPTION:
		decoded.filter = bytes_skip(key, in.pos);
		in.pos = key.len;
		if (decoded.filter.len == 0)
			return -EBADMSG;
		break;
	default:
		return -EBADMSG;
	}
	if (!unpack_is_complete(&in) || decoded.session == IPC_STORE_NONE)
		return -EBADMSG;
	*row = decoded;
	return 0;
}

static int64_t
unpack_time(struct unpack *in)
{
	uint64_t time = unpack_u64(in);

	if (time > INT64_MAX)
		in->failed = true;
	return (int64_t)time;
}

void
row_head_encode(const struct ipc_store_change *put, struct buffer *out)
{
	pack_u64(out, (uint64_t)put->expires_at);
	pack_bytes(out, put->key);
	buffer_append(out, put->value);
}

int
row_head_decode(struct bytes value, struct ipc_store_change *put)
{
	struct unpack in = { .input = value };

	put->expires_at = unpack_time(&in);
	put->key = unpack_bytes(&in, IPC_STORE_KEY_MAX);
	if (in.failed || put->key.len == 0)
		return -EBADMSG;
	put->value = bytes_skip(value, in.pos);
	return 0;
}

void
row_queue_key(uint64_t session, uint64_t sequence, struct buffer *out)
{
	pack_u64(out, session);
	pack_u64(out, sequence);
}

int
row_queue_key_decode(struct bytes key, uint64_t *session, uint64_t *sequence)
{
	struct unpack in = { .input = key };

	*session = unpack_u64(&in);
	*sequence = unpack_u64(&in);
	return unpack_is_complete(&in) && *session != 0 && *sequence != 0
		   ? 0
		   : -EBADMSG;
}

void
row_queue_encode(const struct ipc_store_change *put, struct buffer *out)
{
	pack_u64(out, put->message);
	pack_u64(out, put->total);
	pack_u32(out, put->len);
	pack_u64(out, (uint64_t)put->expires_at);
	pack_bytes(out, put->value);
}

int
row_queue_decode(struct bytes value, struct ipc_store_change *put)
{
	struct unpack in = { .input = value };

	put->message = unpack_u64(&in);
	put->total = unpack_u64(&in);
	put->len = unpack_u32(&in);
	put->expires_at = unpack_time(&in);
	put->value = unpack_bytes(&in, value.len);
	if (in.failed)
		return -EBADMSG;
	put->body = bytes_skip(value, in.pos);
	return 0;
}

void
row_message_key(uint64_t message, struct buffer *out)
{
	pack_u64(out, message);
}

int
row_message_key_decode(struct bytes key, uint64_t *message)
{
	struct unpack in = { .input = key };

	*message = unpack_u64(&in);
	return unpack_is_complete(&in) && *message != 0 ? 0 : -EBADMSG;
}

void
row_retained_encode(const struct ipc_store_change *put, struct buffer *out)
{
	pack_u64(out, (uint64_t)put->expires_at);
}

int
row_retained_decode(struct bytes value, struct ipc_store_change *put)
{
	struct unpack in = { .input = value };

	put->expires_at = unpack_time(&in);
	if (in.failed)
		return -EBADMSG;
	put->body = bytes_skip(value, in.pos);
	return 0;
}

void
row_share_encode(const struct ipc_store_change *put, uint16_t worker,
    struct buffer *out)
{
	pack_u16(out, worker);
	pack_u64(out, (uint64_t)put->expires_at);
	pack_bytes(out, put->key);
	pack_bytes(out, put->value);
}

int
row_share_decode(struct bytes value, struct ipc_store_change *put,
    uint16_t *worker)
{
	struct unpack in = { .input = value };

	*worker = unpack_u16(&in);
	put->expires_at = unpack_time(&in);
	put->key = unpack_bytes(&in, IPC_STORE_KEY_MAX);
	put->value = unpack_bytes(&in, value.len);
	if (in.failed || put->key.len == 0)
		return -EBADMSG;
	put->body = bytes_skip(value, in.pos);
	return 0;
}
