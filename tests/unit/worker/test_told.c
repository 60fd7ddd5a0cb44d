/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/told.h"

#include "tests.h"

#define DAY 20000

START_TEST(each_is_told_once_a_day)
{
	struct told told = { .day = 0 };

	for (uint64_t hash = 0; hash < 1000; hash += 2)
		ck_assert(told_add(&told, hash, DAY));
	for (uint64_t hash = 0; hash < 1000; hash += 2)
		ck_assert(!told_add(&told, hash, DAY));
	ck_assert_uint_eq(told.count, 500);
	ck_assert(told_add(&told, 998, DAY + 1));
	ck_assert_uint_eq(told.count, 1);
	ck_assert(told_add(&told, 2, DAY + 1));
	ck_assert(!told_add(&told, 998, DAY + 1));
	told_done(&told);
}
END_TEST

START_TEST(what_falls_on_one_place_is_told_apart)
{
	struct told told = { .day = 0 };

	for (uint64_t high = 0; high < 100; high++)
		ck_assert(told_add(&told, high << 32 | 63, DAY));
	for (uint64_t high = 0; high < 100; high++)
		ck_assert(!told_add(&told, high << 32 | 63, DAY));
	told_done(&told);
}
END_TEST

START_TEST(no_more_are_told_than_can_be_remembered)
{
	struct told told = { .day = 0 };

	for (uint64_t hash = 1; hash <= TOLD_MAX; hash++)
		ck_assert(told_add(&told, hash, DAY));
	ck_assert(!told_add(&told, TOLD_MAX + 1, DAY));
	ck_assert_uint_eq(told.count, TOLD_MAX);
	ck_assert_uint_le(told.capacity, 2 * TOLD_MAX);
	ck_assert(told_add(&told, TOLD_MAX + 1, DAY + 1));
	told_done(&told);
}
END_TEST

TCase *
test_told(void)
{
	TCase *tests = tcase_create("told");

	tcase_add_test(tests, each_is_told_once_a_day);
	tcase_add_test(tests, what_falls_on_one_place_is_told_apart);
	tcase_add_test(tests, no_more_are_told_than_can_be_remembered);
	return tests;
}
