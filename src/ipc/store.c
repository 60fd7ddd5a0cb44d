/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads that workers and the store exchange.
 */
#include "ipc/store.h"

#include <errno.h>

#include "ipc/message.h"
#include "lib/clock.h"
#include "lib/pack.h"

/* The fields of a change, in the order in which they are packed. */
enum {
	SESSION = 1 << 0,
	SEQUENCE = 1 << 1,
	MESSAGE = 1 << 2,       /* may be none */
	MESSAGE_NAMED = 1 << 3, /* may not */
	TOTAL = 1 << 4,         /* and len */
	EXPIRES_AT = 1 << 5,
	REFERENCES = 1 << 6,
	PACKET_ID = 1 << 7,
	KEY = 1 << 8,
	VALUE = 1 << 9,
	BODY = 1 << 10,
	WORKER = 1 << 11, /* the first to be packed */
};

static const unsigned int change_fields[IPC_STORE_CHANGE_TYPE_COUNT] = {
	[IPC_STORE_SESSION_PUT] = SESSION | EXPIRES_AT | KEY | VALUE,
	[IPC_STORE_SESSION_REMOVE] = SESSION,
	[IPC_STORE_SUBSCRIPTION_PUT] = SESSION | KEY | VALUE,
	[IPC_STORE_SUBSCRIPTION_REMOVE] = SESSION | KEY,
	[IPC_STORE_RECEIVED_PUT] = SESSION | PACKET_ID,
	[IPC_STORE_RECEIVED_REMOVE] = SESSION | PACKET_ID,
	[IPC_STORE_QUEUE_PUT] = SESSION | SEQUENCE | MESSAGE | TOTAL |
				EXPIRES_AT | VALUE | BODY,
	[IPC_STORE_QUEUE_REMOVE] = SESSION | SEQUENCE | MESSAGE,
	[IPC_STORE_MESSAGE_PUT] = MESSAGE_NAMED | EXPIRES_AT | REFERENCES |
				  BODY,
	[IPC_STORE_RETAINED_PUT] = EXPIRES_AT | KEY | BODY,
	[IPC_STORE_RETAINED_REMOVE] = KEY,
	[IPC_STORE_SHARE_PUT] = MESSAGE_NAMED | EXPIRES_AT | KEY | VALUE | BODY,
	[IPC_STORE_SHARE_REMOVE] = MESSAGE_NAMED,
	[IPC_STORE_FORWARDED_PUT] = WORKER | SEQUENCE,
	[IPC_STORE_MOVED_REMOVE] = WORKER | SESSION | PACKET_ID | KEY,
};

void
ipc_store_change_encode(const struct ipc_store_change *change,
    struct buffer *out)
{
	unsigned int fields = change_fields[change->type];

	pack_u8(out, (uint8_t)change->type);
	if (fields & WORKER)
		pack_u16(out, change->worker);
	if (fields & SESSION)
		pack_u64(out, change->session);
	if (fields & SEQUENCE)
		pack_u64(out, change->sequence);
	if (fields & (MESSAGE | MESSAGE_NAMED))
		pack_u64(out, change->message);
	if (fields & TOTAL) {
		pack_u64(out, change->total);
		pack_u32(out, change->len);
	}
	if (fields & EXPIRES_AT)
		pack_u64(out, (uint64_t)change->expires_at);
	if (fields & REFERENCES)
		pack_u32(out, change->references);
	if (fields & PACKET_ID)
		pack_u16(out, change->packet_id);
	if (fields & KEY)
		pack_bytes(out, change->key);
	if (fields & VALUE)
		pack_bytes(out, change->value);
	if (fields & BODY)
		pack_bytes(out, change->body);
}

/* A number that is never 0. */
static uint64_t
unpack_number(struct unpack *in)
{
	uint64_t number = unpack_u64(in);

	if (number == 0)
		in->failed = true;
	return number;
}

static int64_t
unpack_time(struct unpack *in)
{
	uint64_t time = unpack_u64(in);

	if (time > CLOCK_REALTIME_SECONDS_MAX && time != IPC_STORE_NEVER)
		in->failed = true;
	return (int64_t)time;
}

static void
unpack_numbers(struct unpack *in, unsigned int fields,
    struct ipc_store_change *change)
{
	if (fields & WORKER)
		change->worker = unpack_u16(in);
	if (fields & SESSION)
		change->session = unpack_number(in);
	if (fields & SEQUENCE)
		change->sequence = unpack_number(in);
	if (fields & MESSAGE)
		change->message = unpack_u64(in);
	if (fields & MESSAGE_NAMED)
		change->message = unpack_number(in);
	if (fields & TOTAL) {
		change->total = unpack_u64(in);
		change->len = unpack_u32(in);
	}
	if (fields & EXPIRES_AT)
		change->expires_at = unpack_time(in);
	if (fields & REFERENCES)
		change->references = unpack_u32(in);
	if (fields & PACKET_ID)
		change->packet_id = unpack_u16(in);
}

