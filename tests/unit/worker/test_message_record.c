/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/message_record.h"

#include <errno.h>

#include "tests.h"

static const struct clock_reading saved = {
	.monotonic_ms = 5000000,
	.realtime_ms = INT64_C(1700000000250),
};
/* Ten seconds later, on a machine that has just begun to count. */
static const struct clock_reading restored = {
	.monotonic_ms = 3000,
	.realtime_ms = INT64_C(1700000010250),
};

static const struct ipc_publish full = {
	.qos = 2,
	.retain = true,
	.has_expiry = true,
	.expires_at_ms = 5000000 + 60750,
	.publisher = UINT64_C(0x0123456789abcdef),
	.topic_name = { (const uint8_t *)"a/b", 3 },
	.properties = { (const uint8_t *)"\x03\x00\x01x", 4 },
	.payload = { (const uint8_t *)"\x00payload", 8 },
};

static struct buffer
record_of(const struct ipc_publish *parts)
{
	struct buffer record = { .data = NULL };
	struct message *message = message_new(parts);

	message_record_encode(message, &saved, &record);
	message_unref(&message);
	return record;
}

START_TEST(a_message_comes_back_as_it_was)
{
	struct buffer record = record_of(&full);
	struct message *message = NULL;
	const struct ipc_publish *parts;

	ck_assert_int_eq(message_record_decode(buffer_view(&record), &restored,
			     &message),
	    0);
	parts = message_parts(message);
	ck_assert_uint_eq(parts->qos, 2);
	ck_assert(parts->retain);
	ck_assert(parts->has_expiry);
	/* 60.75 s from 0.25 s on, and ten of them have passed */
	ck_assert_uint_eq(parts->expires_at_ms, 3000 + 50750);
	ck_assert_uint_eq(parts->publisher, full.publisher);
	ck_assert(bytes_equal(parts->topic_name, full.topic_name));
	ck_assert(bytes_equal(parts->properties, full.properties));
	ck_assert(bytes_equal(parts->payload, full.payload));
	message_unref(&message);
	buffer_done(&record);
}
END_TEST

START_TEST(the_least_message_comes_back_too)
{
	struct ipc_publish least = { .topic_name = BYTES_LITERAL("t") };
	struct buffer record = record_of(&least);
	struct message *message = NULL;

	ck_assert_int_eq(message_record_decode(buffer_view(&record), &restored,
			     &message),
	    0);
	ck_assert(!message_parts(message)->has_expiry);
	ck_assert(!message_parts(message)->retain);
	ck_assert_uint_eq(message_bytes(message), 1);
	message_unref(&message);
	buffer_done(&record);
}
END_TEST

START_TEST(a_record_that_is_cut_or_longer_is_refused)
{
	struct buffer record = record_of(&full);
	struct message *message = NULL;

	for (size_t len = 0; len < record.len; len++)
		ck_assert_int_eq(message_record_decode(bytes_of(record.data,
							   len),
				     &restored, &message),
		    -EBADMSG);
	buffer_append(&record, BYTES_LITERAL("x"));
	ck_assert_int_eq(message_record_decode(buffer_view(&record), &restored,
			     &message),
	    -EBADMSG);
	ck_assert_ptr_null(message);
	buffer_done(&record);
}
END_TEST

static const struct {
	size_t at;
	uint8_t value;
} patches[] = {
	{ 0, 0 },                            /* version */
	{ 0, MESSAGE_RECORD_VERSION + 1 },   /* version */
	{ 1, 0x0f },                         /* QoS 3 */
	{ 1, 0x1e },                         /* an unknown flag */
	{ 2, 0x80 },                         /* a time out of range */
	{ 2 + 8 + 8 + 4, '+' },              /* no Topic Name */
	{ 2 + 8 + 8 + 4, 0xff },             /* no UTF-8 */
	{ 2 + 8 + 8, 0xff },                 /* its length */
	{ 2 + 8 + 8 + 3, 0 },                /* an empty one */
	{ 2 + 8 + 8 + 4 + 3, 0xff },         /* length of the properties */
	{ 2 + 8 + 8 + 4 + 3 + 4 + 4, 0xff }, /* of the payload */
};

START_TEST(what_no_message_can_be_is_refused)
{
	struct buffer record = record_of(&full);
	struct message *message = NULL;

	record.data[patches[_i].at] = patches[_i].value;
	ck_assert_int_eq(message_record_decode(buffer_view(&record), &restored,
			     &message),
	    -EBADMSG);
	ck_assert_ptr_null(message);
	buffer_done(&record);
}
END_TEST

TCase *
test_message_record(void)
{
	TCase *tcase = tcase_create("message_record");

	tcase_add_test(tcase, a_message_comes_back_as_it_was);
	tcase_add_test(tcase, the_least_message_comes_back_too);
	tcase_add_test(tcase, a_record_that_is_cut_or_longer_is_refused);
	tcase_add_loop_test(tcase, what_no_message_can_be_is_refused, 0,
	    sizeof(patches) / sizeof(patches[0]));
	return tcase;
}
