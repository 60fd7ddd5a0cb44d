/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "ipc/message.h"
#include "ipc/store.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "test_ipc.h"

#define SESSION  UINT64_C(0x100000002)
#define SEQUENCE UINT64_C(0x8877665544332211)
#define MESSAGE  UINT64_C(0x300000004)
#define BODY     BYTES_LITERAL("record of a message")
#define LATER    CLOCK_REALTIME_SECONDS_MAX

/* One of each type with all its fields. */
#define HOMES                                                                  \
	"\0\3"                                                                 \
	"0123456789abcdef"

static const struct ipc_store_change cases[] = {
	{ .type = IPC_STORE_SESSION_PUT,
	    .session = SESSION,
	    .expires_at = IPC_STORE_NEVER,
	    .key = { (const uint8_t *)"key", 3 },
	    .value = { (const uint8_t *)"value", 5 } },
	{ .type = IPC_STORE_SESSION_REMOVE, .session = SESSION },
	{ .type = IPC_STORE_SUBSCRIPTION_PUT,
	    .session = SESSION,
	    .key = { (const uint8_t *)"a/+", 3 },
	    .value = { (const uint8_t *)"v", 1 } },
	{ .type = IPC_STORE_SUBSCRIPTION_REMOVE,
	    .session = SESSION,
	    .key = { (const uint8_t *)"a/+", 3 } },
	{ .type = IPC_STORE_RECEIVED_PUT,
	    .session = SESSION,
	    .packet_id = 65535 },
	{ .type = IPC_STORE_RECEIVED_REMOVE,
	    .session = SESSION,
	    .packet_id = 1 },
	{ .type = IPC_STORE_QUEUE_PUT,
	    .session = SESSION,
	    .sequence = SEQUENCE,
	    .message = MESSAGE,
	    .total = 77,
	    .len = UINT32_MAX,
	    .expires_at = LATER,
	    .value = { (const uint8_t *)"v", 1 } },
	{ .type = IPC_STORE_QUEUE_PUT,
	    .session = SESSION,
	    .sequence = 1,
	    .expires_at = IPC_STORE_NEVER,
	    .body = { (const uint8_t *)"body", 4 } },
	{ .type = IPC_STORE_QUEUE_REMOVE,
	    .session = SESSION,
	    .sequence = SEQUENCE },
	{ .type = IPC_STORE_MESSAGE_PUT,
	    .message = MESSAGE,
	    .references = 3,
	    .expires_at = LATER,
	    .body = { (const uint8_t *)"body", 4 } },
	{ .type = IPC_STORE_RETAINED_PUT,
	    .expires_at = 0,
	    .key = { (const uint8_t *)"a/b", 3 },
	    .body = { (const uint8_t *)"body", 4 } },
	{ .type = IPC_STORE_RETAINED_REMOVE,
	    .key = { (const uint8_t *)"a/b", 3 } },
	{ .type = IPC_STORE_SHARE_PUT,
	    .message = MESSAGE,
	    .expires_at = LATER,
	    .key = { (const uint8_t *)"$share/g/a", 10 },
	    .value = { (const uint8_t *)"v", 1 },
	    .body = { (const uint8_t *)"body", 4 } },
	{ .type = IPC_STORE_SHARE_REMOVE, .message = MESSAGE },
	{ .type = IPC_STORE_FORWARDED_PUT, .worker = 7, .sequence = 8 },
	{ .type = IPC_STORE_MOVED_REMOVE,
	    .session = SESSION,
	    .packet_id = 1,
	    .worker = 7,
	    .key = { (const uint8_t *)HOMES, IPC_STORE_HOMES_LEN } },
};
#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static void
expect_same(const struct ipc_store_change *a, const struct ipc_store_change *b)
{
	ck_assert_int_eq(a->type, b->type);
	ck_assert_uint_eq(a->session, b->session);
	ck_assert_uint_eq(a->sequence, b->sequence);
	ck_assert_uint_eq(a->message, b->message);
	ck_assert_uint_eq(a->total, b->total);
	ck_assert_uint_eq(a->len, b->len);
	ck_assert_int_eq(a->expires_at, b->expires_at);
	ck_assert_uint_eq(a->references, b->references);
	ck_assert_uint_eq(a->packet_id, b->packet_id);
	ck_assert_uint_eq(a->worker, b->worker);
	ck_assert(bytes_equal(a->key, b->key));
	ck_assert(bytes_equal(a->value, b->value));
	ck_assert(bytes_equal(a->body, b->body));
}