static void
unpack_change(struct unpack *in, struct ipc_store_change *change)
{
	uint8_t type = unpack_u8(in);
	unsigned int fields;

	memset(change, 0, sizeof(*change));
	if (type >= IPC_STORE_CHANGE_TYPE_COUNT || change_fields[type] == 0) {
		in->failed = true;
		return;
	}
	change->type = (enum ipc_store_change_type)type;
	fields = change_fields[type];
	unpack_numbers(in, fields, change);
	if (fields & KEY)
		change->key = unpack_bytes(in, IPC_STORE_KEY_MAX);
	if (fields & VALUE)
		change->value = unpack_bytes(in, IPC_PAYLOAD_MAX);
	if (fields & BODY)
		change->body = unpack_bytes(in, IPC_PAYLOAD_MAX);
	if (type == IPC_STORE_MOVED_REMOVE &&
	    change->key.len != IPC_STORE_HOMES_LEN)
		in->failed = true;
	if (((fields & KEY) && change->key.len == 0) ||
	    ((fields & REFERENCES) && change->references == 0) ||
	    ((fields & PACKET_ID) && change->packet_id == 0))
		in->failed = true;
}

int
ipc_store_change_next(struct bytes *changes, struct ipc_store_change *change)
{
	struct unpack in = { .input = *changes };

	if (changes->len == 0)
		return 0;
	unpack_change(&in, change);
	if (in.failed)
		return -EBADMSG;
	*changes = bytes_skip(*changes, in.pos);
	return 1;
}

void
ipc_store_homes_encode(const struct ipc_store_homes *homes, struct buffer *out)
{
	pack_u16(out, homes->worker_count);
	pack_raw(out, homes->home_key, sizeof(homes->home_key));
}

int
ipc_store_homes_decode(struct bytes input, struct ipc_store_homes *homes)
{
	struct unpack in = { .input = input };
	struct ipc_store_homes decoded;

	decoded.worker_count = unpack_u16(&in);
	unpack_raw(&in, decoded.home_key, sizeof(decoded.home_key));
	if (!unpack_is_complete(&in) || decoded.worker_count == 0)
		return -EBADMSG;
	*homes = decoded;
	return 0;
}

void
ipc_store_open_encode(const struct ipc_store_open *open, struct buffer *out)
{
	pack_u16(out, open->worker);
	pack_u16(out, open->worker_count);
	pack_u64(out, open->epoch);
	pack_raw(out, open->home_key, sizeof(open->home_key));
}

int
ipc_store_open_decode(struct bytes payload, struct ipc_store_open *open)
{
	struct unpack in = { .input = payload };
	struct ipc_store_open decoded;

	decoded.worker = unpack_u16(&in);
	decoded.worker_count = unpack_u16(&in);
	decoded.epoch = unpack_u64(&in);
	unpack_raw(&in, decoded.home_key, sizeof(decoded.home_key));
	if (!unpack_is_complete(&in) ||
	    decoded.worker >= decoded.worker_count ||
	    decoded.epoch > UINT32_MAX)
		return -EBADMSG;
	*open = decoded;
	return 0;
}

void
ipc_store_state_encode(const struct ipc_store_state *state, struct buffer *out)
{
	pack_u64(out, state->epoch);
	pack_u64(out, state->transaction);
}

int
ipc_store_state_decode(struct bytes payload, struct ipc_store_state *state)
{
	struct unpack in = { .input = payload };
	struct ipc_store_state decoded;

	decoded.epoch = unpack_u64(&in);
	decoded.transaction = unpack_u64(&in);
	if (!unpack_is_complete(&in) || decoded.epoch > UINT32_MAX)
		return -EBADMSG;
	*state = decoded;
	return 0;
}

static bool
is_of_a_worker(enum ipc_store_change_type type)
{
	return type == IPC_STORE_RECEIVED_PUT || type == IPC_STORE_SHARE_PUT;
}

void
ipc_store_row_encode(const struct ipc_store_row *row, struct buffer *out)
{
	ipc_store_change_encode(&row->put, out);
	if (is_of_a_worker(row->put.type))
		pack_u16(out, row->worker);
	if (row->put.type == IPC_STORE_RECEIVED_PUT)
		pack_bytes(out, row->homes);
	if (row->put.type != IPC_STORE_SESSION_PUT)
		return;
	pack_u64(out, row->first_sequence);
	pack_u64(out, row->last_sequence);
	pack_u64(out, row->first_total);
	pack_u64(out, row->first_len);
	pack_u64(out, row->last_total);
}

static bool
is_row_type(enum ipc_store_change_type type)
{
	switch (type) {
	case IPC_STORE_SESSION_PUT:
	case IPC_STORE_SUBSCRIPTION_PUT:
	case IPC_STORE_RECEIVED_PUT:
	case IPC_STORE_RETAINED_PUT:
	case IPC_STORE_SHARE_PUT:
	case IPC_STORE_FORWARDED_PUT:
		return true;
	default:
		return false;
	}
}

/* Nothing, or where sessions were at home. */
static struct bytes
unpack_homes(struct unpack *in)
{
	struct bytes homes = unpack_bytes(in, IPC_STORE_HOMES_LEN);

	if (homes.len != 0 && homes.len != IPC_STORE_HOMES_LEN)
		in->failed = true;
	return homes;
}

