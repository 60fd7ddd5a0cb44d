/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/denials.h"

#include "tests.h"

#define START_MS 5000000

START_TEST(one_is_logged_once_a_minute_with_how_many_there_were)
{
	struct denials *denials = denials_new();
	uint32_t count = 0;

	ck_assert(denials_note(denials, 7, START_MS, &count));
	ck_assert_uint_eq(count, 1);
	for (unsigned int i = 1; i < 60; i++)
		ck_assert(
		    !denials_note(denials, 7, START_MS + i * 1000, &count));
	/* Another one is another one. */
	ck_assert(denials_note(denials, 8, START_MS + 1000, &count));
	ck_assert_uint_eq(count, 1);
	ck_assert(denials_note(denials, 7, START_MS + DENIALS_LOG_MS, &count));
	ck_assert_uint_eq(count, 60);
	ck_assert(!denials_note(denials, 7, START_MS + DENIALS_LOG_MS, &count));
	denials_free(&denials);
	ck_assert_ptr_null(denials);
}
END_TEST

START_TEST(many_at_once_are_counted)
{
	struct denials *denials = denials_new();
	uint32_t count = 0;

	ck_assert(denials_add(denials, 7, 5, START_MS, &count));
	ck_assert_uint_eq(count, 5);
	ck_assert(!denials_add(denials, 7, UINT32_MAX, START_MS + 1, &count));
	ck_assert(!denials_add(denials, 7, 3, START_MS + 2, &count));
	ck_assert(denials_note(denials, 7, START_MS + DENIALS_LOG_MS, &count));
	ck_assert_uint_eq(count, UINT32_MAX);
	denials_free(&denials);
}
END_TEST

START_TEST(an_earlier_time_is_believed_and_a_later_is_not)
{
	struct denials *denials = denials_new();
	uint32_t count = 0;

	denials_set_logged(denials, 7, START_MS);
	ck_assert_uint_eq(denials_logged_ms(denials, 7), 0);
	ck_assert(denials_note(denials, 7, START_MS, &count));
	denials_set_logged(denials, 7, UINT64_MAX);
	denials_set_logged(denials, 8, START_MS - 1);
	ck_assert_uint_eq(denials_logged_ms(denials, 7), START_MS);
	denials_set_logged(denials, 7, START_MS - 1000);
	ck_assert_uint_eq(denials_logged_ms(denials, 7), START_MS - 1000);
	ck_assert(!denials_note(denials, 7, START_MS + DENIALS_LOG_MS - 1001,
	    &count));
	ck_assert(
	    denials_note(denials, 7, START_MS + DENIALS_LOG_MS - 1000, &count));
	denials_free(&denials);
}
END_TEST

START_TEST(the_first_at_the_start_of_time_is_logged)
{
	struct denials *denials = denials_new();
	uint32_t count;

	ck_assert(denials_note(denials, 0, 0, &count));
	ck_assert(!denials_note(denials, 0, 1, &count));
	denials_free(&denials);
}
END_TEST

START_TEST(many_are_each_logged_once_a_minute)
{
	struct denials *denials = denials_new();
	uint32_t count, logged = 0;

	for (unsigned int round = 0; round < 3; round++)
		for (uint64_t i = 0; i < 10000; i++)
			logged += denials_note(denials, i * 4096,
			    START_MS + round, &count);
	ck_assert_uint_eq(logged, 10000);
	denials_free(&denials);
}
END_TEST

START_TEST(what_came_again_keeps_its_count_while_others_are_forgotten)
{
	struct denials *denials = denials_new();
	uint64_t later = START_MS + DENIALS_LOG_MS;
	uint32_t count;

	ck_assert(denials_note(denials, 7, START_MS, &count));
	ck_assert(!denials_note(denials, 7, START_MS, &count));
	ck_assert(denials_note(denials, 8, START_MS, &count));
	for (uint64_t i = 100; i < 1100; i++)
		ck_assert(denials_note(denials, i, later, &count));
	ck_assert_uint_eq(denials_logged_ms(denials, 8), 0);
	ck_assert(denials_note(denials, 7, later, &count));
	ck_assert_uint_eq(count, 2);
	denials_free(&denials);
}
END_TEST

START_TEST(too_many_are_counted_and_not_told)
{
	struct denials *denials = denials_new();
	uint64_t i, untold = 0, later = START_MS + DENIALS_LOG_MS;
	uint32_t count;

	for (i = 0; i < DENIALS_MAX; i++)
		ck_assert(denials_note(denials, i, START_MS, &count));
	ck_assert(!denials_take_untold(denials, START_MS, &untold));
	ck_assert(!denials_add(denials, i, 5, START_MS, &count));
	ck_assert(denials_take_untold(denials, START_MS, &untold));
	ck_assert_uint_eq(untold, 5);
	ck_assert(!denials_note(denials, i + 1, START_MS + 1, &count));
	ck_assert(!denials_note(denials, 0, START_MS + 1, &count));
	ck_assert(!denials_take_untold(denials, later - 1, &untold));
	ck_assert(denials_take_untold(denials, later, &untold));
	ck_assert_uint_eq(untold, 1);
	/* A minute later there is room again, also where they came again. */
	ck_assert(denials_note(denials, i, later, &count));
	ck_assert(denials_note(denials, 0, later, &count));
	ck_assert(!denials_take_untold(denials, later * 2, &untold));
	denials_free(&denials);
}
END_TEST

TCase *
test_denials(void)
{
	TCase *tests = tcase_create("denials");

	tcase_add_test(tests,
	    one_is_logged_once_a_minute_with_how_many_there_were);
	tcase_add_test(tests, many_at_once_are_counted);
	tcase_add_test(tests, an_earlier_time_is_believed_and_a_later_is_not);
	tcase_add_test(tests, the_first_at_the_start_of_time_is_logged);
	tcase_add_test(tests, many_are_each_logged_once_a_minute);
	tcase_add_test(tests,
	    what_came_again_keeps_its_count_while_others_are_forgotten);
	tcase_add_test(tests, too_many_are_counted_and_not_told);
	return tests;
}