START_TEST(changes_come_out_one_by_one)
{
	struct ipc_store_change change;
	struct buffer out = { 0 };
	struct bytes rest;

	for (size_t i = 0; i < CASE_COUNT; i++)
		ipc_store_change_encode(&cases[i], &out);
	rest = buffer_view(&out);
	for (size_t i = 0; i < CASE_COUNT; i++) {
		ck_assert_int_eq(ipc_store_change_next(&rest, &change), 1);
		expect_same(&change, &cases[i]);
	}
	ck_assert_int_eq(ipc_store_change_next(&rest, &change), 0);
	buffer_done(&out);
}
END_TEST

START_TEST(a_change_that_is_cut_is_refused)
{
	struct ipc_store_change change;
	struct buffer out = { 0 };

	ipc_store_change_encode(&cases[_i], &out);
	for (size_t len = 1; len < out.len; len++) {
		struct bytes cut = bytes_of(out.data, len);

		ck_assert_int_eq(ipc_store_change_next(&cut, &change),
		    -EBADMSG);
		ck_assert_uint_eq(cut.len, len);
	}
	buffer_done(&out);
}
END_TEST

static void
expect_refused(const struct ipc_store_change *change)
{
	struct ipc_store_change decoded;
	struct buffer out = { 0 };
	struct bytes rest;

	ipc_store_change_encode(change, &out);
	rest = buffer_view(&out);
	ck_assert_int_eq(ipc_store_change_next(&rest, &decoded), -EBADMSG);
	buffer_done(&out);
}

START_TEST(what_no_change_can_be_is_refused)
{
	uint8_t *large = memory_new(1, IPC_STORE_KEY_MAX + 1);
	struct ipc_store_change faults[] = { cases[0], cases[0], cases[0],
		cases[0], cases[4], cases[6], cases[9], cases[9], cases[12],
		cases[13] };

	faults[0].session = 0;
	faults[1].key.len = 0;
	faults[2].key = bytes_of(large, IPC_STORE_KEY_MAX + 1);
	faults[3].expires_at = IPC_STORE_NEVER - 1;
	faults[4].packet_id = 0;
	faults[5].sequence = 0;
	faults[6].references = 0;
	faults[7].message = 0;
	faults[8].message = 0;
	faults[9].message = 0;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		expect_refused(&faults[i]);
	free(large);
}
END_TEST

START_TEST(a_change_of_unknown_type_is_refused)
{
	static const uint8_t types[] = { 0, IPC_STORE_CHANGE_TYPE_COUNT, 255 };
	struct ipc_store_change change;

	for (size_t i = 0; i < sizeof(types); i++) {
		uint8_t text[64] = { types[i], 1 };
		struct bytes rest = bytes_of(text, sizeof(text));

		ck_assert_int_eq(ipc_store_change_next(&rest, &change),
		    -EBADMSG);
	}
}
END_TEST

/* Every cut of a payload, and one byte more, is refused. */
#define EXPECT_WHOLE(decode, out, decoded)                                     \
	do {                                                                   \
		for (size_t len_ = 0; len_ < (out).len; len_++)                \
			ck_assert_int_eq(decode(bytes_of((out).data, len_),    \
					     &(decoded)),                      \
			    -EBADMSG);                                         \
		pack_zero(&(out));                                             \
		ck_assert_int_eq(decode(buffer_view(&(out)), &(decoded)),      \
		    -EBADMSG);                                                 \
		buffer_done(&(out));                                           \
	} while (0)

