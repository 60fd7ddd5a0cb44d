/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "store/row.h"
#include "tests.h"

#define HOME_KEY "0123456789abcdef"

START_TEST(keys_of_sessions_sort_with_the_head_first)
{
	static const struct row_session rows[] = {
		{ .session = 1, .kind = ROW_SESSION_HEAD },
		{ .session = 1,
		    .kind = ROW_SESSION_RECEIVED,
		    .packet_id = 7,
		    .worker = 3 },
		{ .session = 1,
		    .kind = ROW_SESSION_RECEIVED,
		    .packet_id = 7,
		    .worker = 3,
		    .homes = { (const uint8_t *)"\0\2" HOME_KEY, 18 } },
		{ .session = 1,
		    .kind = ROW_SESSION_SUBSCRIPTION,
		    .filter = { (const uint8_t *)"a/+", 3 } },
		{ .session = 256, .kind = ROW_SESSION_HEAD },
	};
	struct buffer keys[5] = { { 0 } };
	struct row_session decoded;

	for (int i = 0; i < 5; i++) {
		row_session_key(&rows[i], &keys[i]);
		ck_assert_int_eq(row_session_key_decode(buffer_view(&keys[i]),
				     &decoded),
		    0);
		ck_assert_uint_eq(decoded.session, rows[i].session);
		ck_assert_int_eq(decoded.kind, rows[i].kind);
		ck_assert(bytes_equal(decoded.filter, rows[i].filter));
		ck_assert_uint_eq(decoded.packet_id, rows[i].packet_id);
		ck_assert_uint_eq(decoded.worker, rows[i].worker);
		ck_assert(bytes_equal(decoded.homes, rows[i].homes));
		if (i > 0)
			ck_assert_int_le(memcmp(keys[i - 1].data, keys[i].data,
					     9),
			    0);
	}
	for (int i = 0; i < 5; i++)
		buffer_done(&keys[i]);
}
END_TEST

START_TEST(keys_that_are_none_are_refused)
{
	const struct bytes keys[] = {
		BYTES_LITERAL(""),
		BYTES_LITERAL("\0\0\0\0\0\0\0\1"),
		BYTES_LITERAL("\0\0\0\0\0\0\0\0h"),
		BYTES_LITERAL("\0\0\0\0\0\0\0\1x"),
		BYTES_LITERAL("\0\0\0\0\0\0\0\1hh"),
		BYTES_LITERAL("\0\0\0\0\0\0\0\1s"),
		BYTES_LITERAL("\0\0\0\0\0\0\0\1r\0\0\0\1"),
		BYTES_LITERAL("\0\0\0\0\0\0\0\1r\0\1\0"),
		BYTES_LITERAL("\0\0\0\0\0\0\0\1r\0\1\0\1\1"),
	};
	struct row_session decoded;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		ck_assert_int_eq(row_session_key_decode(keys[i], &decoded),
		    -EBADMSG);
}
END_TEST

START_TEST(values_decode_to_what_they_were)
{
	struct ipc_store_change put = { .message = 5,
		.total = 77,
		.len = 7,
		.expires_at = 99,
		.key = BYTES_LITERAL("key"),
		.value = BYTES_LITERAL("value"),
		.body = BYTES_LITERAL("body") };
	struct ipc_store_change decoded = { 0 };
	uint16_t worker;
	struct buffer out = { NULL, 0, 0 };

	row_head_encode(&put, &out);
	ck_assert_int_eq(row_head_decode(buffer_view(&out), &decoded), 0);
	ck_assert_int_eq(decoded.expires_at, 99);
	ck_assert(bytes_equal(decoded.key, put.key));
	ck_assert(bytes_equal(decoded.value, put.value));

	out.len = 0;
	row_queue_encode(&put, &out);
	buffer_append(&out, put.body);
	ck_assert_int_eq(row_queue_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.message, 5);
	ck_assert_uint_eq(decoded.total, 77);
	ck_assert_uint_eq(decoded.len, 7);
	ck_assert(bytes_equal(decoded.value, put.value));
	ck_assert(bytes_equal(decoded.body, put.body));

	out.len = 0;
	row_share_encode(&put, 513, &out);
	buffer_append(&out, put.body);
	ck_assert_int_eq(row_share_decode(buffer_view(&out), &decoded, &worker),
	    0);
	ck_assert_uint_eq(worker, 513);
	ck_assert(bytes_equal(decoded.key, put.key));
	ck_assert(bytes_equal(decoded.body, put.body));

	out.len = 0;
	row_retained_encode(&put, &out);
	buffer_append(&out, put.body);
	ck_assert_int_eq(row_retained_decode(buffer_view(&out), &decoded), 0);
	ck_assert(bytes_equal(decoded.body, put.body));
	buffer_done(&out);
}
END_TEST

