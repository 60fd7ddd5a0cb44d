/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/stream.h"

#include "test_bench.h"

/* Order of messages [MQTT-4.6.0-5], [MQTT5-4.6.0-5]. */

START_TEST(messages_in_order_are_in_order)
{
	struct stream stream = { 0, 0, 0 };

	for (uint64_t i = 1; i <= 200; i++)
		ck_assert_int_eq(stream_arrive(&stream, i), ARRIVAL_IN_ORDER);
	ck_assert_uint_eq(stream.received, 200);
}
END_TEST

START_TEST(a_gap_alone_is_no_disorder)
{
	struct stream stream = { 0, 0, 0 };

	ck_assert_int_eq(stream_arrive(&stream, 1), ARRIVAL_IN_ORDER);
	ck_assert_int_eq(stream_arrive(&stream, 1000), ARRIVAL_IN_ORDER);
	ck_assert_int_eq(stream_arrive(&stream, 1064), ARRIVAL_IN_ORDER);
	ck_assert_uint_eq(stream.received, 3);
}
END_TEST

START_TEST(what_comes_behind_a_later_one_is_out_of_order_once)
{
	struct stream stream = { 0, 0, 0 };

	stream_arrive(&stream, 1);
	stream_arrive(&stream, 64);
	ck_assert_int_eq(stream_arrive(&stream, 2), ARRIVAL_OUT_OF_ORDER);
	ck_assert_int_eq(stream_arrive(&stream, 2), ARRIVAL_DUPLICATE);
	ck_assert_int_eq(stream_arrive(&stream, 1), ARRIVAL_DUPLICATE);
	ck_assert_int_eq(stream_arrive(&stream, 64), ARRIVAL_DUPLICATE);
	ck_assert_uint_eq(stream.received, 3);
}
END_TEST

START_TEST(what_is_too_far_behind_to_know_is_out_of_order)
{
	struct stream stream = { 0, 0, 0 };

	stream_arrive(&stream, 100);
	ck_assert_int_eq(stream_arrive(&stream, 36), ARRIVAL_OUT_OF_ORDER);
	ck_assert_int_eq(stream_arrive(&stream, 37), ARRIVAL_OUT_OF_ORDER);
	ck_assert_int_eq(stream_arrive(&stream, 37), ARRIVAL_DUPLICATE);
}
END_TEST

TCase *
test_stream(void)
{
	TCase *tcase = tcase_create("stream");

	tcase_add_test(tcase, messages_in_order_are_in_order);
	tcase_add_test(tcase, a_gap_alone_is_no_disorder);
	tcase_add_test(tcase,
	    what_comes_behind_a_later_one_is_out_of_order_once);
	tcase_add_test(tcase, what_is_too_far_behind_to_know_is_out_of_order);
	return tcase;
}
