/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/clock.h"

#include <time.h>

#include "tests.h"

START_TEST(the_monotonic_clock_does_not_go_back)
{
	uint64_t before = clock_monotonic_ms();

	for (int i = 0; i < 10000; i++) {
		uint64_t now = clock_monotonic_ms();

		ck_assert_uint_ge(now, before);
		before = now;
	}
}
END_TEST

START_TEST(the_monotonic_clock_is_one_in_both_units)
{
	uint64_t before_ms = clock_monotonic_ms();
	uint64_t at_ns = clock_monotonic_ns();

	ck_assert_uint_le(before_ms, at_ns / 1000000);
	ck_assert_uint_le(at_ns / 1000000, clock_monotonic_ms());
}
END_TEST

START_TEST(the_real_clock_is_that_of_the_machine)
{
	time_t before = time(NULL);
	int64_t now = clock_realtime_seconds();

	/* time() may read a coarser clock, a tick behind. */
	ck_assert_int_ge(now, before);
	ck_assert_int_le(now, time(NULL) + 1);
}
END_TEST

TCase *
test_clock(void)
{
	TCase *tcase = tcase_create("clock");

	tcase_add_test(tcase, the_monotonic_clock_does_not_go_back);
	tcase_add_test(tcase, the_monotonic_clock_is_one_in_both_units);
	tcase_add_test(tcase, the_real_clock_is_that_of_the_machine);
	return tcase;
}