START_TEST(values_that_are_cut_are_refused)
{
	struct ipc_store_change put = { .expires_at = 99,
		.key = BYTES_LITERAL("key"),
		.value = BYTES_LITERAL("value") };
	struct ipc_store_change decoded;
	uint16_t worker;
	struct buffer out = { NULL, 0, 0 };

	row_head_encode(&put, &out);
	for (size_t len = 0; len < out.len - 5; len++)
		ck_assert_int_eq(row_head_decode(bytes_of(out.data, len),
				     &decoded),
		    -EBADMSG);
	out.len = 0;
	row_queue_encode(&put, &out);
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(row_queue_decode(bytes_of(out.data, len),
				     &decoded),
		    -EBADMSG);
	out.len = 0;
	row_share_encode(&put, 1, &out);
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(row_share_decode(bytes_of(out.data, len),
				     &decoded, &worker),
		    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(rows_of_meta_are_told_apart)
{
	struct buffer key = { NULL, 0, 0 };
	struct row_cursor cursor = { 3, 4 }, decoded;
	uint64_t session = 0;
	uint16_t worker = 0, from = 0;

	row_worker_key(300, &key);
	ck_assert_int_eq(row_worker_key_decode(buffer_view(&key), &worker), 0);
	ck_assert_uint_eq(worker, 300);
	ck_assert_int_eq(row_dead_key_decode(buffer_view(&key), &session),
	    -EBADMSG);
	key.len = 0;
	row_dead_key(70000, &key);
	ck_assert_int_eq(row_dead_key_decode(buffer_view(&key), &session), 0);
	ck_assert_uint_eq(session, 70000);
	ck_assert_int_eq(row_worker_key_decode(buffer_view(&key), &worker),
	    -EBADMSG);
	key.len = 0;
	row_forwarded_key(2, 300, &key);
	ck_assert_int_eq(row_forwarded_key_decode(buffer_view(&key), &worker,
			     &from),
	    0);
	ck_assert_uint_eq(worker, 2);
	ck_assert_uint_eq(from, 300);
	ck_assert_int_eq(row_worker_key_decode(buffer_view(&key), &worker),
	    -EBADMSG);
	key.len = 0;
	row_cursor_encode(&cursor, &key);
	ck_assert_int_eq(row_cursor_decode(buffer_view(&key), &decoded), 0);
	ck_assert_uint_eq(decoded.epoch, 3);
	ck_assert_uint_eq(decoded.transaction, 4);
	buffer_done(&key);
}
END_TEST

TCase *
test_row(void)
{
	TCase *tests = tcase_create("row");

	tcase_add_test(tests, keys_of_sessions_sort_with_the_head_first);
	tcase_add_test(tests, keys_that_are_none_are_refused);
	tcase_add_test(tests, values_decode_to_what_they_were);
	tcase_add_test(tests, values_that_are_cut_are_refused);
	tcase_add_test(tests, rows_of_meta_are_told_apart);
	return tests;
}
