/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/tally.h"

#include <stdlib.h>

#include "test_gate.h"

#define SOURCES 5000

static struct tally tally;

static void
set_up(void)
{
	tally_init(&tally, SOURCES);
}

static void
tear_down(void)
{
	tally_done(&tally);
}

START_TEST(tally_of_nothing_is_nothing)
{
	ck_assert_uint_eq(tally_count(&tally, 7), 0);
	ck_assert(!tally_remove(&tally, 7));
	ck_assert_uint_eq(tally.total, 0);
	ck_assert_ptr_null(tally.entries);
}
END_TEST

START_TEST(tally_counts_each_source)
{
	tally_add(&tally, 0);
	tally_add(&tally, 7);
	tally_add(&tally, 7);
	ck_assert_uint_eq(tally_count(&tally, 0), 1);
	ck_assert_uint_eq(tally_count(&tally, 7), 2);
	ck_assert_uint_eq(tally_count(&tally, 8), 0);
	ck_assert_uint_eq(tally.total, 3);
	ck_assert(tally_remove(&tally, 7));
	ck_assert(!tally_remove(&tally, 8));
	ck_assert_uint_eq(tally_count(&tally, 7), 1);
	ck_assert(tally_remove(&tally, 7));
	ck_assert(!tally_remove(&tally, 7));
	ck_assert_uint_eq(tally.total, 1);
	tally_clear(&tally);
	ck_assert_uint_eq(tally_count(&tally, 0), 0);
	ck_assert_uint_eq(tally.total, 0);
}
END_TEST

/* Against an array, over many changes that grow and shrink it. */
START_TEST(tally_is_right_after_any_changes)
{
	static uint32_t model[SOURCES];
	uint64_t total = 0;

	srandom(1);
	for (int i = 0; i < 200000; i++) {
		uint64_t source = (uint64_t)random() % SOURCES;
		/* mostly more for a while, then mostly less */
		bool is_more = random() % 4 < (i / 20000 % 2 == 0 ? 3 : 1);

		if (is_more) {
			tally_add(&tally, source << 32);
			model[source]++;
			total++;
		} else {
			ck_assert_int_eq(tally_remove(&tally, source << 32),
			    model[source] > 0);
			total -= model[source] > 0;
			model[source] -= model[source] > 0;
		}
		ck_assert_uint_eq(tally.total, total);
		ck_assert_uint_eq(tally_count(&tally, source << 32),
		    model[source]);
	}
	for (uint64_t source = 0; source < SOURCES; source++)
		ck_assert_uint_eq(tally_count(&tally, source << 32),
		    model[source]);
}
END_TEST

START_TEST(tally_gives_room_back)
{
	size_t most;

	for (uint64_t i = 0; i < SOURCES; i++)
		tally_add(&tally, i);
	most = tally.capacity;
	ck_assert_uint_ge(most, 2 * SOURCES);
	ck_assert_uint_le(most, 4 * SOURCES);
	for (uint64_t i = 0; i < SOURCES; i++)
		ck_assert(tally_remove(&tally, i));
	ck_assert_uint_le(tally.capacity, 64);
}
END_TEST

START_TEST(tally_counts_those_beyond_its_bound_without_a_name)
{
	tally_done(&tally);
	tally_init(&tally, 2);
	for (uint64_t i = 1; i <= 4; i++)
		tally_add(&tally, i);
	tally_add(&tally, 1);
	ck_assert_uint_eq(tally.total, 5);
	ck_assert_uint_eq(tally_count(&tally, 1), 2);
	ck_assert_uint_eq(tally_count(&tally, 3), 0);
	ck_assert_uint_eq(tally.used, 2);
	ck_assert(tally_remove(&tally, 4));
	ck_assert(tally_remove(&tally, 3));
	ck_assert(!tally_remove(&tally, 3));
	ck_assert_uint_eq(tally.total, 3);
}
END_TEST

TCase *
tally_tests(void)
{
	TCase *tests = tcase_create("tally");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, tally_of_nothing_is_nothing);
	tcase_add_test(tests, tally_counts_each_source);
	tcase_add_test(tests, tally_is_right_after_any_changes);
	tcase_add_test(tests, tally_gives_room_back);
	tcase_add_test(tests,
	    tally_counts_those_beyond_its_bound_without_a_name);
	return tests;
}
