/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/subscription_record.h"

#include <errno.h>

#include "tests.h"

START_TEST(a_subscription_survives_the_way)
{
	static const struct session_subscription cases[] = {
		{ .qos = 0 },
		{ .qos = 2, .no_local = true, .identifier = 268435455 },
		{ .qos = 1, .retain_as_published = true, .identifier = 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session_subscription read = { .qos = 0 };
		struct buffer record = { .data = NULL };

		subscription_record_encode(&cases[i], &record);
		ck_assert_int_eq(
		    subscription_record_decode(buffer_view(&record), &read), 0);
		ck_assert_uint_eq(read.qos, cases[i].qos);
		ck_assert_uint_eq(read.identifier, cases[i].identifier);
		ck_assert_int_eq(read.no_local, cases[i].no_local);
		ck_assert_int_eq(read.retain_as_published,
		    cases[i].retain_as_published);
		buffer_done(&record);
	}
}
END_TEST

START_TEST(a_subscription_record_that_is_wrong_is_refused)
{
	static const char *const wrong[] = {
		"",
		"\1\1\0\0\0",
		"\1\3\0\0\0\1",
		"\2\1\0\0\0\1",
		"\1\x11\0\0\0\1",
		"\1\1\x10\0\0\0",
		"\1\1\0\0\0\1\0",
	};
	static const size_t lens[] = { 0, 5, 6, 6, 6, 6, 7 };
	struct session_subscription read;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		ck_assert_int_eq(subscription_record_decode(bytes_of(wrong[i],
								lens[i]),
				     &read),
		    -EBADMSG);
}
END_TEST

TCase *
test_subscription_record(void)
{
	TCase *tcase = tcase_create("subscription_record");

	tcase_add_test(tcase, a_subscription_survives_the_way);
	tcase_add_test(tcase, a_subscription_record_that_is_wrong_is_refused);
	return tcase;
}