static void
pack_zero(struct buffer *out)
{
	buffer_append(out, bytes_of("", 1));
}

START_TEST(open_survives_the_way)
{
	struct ipc_store_open open = { .worker = 1,
		.worker_count = 2,
		.epoch = UINT32_MAX,
		.home_key = { 1, 2, 3 } };
	struct ipc_store_open decoded;
	struct buffer out = { 0 };

	ipc_store_open_encode(&open, &out);
	ck_assert_int_eq(ipc_store_open_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.worker, 1);
	ck_assert_uint_eq(decoded.worker_count, 2);
	ck_assert_uint_eq(decoded.epoch, UINT32_MAX);
	ck_assert_mem_eq(decoded.home_key, open.home_key, 16);
	EXPECT_WHOLE(ipc_store_open_decode, out, decoded);
}
END_TEST

START_TEST(open_names_a_worker_that_there_is)
{
	struct ipc_store_open faults[] = {
		{ .worker = 2, .worker_count = 2 },
		{ .worker = 0, .worker_count = 0 },
		{ .worker_count = 1, .epoch = UINT64_C(1) << 32 },
	};
	struct ipc_store_open decoded;

	for (size_t i = 0; i < 3; i++) {
		struct buffer out = { 0 };

		ipc_store_open_encode(&faults[i], &out);
		ck_assert_int_eq(ipc_store_open_decode(buffer_view(&out),
				     &decoded),
		    -EBADMSG);
		buffer_done(&out);
	}
}
END_TEST

START_TEST(state_survives_the_way)
{
	struct ipc_store_state state = { 7, UINT64_MAX }, decoded;
	struct buffer out = { 0 };

	ipc_store_state_encode(&state, &out);
	ck_assert_uint_le(out.len, 16);
	ck_assert_int_eq(ipc_store_state_decode(buffer_view(&out), &decoded),
	    0);
	ck_assert_uint_eq(decoded.epoch, 7);
	ck_assert_uint_eq(decoded.transaction, UINT64_MAX);
	EXPECT_WHOLE(ipc_store_state_decode, out, decoded);
}
END_TEST

START_TEST(a_row_is_a_change_that_puts)
{
	struct buffer out = { 0 };
	struct ipc_store_row row = { .put = cases[_i] }, decoded;
	bool is_row = cases[_i].type == IPC_STORE_SESSION_PUT ||
		      cases[_i].type == IPC_STORE_SUBSCRIPTION_PUT ||
		      cases[_i].type == IPC_STORE_RECEIVED_PUT ||
		      cases[_i].type == IPC_STORE_RETAINED_PUT ||
		      cases[_i].type == IPC_STORE_SHARE_PUT ||
		      cases[_i].type == IPC_STORE_FORWARDED_PUT;

	ipc_store_row_encode(&row, &out);
	ck_assert_int_eq(ipc_store_row_decode(buffer_view(&out), &decoded),
	    is_row ? 0 : -EBADMSG);
	if (is_row)
		expect_same(&decoded.put, &cases[_i]);
	EXPECT_WHOLE(ipc_store_row_decode, out, decoded);
}
END_TEST

START_TEST(what_was_received_says_who_has_it_by_which_homes)
{
	static const struct bytes homes[] = { { NULL, 0 },
		{ (const uint8_t *)HOMES, IPC_STORE_HOMES_LEN },
		{ (const uint8_t *)HOMES, IPC_STORE_HOMES_LEN - 1 } };
	struct ipc_store_row row = { .put = { .type = IPC_STORE_RECEIVED_PUT,
					 .session = SESSION,
					 .packet_id = 1 },
		.worker = 9,
		.homes = homes[_i] };
	struct ipc_store_row decoded;
	struct buffer out = { 0 };

	ipc_store_row_encode(&row, &out);
	ck_assert_int_eq(ipc_store_row_decode(buffer_view(&out), &decoded),
	    _i < 2 ? 0 : -EBADMSG);
	if (_i < 2) {
		ck_assert_uint_eq(decoded.worker, 9);
		ck_assert(bytes_equal(decoded.homes, homes[_i]));
	}
	EXPECT_WHOLE(ipc_store_row_decode, out, decoded);
}
END_TEST

