/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What workers and the store say to each other, and the rows of the database.
 * The first byte says which decoder gets the rest; what it takes encodes to the
 * bytes that it was decoded from.
 */
#include <errno.h>
#include <stdlib.h>

#include "ipc/store.h"
#include "store/batch.h"
#include "store/reference.h"
#include "store/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static volatile uint8_t sum;

/* Look at every byte of a view: it must lie in memory that is there. */
static void
read_through(struct bytes view)
{
	for (size_t i = 0; i < view.len; i++)
		sum = (uint8_t)(sum + view.data[i]);
}

static void
expect_same(struct buffer *out, struct bytes payload)
{
	if (!bytes_equal(buffer_view(out), payload))
		abort();
	buffer_done(out);
}

static void
read_change(const struct ipc_store_change *change)
{
	if (change->type == 0 || change->type >= IPC_STORE_CHANGE_TYPE_COUNT)
		abort();
	read_through(change->key);
	read_through(change->value);
	read_through(change->body);
}

static void
try_changes(struct bytes payload)
{
	const struct ipc_start start = { .worker_count = 2 };
	struct buffer out = { NULL, 0, 0 };
	struct ipc_store_change change;
	struct bytes rest = payload;
	int result;

	(void)store_changes_check(&start, 0, payload);
	while ((result = ipc_store_change_next(&rest, &change)) > 0) {
		read_change(&change);
		ipc_store_change_encode(&change, &out);
	}
	if (result != 0 && result != -EBADMSG)
		abort();
	expect_same(&out, bytes_of(payload.data, payload.len - rest.len));
}

static void
try_write(struct bytes payload)
{
	uint8_t head[IPC_STORE_WRITE_HEAD_LEN];
	struct ipc_store_write write;
	struct buffer out = { NULL, 0, 0 };

	if (ipc_store_write_decode(payload, &write) != 0)
		return;
	ipc_store_write_head(&write, head);
	buffer_append(&out, bytes_of(head, sizeof(head)));
	buffer_append(&out, write.changes);
	expect_same(&out, payload);
}

static void
try_row(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_store_row row;

	if (ipc_store_row_decode(payload, &row) != 0)
		return;
	read_change(&row.put);
	ipc_store_row_encode(&row, &out);
	expect_same(&out, payload);
}

static void
try_entry(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_store_entry entry;

	if (ipc_store_entry_decode(payload, &entry) != 0)
		return;
	read_change(&entry.put);
	ipc_store_entry_encode(&entry, &out);
	expect_same(&out, payload);
}

/* The fixed ones: struct, decoder and encoder have one name. */
#define TRY(name)                                                              \
	static void try_##name(struct bytes payload)                           \
	{                                                                      \
		struct buffer out = { NULL, 0, 0 };                            \
		struct ipc_store_##name decoded;                               \
                                                                               \
		if (ipc_store_##name##_decode(payload, &decoded) != 0)         \
			return;                                                \
		ipc_store_##name##_encode(&decoded, &out);                     \
		expect_same(&out, payload);                                    \
	}
TRY(open)
TRY(state)
TRY(read)
TRY(page)
TRY(expired)

static void
try_session_key(struct bytes key)
{
	struct buffer out = { NULL, 0, 0 };
	struct row_session row;

	if (row_session_key_decode(key, &row) != 0)
		return;
	row_session_key(&row, &out);
	expect_same(&out, key);
}

static void
try_reference(struct bytes value)
{
	struct buffer out = { NULL, 0, 0 };
	struct reference reference;

	if (reference_decode(value, &reference) != 0)
		return;
	read_through(reference.body);
	reference_encode(&reference, &out);
	expect_same(&out, value);
}

static void
try_values(struct bytes value)
{
	struct ipc_store_change put;
	struct row_cursor cursor;
	uint64_t number;
	uint16_t worker;

	if (row_head_decode(value, &put) == 0) {
		read_through(put.key);
		read_through(put.value);
	}
	if (row_queue_decode(value, &put) == 0) {
		read_through(put.value);
		read_through(put.body);
	}
	if (row_share_decode(value, &put, &worker) == 0) {
		read_through(put.key);
		read_through(put.value);
		read_through(put.body);
	}
	if (row_retained_decode(value, &put) == 0)
		read_through(put.body);
	(void)row_cursor_decode(value, &cursor);
	(void)row_worker_key_decode(value, &worker);
	(void)row_dead_key_decode(value, &number);
	(void)row_message_key_decode(value, &number);
	(void)row_queue_key_decode(value, &number, &put.sequence);
}

static void (*const tries[])(struct bytes input) = {
	try_changes,
	try_write,
	try_row,
	try_entry,
	try_open,
	try_state,
	try_read,
	try_page,
	try_expired,
	try_session_key,
	try_reference,
	try_values,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	tries[data[0] % (sizeof(tries) / sizeof(tries[0]))](
	    bytes_of(data + 1, len - 1));
	return 0;
}
