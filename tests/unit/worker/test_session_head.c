/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_head.h"

#include <errno.h>

#include "ipc/store.h"
#include "lib/memory.h"
#include "tests.h"

/* Version, flags, id, expiry, two sequences. */
#define LEN_MIN (1 + 1 + 8 + 4 + 8 + 8)

static const struct clock_reading now = {
	.monotonic_ms = 1000,
	.realtime_ms = INT64_C(1700000000000),
};

static struct message *
will_new(void)
{
	struct ipc_publish parts = {
		.qos = 1,
		.retain = true,
		.topic_name = BYTES_LITERAL("will"),
		.payload = BYTES_LITERAL("gone"),
	};

	return message_new(&parts);
}

/* A head with something in each field. */
static struct session_head
full_head(void)
{
	return (struct session_head){
		.id = UINT64_C(0xfedcba9876543210),
		.expiry_seconds = 3600,
		.has_shared = true,
		.is_unsure = true,
		.was_cut_off = true,
		.last_sequence = UINT64_C(1) << 40,
		.sent_sequence = 65536,
		.will = will_new(),
		.will_delay_seconds = 20,
		.will_expiry_seconds = 30,
		.has_will_expiry = true,
		.will_at_seconds = 1700000020,
	};
}

static struct buffer
packed(const struct session_head *head)
{
	struct buffer out = { .data = NULL };

	session_head_pack(head, &now, &out);
	return out;
}

static void
check_same(const struct session_head *a, const struct session_head *b)
{
	ck_assert_uint_eq(a->id, b->id);
	ck_assert_uint_eq(a->expiry_seconds, b->expiry_seconds);
	ck_assert_int_eq(a->is_connected, b->is_connected);
	ck_assert_int_eq(a->is_leaving, b->is_leaving);
	ck_assert_int_eq(a->has_shared, b->has_shared);
	ck_assert_int_eq(a->is_unsure, b->is_unsure);
	ck_assert_int_eq(a->was_cut_off, b->was_cut_off);
	ck_assert_uint_eq(a->last_sequence, b->last_sequence);
	ck_assert_uint_eq(a->sent_sequence, b->sent_sequence);
	ck_assert_int_eq(a->will == NULL, b->will == NULL);
	ck_assert_uint_eq(a->will_delay_seconds, b->will_delay_seconds);
	ck_assert_int_eq(a->has_will_expiry, b->has_will_expiry);
	ck_assert_uint_eq(a->will_expiry_seconds, b->will_expiry_seconds);
	ck_assert_int_eq(a->will_at_seconds, b->will_at_seconds);
}

static void
check_round_trip(const struct session_head *head)
{
	struct buffer out = packed(head);
	struct session_head decoded;

	ck_assert_int_eq(session_head_decode(buffer_view(&out), &now, &decoded),
	    0);
	check_same(head, &decoded);
	if (head->will != NULL)
		ck_assert(bytes_equal(message_parts(decoded.will)->payload,
		    message_parts(head->will)->payload));
	message_unref(&decoded.will);
	buffer_done(&out);
}

START_TEST(every_field_comes_back)
{
	struct session_head head = full_head();

	check_round_trip(&head);
	message_unref(&head.will);
}
END_TEST

START_TEST(a_head_without_a_will_takes_the_least)
{
	struct session_head head = {
		.is_connected = true,
		.will_at_seconds = IPC_STORE_NEVER,
	};
	struct buffer out = packed(&head);

	ck_assert_uint_eq(out.len, LEN_MIN);
	check_round_trip(&head);
	buffer_done(&out);
}
END_TEST

START_TEST(a_session_that_leaves_comes_back_as_that)
{
	struct session_head head = {
		.is_leaving = true,
		.last_sequence = 7,
		.will_at_seconds = IPC_STORE_NEVER,
	};

	check_round_trip(&head);
}
END_TEST

START_TEST(a_head_that_is_not_whole_is_refused)
{
	struct session_head head = full_head(), decoded = { .id = 5 };
	struct buffer out = packed(&head);

	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(session_head_decode(bytes_of(out.data, len),
				     &now, &decoded),
		    -EBADMSG);
	buffer_append(&out, BYTES_LITERAL("x"));
	ck_assert_int_eq(session_head_decode(buffer_view(&out), &now, &decoded),
	    -EBADMSG);
	ck_assert_uint_eq(decoded.id, 5);
	message_unref(&head.will);
	buffer_done(&out);
}
END_TEST

START_TEST(what_no_session_can_be_is_refused)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} faults[] = {
		{ 0, SESSION_HEAD_VERSION + 1 }, /* a version to come */
		{ 1, 0x10 },                     /* an expiry of no will */
		{ 1, 0x20 },                     /* no will is due */
		{ 1, 0x03 },                     /* connected, and over */
		{ 14, 0x00 },                    /* more sent than put */
	};
	struct session_head head = {
		.last_sequence = UINT64_MAX,
		.sent_sequence = UINT64_MAX,
		.will_at_seconds = IPC_STORE_NEVER,
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct buffer out = packed(&head);
		struct session_head decoded;

		out.data[faults[i].at] = faults[i].byte;
		ck_assert_int_eq(session_head_decode(buffer_view(&out), &now,
				     &decoded),
		    -EBADMSG);
		buffer_done(&out);
	}
}
END_TEST

TCase *
test_session_head(void)
{
	TCase *tcase = tcase_create("session_head");

	tcase_add_test(tcase, every_field_comes_back);
	tcase_add_test(tcase, a_head_without_a_will_takes_the_least);
	tcase_add_test(tcase, a_session_that_leaves_comes_back_as_that);
	tcase_add_test(tcase, a_head_that_is_not_whole_is_refused);
	tcase_add_test(tcase, what_no_session_can_be_is_refused);
	return tcase;
}