START_TEST(homes_survive_the_way)
{
	struct ipc_store_homes homes, none = { .worker_count = 0 };
	struct buffer out = { 0 };

	ck_assert_int_eq(ipc_store_homes_decode(BYTES_LITERAL(HOMES), &homes),
	    0);
	ck_assert_uint_eq(homes.worker_count, 3);
	ipc_store_homes_encode(&homes, &out);
	ck_assert(bytes_equal(buffer_view(&out), BYTES_LITERAL(HOMES)));
	EXPECT_WHOLE(ipc_store_homes_decode, out, homes);
	out = (struct buffer){ 0 };
	ipc_store_homes_encode(&none, &out);
	ck_assert_int_eq(ipc_store_homes_decode(buffer_view(&out), &homes),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(a_session_has_a_queue_that_can_be)
{
	/* first, last sequence; first total, its len; last total */
	static const uint64_t queues[][5] = {
		{ 0, 0, 0, 0, 0 },
		{ 5, 5, 9, 9, 9 },
		{ 5, 7, 9, 4, 20 },
		{ 5, 4, 9, 9, 9 },
		{ 5, 6, 9, 9, 8 },
		{ 5, 6, 9, 10, 11 },
		{ 0, 1, 0, 0, 0 },
		{ 0, 0, 0, 0, 1 },
	};
	const uint64_t *queue = queues[_i];
	struct ipc_store_row row = { .put = cases[0],
		.first_sequence = queue[0],
		.last_sequence = queue[1],
		.first_total = queue[2],
		.first_len = queue[3],
		.last_total = queue[4] };
	struct ipc_store_row decoded;
	struct buffer out = { 0 };

	ipc_store_row_encode(&row, &out);
	ck_assert_int_eq(ipc_store_row_decode(buffer_view(&out), &decoded),
	    _i < 3 ? 0 : -EBADMSG);
	if (_i < 3) {
		ck_assert_uint_eq(decoded.first_sequence, row.first_sequence);
		ck_assert_uint_eq(decoded.last_sequence, row.last_sequence);
		ck_assert_uint_eq(decoded.first_total, row.first_total);
		ck_assert_uint_eq(decoded.first_len, row.first_len);
		ck_assert_uint_eq(decoded.last_total, row.last_total);
	}
	buffer_done(&out);
}
END_TEST

START_TEST(a_write_has_a_number_and_an_end)
{
	struct ipc_store_write write = { .transaction = SEQUENCE,
		.is_last = _i == 1 };
	struct ipc_store_write decoded;
	uint8_t text[IPC_STORE_WRITE_HEAD_LEN + 2] = { 0 };

	ipc_store_write_head(&write, text);
	for (size_t len = 0; len < IPC_STORE_WRITE_HEAD_LEN; len++)
		ck_assert_int_eq(ipc_store_write_decode(bytes_of(text, len),
				     &decoded),
		    -EBADMSG);
	ck_assert_int_eq(ipc_store_write_decode(bytes_of(text, sizeof(text)),
			     &decoded),
	    0);
	ck_assert_uint_eq(decoded.transaction, SEQUENCE);
	ck_assert_int_eq(decoded.is_last, _i == 1);
	ck_assert_ptr_eq(decoded.changes.data, text + 9);
	ck_assert_uint_eq(decoded.changes.len, 2);
	text[8] = 2;
	ck_assert_int_eq(ipc_store_write_decode(bytes_of(text, sizeof(text)),
			     &decoded),
	    -EBADMSG);
	memset(text, 0, sizeof(text));
	ck_assert_int_eq(ipc_store_write_decode(bytes_of(text, sizeof(text)),
			     &decoded),
	    -EBADMSG);
}
END_TEST

START_TEST(read_survives_the_way)
{
	struct ipc_store_read read = { 1, SESSION, SEQUENCE, 4, 5 }, decoded;
	struct buffer out = { 0 };

	ipc_store_read_encode(&read, &out);
	ck_assert_uint_le(out.len, 32);
	ck_assert_int_eq(ipc_store_read_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.request, 1);
	ck_assert_uint_eq(decoded.session, SESSION);
	ck_assert_uint_eq(decoded.from, SEQUENCE);
	ck_assert_uint_eq(decoded.count, 4);
	ck_assert_uint_eq(decoded.bytes, 5);
	EXPECT_WHOLE(ipc_store_read_decode, out, decoded);
	read.count = 0;
	ipc_store_read_encode(&read, &out);
	ck_assert_int_eq(ipc_store_read_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(entry_survives_the_way)
{
	struct ipc_store_entry entry = { .request = SEQUENCE, .put = cases[6] };
	struct ipc_store_entry decoded;
	struct buffer out = { 0 };

	entry.put.body = BODY;
	ipc_store_entry_encode(&entry, &out);
	ck_assert_int_eq(ipc_store_entry_decode(buffer_view(&out), &decoded),
	    0);
	ck_assert_uint_eq(decoded.request, SEQUENCE);
	expect_same(&decoded.put, &entry.put);
	EXPECT_WHOLE(ipc_store_entry_decode, out, decoded);
	entry.put = cases[0];
	ipc_store_entry_encode(&entry, &out);
	ck_assert_int_eq(ipc_store_entry_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(page_survives_the_way)
{
	struct ipc_store_page page = { 3, SEQUENCE, _i == 1, 9 }, decoded;
	struct buffer out = { 0 };

	ipc_store_page_encode(&page, &out);
	ck_assert_uint_le(out.len, 24);
	ck_assert_int_eq(ipc_store_page_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.request, 3);
	ck_assert_uint_eq(decoded.next, SEQUENCE);
	ck_assert_int_eq(decoded.is_end, _i == 1);
	ck_assert_uint_eq(decoded.lost, 9);
	EXPECT_WHOLE(ipc_store_page_decode, out, decoded);
}
END_TEST

START_TEST(expired_survives_the_way)
{
	struct ipc_store_expired expired = { SESSION, SEQUENCE, 5 }, decoded;
	struct buffer out = { 0 };

	ipc_store_expired_encode(&expired, &out);
	ck_assert_uint_le(out.len, 24);
	ck_assert_int_eq(ipc_store_expired_decode(buffer_view(&out), &decoded),
	    0);
	ck_assert_uint_eq(decoded.session, SESSION);
	ck_assert_uint_eq(decoded.sequence, SEQUENCE);
	ck_assert_uint_eq(decoded.len, 5);
	EXPECT_WHOLE(ipc_store_expired_decode, out, decoded);
}
END_TEST

TCase *
test_store(void)
{
	TCase *tests = tcase_create("store");

	tcase_add_test(tests, changes_come_out_one_by_one);
	tcase_add_loop_test(tests, a_change_that_is_cut_is_refused, 0,
	    CASE_COUNT);
	tcase_add_test(tests, what_no_change_can_be_is_refused);
	tcase_add_test(tests, a_change_of_unknown_type_is_refused);
	tcase_add_test(tests, open_survives_the_way);
	tcase_add_test(tests, open_names_a_worker_that_there_is);
	tcase_add_test(tests, state_survives_the_way);
	tcase_add_loop_test(tests, a_row_is_a_change_that_puts, 0, CASE_COUNT);
	tcase_add_loop_test(tests,
	    what_was_received_says_who_has_it_by_which_homes, 0, 3);
	tcase_add_test(tests, homes_survive_the_way);
	tcase_add_loop_test(tests, a_session_has_a_queue_that_can_be, 0, 8);
	tcase_add_loop_test(tests, a_write_has_a_number_and_an_end, 0, 2);
	tcase_add_test(tests, read_survives_the_way);
	tcase_add_test(tests, entry_survives_the_way);
	tcase_add_loop_test(tests, page_survives_the_way, 0, 2);
	tcase_add_test(tests, expired_survives_the_way);
	return tests;
}