/* Can a queue be so: from its first entry to its last? */
static bool
row_queue_is_well(const struct ipc_store_row *row)
{
	if (row->first_sequence == 0)
		return row->last_sequence == 0 && row->first_total == 0 &&
		       row->first_len == 0 && row->last_total == 0;
	return row->first_sequence <= row->last_sequence &&
	       row->first_total <= row->last_total &&
	       row->first_len <= row->first_total;
}

int
ipc_store_row_decode(struct bytes payload, struct ipc_store_row *row)
{
	struct unpack in = { .input = payload };
	struct ipc_store_row decoded = { .first_sequence = 0 };

	unpack_change(&in, &decoded.put);
	if (is_of_a_worker(decoded.put.type))
		decoded.worker = unpack_u16(&in);
	if (decoded.put.type == IPC_STORE_RECEIVED_PUT)
		decoded.homes = unpack_homes(&in);
	if (decoded.put.type == IPC_STORE_SESSION_PUT) {
		decoded.first_sequence = unpack_u64(&in);
		decoded.last_sequence = unpack_u64(&in);
		decoded.first_total = unpack_u64(&in);
		decoded.first_len = unpack_u64(&in);
		decoded.last_total = unpack_u64(&in);
	}
	if (!unpack_is_complete(&in) || !is_row_type(decoded.put.type) ||
	    !row_queue_is_well(&decoded))
		return -EBADMSG;
	*row = decoded;
	return 0;
}

void
ipc_store_write_head(const struct ipc_store_write *write,
    uint8_t head[IPC_STORE_WRITE_HEAD_LEN])
{
	for (int i = 0; i < 8; i++)
		head[i] = (uint8_t)(write->transaction >> (56 - 8 * i));
	head[8] = write->is_last;
}

int
ipc_store_write_decode(struct bytes payload, struct ipc_store_write *write)
{
	struct unpack in = { .input = payload };
	uint64_t transaction = unpack_number(&in);
	uint8_t is_last = unpack_u8(&in);

	if (in.failed || is_last > 1)
		return -EBADMSG;
	write->transaction = transaction;
	write->is_last = is_last == 1;
	write->changes = bytes_skip(payload, in.pos);
	return 0;
}

void
ipc_store_read_encode(const struct ipc_store_read *read, struct buffer *out)
{
	pack_u64(out, read->request);
	pack_u64(out, read->session);
	pack_u64(out, read->from);
	pack_u32(out, read->count);
	pack_u32(out, read->bytes);
}

int
ipc_store_read_decode(struct bytes payload, struct ipc_store_read *read)
{
	struct unpack in = { .input = payload };
	struct ipc_store_read decoded;

	decoded.request = unpack_u64(&in);
	decoded.session = unpack_number(&in);
	decoded.from = unpack_u64(&in);
	decoded.count = unpack_u32(&in);
	decoded.bytes = unpack_u32(&in);
	if (!unpack_is_complete(&in) || decoded.count == 0)
		return -EBADMSG;
	*read = decoded;
	return 0;
}

void
ipc_store_entry_encode(const struct ipc_store_entry *entry, struct buffer *out)
{
	pack_u64(out, entry->request);
	ipc_store_change_encode(&entry->put, out);
}

int
ipc_store_entry_decode(struct bytes payload, struct ipc_store_entry *entry)
{
	struct unpack in = { .input = payload };
	struct ipc_store_entry decoded;

	decoded.request = unpack_u64(&in);
	unpack_change(&in, &decoded.put);
	if (!unpack_is_complete(&in) || decoded.put.type != IPC_STORE_QUEUE_PUT)
		return -EBADMSG;
	*entry = decoded;
	return 0;
}

void
ipc_store_page_encode(const struct ipc_store_page *page, struct buffer *out)
{
	pack_u64(out, page->request);
	pack_u64(out, page->next);
	pack_u8(out, page->is_end);
	pack_u32(out, page->lost);
}

int
ipc_store_page_decode(struct bytes payload, struct ipc_store_page *page)
{
	struct unpack in = { .input = payload };
	struct ipc_store_page decoded;
	uint8_t is_end;

	decoded.request = unpack_u64(&in);
	decoded.next = unpack_u64(&in);
	is_end = unpack_u8(&in);
	decoded.is_end = is_end == 1;
	decoded.lost = unpack_u32(&in);
	if (!unpack_is_complete(&in) || is_end > 1)
		return -EBADMSG;
	*page = decoded;
	return 0;
}

void
ipc_store_expired_encode(const struct ipc_store_expired *expired,
    struct buffer *out)
{
	pack_u64(out, expired->session);
	pack_u64(out, expired->sequence);
	pack_u32(out, expired->len);
}

int
ipc_store_expired_decode(struct bytes payload,
    struct ipc_store_expired *expired)
{
	struct unpack in = { .input = payload };
	struct ipc_store_expired decoded;

	decoded.session = unpack_number(&in);
	decoded.sequence = unpack_number(&in);
	decoded.len = unpack_u32(&in);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*expired = decoded;
	return 0;
}
