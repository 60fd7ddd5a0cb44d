/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/histogram.h"

#include "test_bench.h"

static struct histogram histogram;

static void
setup(void)
{
	histogram_clear(&histogram);
}

START_TEST(an_empty_histogram_has_percentiles_of_0)
{
	ck_assert_uint_eq(histogram_percentile(&histogram, 50), 0);
	ck_assert_uint_eq(histogram_percentile(&histogram, 100), 0);
}
END_TEST

START_TEST(small_values_are_exact)
{
	for (uint64_t value = 0; value < 256; value++)
		histogram_record(&histogram, value);

	ck_assert_uint_eq(histogram.count, 256);
	ck_assert_uint_eq(histogram_percentile(&histogram, 0), 0);
	ck_assert_uint_eq(histogram_percentile(&histogram, 50), 127);
	ck_assert_uint_eq(histogram_percentile(&histogram, 99), 253);
	ck_assert_uint_eq(histogram_percentile(&histogram, 100), 255);
}
END_TEST

/* 1 and a greater one, so that the percentile is not cut to the maximum. */
START_TEST(a_percentile_is_at_most_a_128th_above_the_truth)
{
	for (unsigned int bit = 0; bit < 63; bit++) {
		uint64_t values[] = { UINT64_C(1) << bit,
			(UINT64_C(1) << bit) + (UINT64_C(1) << bit) / 3,
			(UINT64_C(2) << bit) - 1 };

		for (int i = 0; i < 3; i++) {
			uint64_t found;

			histogram_clear(&histogram);
			histogram_record(&histogram, values[i]);
			histogram_record(&histogram, UINT64_MAX);
			found = histogram_percentile(&histogram, 50);
			ck_assert_uint_ge(found, values[i]);
			ck_assert_uint_le(found, values[i] + values[i] / 128);
		}
	}
}
END_TEST

START_TEST(the_greatest_value_has_a_bucket)
{
	histogram_record(&histogram, UINT64_MAX);

	ck_assert_uint_eq(histogram.buckets[HISTOGRAM_BUCKETS - 1], 1);
	ck_assert_uint_eq(histogram_percentile(&histogram, 99.9), UINT64_MAX);
}
END_TEST

START_TEST(a_percentile_never_exceeds_the_maximum)
{
	histogram_record(&histogram, 1000001);

	ck_assert_uint_eq(histogram_percentile(&histogram, 50), 1000001);
	ck_assert_uint_eq(histogram.max, 1000001);
}
END_TEST

START_TEST(a_rare_value_shows_in_its_percentile_only)
{
	for (int i = 0; i < 999; i++)
		histogram_record(&histogram, 10);
	histogram_record(&histogram, 100);

	ck_assert_uint_eq(histogram_percentile(&histogram, 99), 10);
	ck_assert_uint_eq(histogram_percentile(&histogram, 99.9), 10);
	ck_assert_uint_eq(histogram_percentile(&histogram, 99.95), 100);
}
END_TEST

TCase *
test_histogram(void)
{
	TCase *tcase = tcase_create("histogram");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, an_empty_histogram_has_percentiles_of_0);
	tcase_add_test(tcase, small_values_are_exact);
	tcase_add_test(tcase, a_percentile_is_at_most_a_128th_above_the_truth);
	tcase_add_test(tcase, the_greatest_value_has_a_bucket);
	tcase_add_test(tcase, a_percentile_never_exceeds_the_maximum);
	tcase_add_test(tcase, a_rare_value_shows_in_its_percentile_only);
	return tcase;
}
