/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of sources, and the rate that is reckoned with it.
 */
#include "gate/sources.h"

#include "gate/rate.h"
#include "test_gate.h"

#define MS_NS UINT64_C(1000000)

static struct sources *sources;

static void
set_up(void)
{
	sources = sources_new();
}

static void
tear_down(void)
{
	sources_free(&sources);
}

START_TEST(source_is_remembered)
{
	struct source *source = sources_get(sources, 0, 5);

	ck_assert_uint_eq(source->number, 0);
	ck_assert_uint_eq(source->refused, 0);
	source->refused = 3;
	sources_get(sources, 1, 6);
	ck_assert_uint_eq(sources_get(sources, 0, 7)->refused, 3);
	ck_assert_uint_eq(sources_get(sources, 1, 7)->refused, 0);
}
END_TEST

/* However many come, whoever comes all the time stays. */
START_TEST(source_that_comes_often_outlives_a_flood_of_others)
{
	sources_get(sources, 1, 1)->refused = 3;
	for (uint64_t i = 0; i < 20 * SOURCES_MAX; i++) {
		sources_get(sources, UINT64_C(1000) + i, 1 + i / 100);
		if (i % 1000 == 0)
			ck_assert_uint_eq(
			    sources_get(sources, 1, 1 + i / 100)->refused, 3);
	}
}
END_TEST

START_TEST(source_that_comes_no_more_is_forgotten_for_others)
{
	uint64_t now = 1;

	sources_get(sources, 1, now)->refused = 3;
	for (uint64_t i = 0; i < 20 * SOURCES_MAX; i++)
		sources_get(sources, UINT64_C(1000) + i, ++now);
	ck_assert_uint_eq(sources_get(sources, 1, now)->refused, 0);
}
END_TEST

/* Memory that nobody has touched yet costs nothing. */
START_TEST(sources_that_are_few_lie_side_by_side)
{
	const struct source *first = sources_get(sources, 1000, 1);

	for (int again = 0; again < 2; again++)
		for (ptrdiff_t i = 0; i < 200; i++)
			ck_assert(sources_get(sources, 1000 + (uint64_t)i, 2) ==
				  first + i);
}
END_TEST

/* How many of a source that tries all the time come through. */
static unsigned int
count_passed(uint32_t per_second, uint64_t from_ms, uint64_t to_ms,
    uint64_t *spent_ns)
{
	unsigned int passed = 0;

	for (uint64_t ms = from_ms; ms < to_ms; ms++)
		while (rate_wait_ns(*spent_ns, per_second, ms * MS_NS) == 0 &&
		       passed < 100000) {
			rate_spend(spent_ns, per_second, ms * MS_NS);
			passed++;
		}
	return passed;
}

static const struct {
	uint32_t per_second;
	unsigned int at_once;
	unsigned int in_ten_seconds; /* those included */
} rates[] = {
	{ 1, 1, 10 },
	{ 2, 2, 21 },
	{ 10, 10, 109 },
	{ 100, 100, 1099 },
	{ 1000, 1000, 10999 },
};

START_TEST(rate_allows_a_second_s_worth_at_once_and_then_goes_on)
{
	uint64_t spent_ns = 0, start_ms = 5000;
	unsigned int at_once;

	at_once = count_passed(rates[_i].per_second, start_ms, start_ms + 1,
	    &spent_ns);
	ck_assert_uint_eq(at_once, rates[_i].at_once);
	ck_assert_uint_eq(at_once + count_passed(rates[_i].per_second,
					start_ms + 1, start_ms + 10000,
					&spent_ns),
	    rates[_i].in_ten_seconds);
}
END_TEST

START_TEST(rate_of_0_is_none)
{
	uint64_t spent_ns = 0;

	for (int i = 0; i < 1000; i++)
		rate_spend(&spent_ns, 0, 1);
	ck_assert_uint_eq(rate_wait_ns(spent_ns, 0, 1), 0);
	ck_assert_uint_eq(rate_wait_ns(UINT64_MAX, 0, 1), 0);
}
END_TEST

START_TEST(rate_that_others_overdraw_is_free_again_in_two_seconds)
{
	uint64_t spent_ns = 0, now_ns = 5000 * MS_NS;

	for (int i = 0; i < 1000; i++)
		rate_spend(&spent_ns, 10, now_ns);
	ck_assert_uint_gt(rate_wait_ns(spent_ns, 10, now_ns), 0);
	ck_assert_uint_eq(rate_wait_ns(spent_ns, 10,
			      now_ns + 2 * RATE_SECOND_NS),
	    0);
}
END_TEST

START_TEST(rate_says_when_the_next_may_come)
{
	uint64_t spent_ns = 0, now_ns = 5000 * MS_NS, wait_ns;

	for (int i = 0; i < 10; i++)
		rate_spend(&spent_ns, 10, now_ns);
	wait_ns = rate_wait_ns(spent_ns, 10, now_ns);
	ck_assert_uint_eq(wait_ns, 100 * MS_NS);
	ck_assert_uint_eq(rate_wait_ns(spent_ns, 10, now_ns + wait_ns), 0);
	ck_assert_uint_eq(rate_wait_ns(spent_ns, 10, now_ns + wait_ns - 1), 1);
}
END_TEST

TCase *
sources_tests(void)
{
	TCase *tests = tcase_create("sources");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, source_is_remembered);
	tcase_add_test(tests,
	    source_that_comes_often_outlives_a_flood_of_others);
	tcase_add_test(tests,
	    source_that_comes_no_more_is_forgotten_for_others);
	tcase_add_test(tests, sources_that_are_few_lie_side_by_side);
	tcase_add_loop_test(tests,
	    rate_allows_a_second_s_worth_at_once_and_then_goes_on, 0,
	    (int)(sizeof(rates) / sizeof(rates[0])));
	tcase_add_test(tests, rate_of_0_is_none);
	tcase_add_test(tests,
	    rate_that_others_overdraw_is_free_again_in_two_seconds);
	tcase_add_test(tests, rate_says_when_the_next_may_come);
	return tests;
}
