/* SPDX-License-Identifier: Apache-2.0 */
#include "test_statistics.h"

#include <errno.h>
#include <math.h>

#include "master/statistics.h"

#define SENT      IPC_STATISTIC_MESSAGES_SENT
#define CONNECTED IPC_STATISTIC_CONNECTED
#define ENDS      IPC_STATISTIC_CLIENT_ENDS

static void
take(struct statistics_report *report, uint64_t sent, uint64_t connected)
{
	struct ipc_statistics told = { .values = { 0 } };

	told.values[SENT] = sent;
	told.values[CONNECTED] = connected;
	ck_assert_int_eq(statistics_report_take(report, &told), 0);
}

static const uint64_t *
sum_of(struct statistics *statistics, const struct statistics_report *reports,
    size_t count, uint64_t now_ms)
{
	statistics_sum_begin(statistics);
	for (size_t i = 0; i < count; i++)
		statistics_sum_add(statistics, &reports[i]);
	statistics_sum_end(statistics, now_ms);
	return statistics->sum.values;
}

START_TEST(the_sum_is_that_of_the_last_reports)
{
	struct statistics statistics = { .sample_count = 0 };
	struct statistics_report reports[3] = { { .is_present = false } };
	const uint64_t *sum;

	take(&reports[0], 10, 5);
	take(&reports[1], 1, 2);
	take(&reports[0], 30, 4);
	sum = sum_of(&statistics, reports, 3, 1000);
	ck_assert_uint_eq(sum[SENT], 31);
	ck_assert_uint_eq(sum[CONNECTED], 6);
}
END_TEST

START_TEST(totals_outlive_a_process)
{
	struct statistics statistics = { .sample_count = 0 };
	struct statistics_report reports[2] = { { .is_present = false } };
	const uint64_t *sum;

	take(&reports[0], 10, 5);
	take(&reports[1], 100, 7);
	statistics_report_end(&statistics, &reports[1]);
	statistics_report_end(&statistics, &reports[1]); /* once */
	sum = sum_of(&statistics, reports, 2, 1000);
	ck_assert_uint_eq(sum[SENT], 110);
	ck_assert_uint_eq(sum[CONNECTED], 5);
	take(&reports[1], 2, 1); /* the next one begins at 0 */
	sum = sum_of(&statistics, reports, 2, 2000);
	ck_assert_uint_eq(sum[SENT], 112);
	ck_assert_uint_eq(sum[CONNECTED], 6);
}
END_TEST

START_TEST(the_maximum_stays)
{
	struct statistics statistics = { .sample_count = 0 };
	struct statistics_report reports[2] = { { .is_present = false } };

	take(&reports[0], 0, 5);
	take(&reports[1], 0, 3);
	sum_of(&statistics, reports, 2, 1000);
	ck_assert_uint_eq(statistics.sum.connected_max, 8);
	take(&reports[0], 0, 0);
	statistics_report_end(&statistics, &reports[1]);
	sum_of(&statistics, reports, 2, 2000);
	ck_assert_uint_eq(statistics.sum.connected_max, 8);
}
END_TEST

START_TEST(of_times_the_earliest_is_shown)
{
	static const struct {
		uint64_t times[3], earliest;
	} cases[] = {
		{ { 0, 0, 0 }, 0 },
		{ { 0, 7, 0 }, 7 },
		{ { 9, 8, 7 }, 7 },
		{ { 7, 0, 9 }, 7 },
	};
	struct statistics statistics = { .sample_count = 0 };
	struct statistics_report reports[3] = { { .is_present = false } };

	for (size_t i = 0; i < 3; i++) {
		struct ipc_statistics told = { .values = { 0 } };

		told.values[ENDS] = cases[_i].times[i];
		ck_assert_int_eq(statistics_report_take(&reports[i], &told), 0);
	}
	ck_assert_uint_eq(sum_of(&statistics, reports, 3, 1000)[ENDS],
	    cases[_i].earliest);
}
END_TEST

START_TEST(a_counter_does_not_go_back)
{
	struct statistics_report report = { .is_present = false };
	struct ipc_statistics told = { .values = { 0 } };

	take(&report, 10, 5);
	told.values[SENT] = 9;
	ck_assert_int_eq(statistics_report_take(&report, &told), -EBADMSG);
	ck_assert_uint_eq(report.last.values[SENT], 10);
	take(&report, 10, 4); /* a gauge may */
}
END_TEST

/* One step of an average after so many seconds; per minute. */
static const struct {
	unsigned int seconds;
	uint64_t added;
	double averages[IPC_STATISTIC_SPANS];
} average_cases[] = {
	{ 10, 0, { 0, 0, 0 } },
	/* 600 a minute times 1 - e^(-10/60), e^(-10/300), e^(-10/900) */
	{ 10, 100, { 92.1110, 19.6703, 6.6298 } },
	{ 60, 600, { 379.2723, 108.7615, 38.6959 } },
	/* After a long time the average is the rate. */
	{ 36000, 36000, { 60, 60, 60 } },
};

START_TEST(averages_are_damped_exponentially)
{
	struct statistics statistics = { .sample_count = 0 };
	struct statistics_report report = { .is_present = false };

	take(&report, 1000000, 0); /* where it begins adds nothing */
	sum_of(&statistics, &report, 1, 5000);
	ck_assert(fabs(statistics.averages[SENT][0]) < 1e-9);
	take(&report, 1000000 + average_cases[_i].added, 0);
	sum_of(&statistics, &report, 1,
	    5000 + average_cases[_i].seconds * 1000);
	for (int i = 0; i < IPC_STATISTIC_SPANS; i++) {
		double wanted = average_cases[_i].averages[i];

		ck_assert_msg(fabs(statistics.averages[SENT][i] - wanted) <
				  1e-3,
		    "average %d is %f", i, statistics.averages[SENT][i]);
		ck_assert_uint_eq(statistics.sum.averages[SENT][i],
		    (uint64_t)(wanted * 100 + 0.5));
	}
}
END_TEST

START_TEST(averages_do_not_depend_on_the_interval)
{
	struct statistics coarse = { .sample_count = 0 };
	struct statistics fine = { .sample_count = 0 };
	struct statistics_report report = { .is_present = false };

	take(&report, 0, 0);
	sum_of(&coarse, &report, 1, 1000);
	for (unsigned int second = 0; second <= 30; second++) {
		take(&report, (uint64_t)second * 7, 0);
		sum_of(&fine, &report, 1, 1000 + second * 1000);
	}
	sum_of(&coarse, &report, 1, 31000);
	for (int i = 0; i < IPC_STATISTIC_SPANS; i++)
		ck_assert(fabs(coarse.averages[SENT][i] -
			       fine.averages[SENT][i]) < 1e-6);
	/* No time has passed. */
	sum_of(&fine, &report, 1, 31000);
	ck_assert(isfinite(fine.averages[SENT][0]));
}
END_TEST

START_TEST(a_rate_is_that_of_the_last_seconds)
{
	struct statistics statistics = { .sample_count = 0 };
	struct statistics_report report = { .is_present = false };

	ck_assert(fabs(statistics_rate(&statistics, SENT)) < 1e-9);
	take(&report, 1000, 0);
	sum_of(&statistics, &report, 1, 1000);
	ck_assert(fabs(statistics_rate(&statistics, SENT)) < 1e-9);
	take(&report, 1300, 0);
	sum_of(&statistics, &report, 1, 3000);
	ck_assert(fabs(statistics_rate(&statistics, SENT) - 150) < 1e-9);
	for (uint64_t i = 1; i <= STATISTICS_SAMPLES; i++)
		sum_of(&statistics, &report, 1, 3000 + i * 1000);
	ck_assert(fabs(statistics_rate(&statistics, SENT)) < 1e-9);
}
END_TEST

START_TEST(each_row_has_a_name_of_its_own)
{
	for (size_t i = 0; i < IPC_STATISTIC_COUNT; i++)
		for (size_t j = 0; j < i; j++) {
			const struct ipc_statistic_row *row, *other;

			row = &ipc_statistic_rows[i];
			other = &ipc_statistic_rows[j];
			ck_assert_str_ne(row->name, other->name);
			ck_assert(strcmp(row->metric, other->metric) != 0 ||
				  strcmp(row->label, other->label) != 0);
			/* rows of one metric stand together */
			ck_assert(strcmp(row->metric, other->metric) != 0 ||
				  strcmp(row->metric,
				      ipc_statistic_rows[j + 1].metric) == 0);
		}
}
END_TEST

TCase *
test_statistics(void)
{
	TCase *tests = tcase_create("statistics");

	tcase_add_test(tests, the_sum_is_that_of_the_last_reports);
	tcase_add_test(tests, totals_outlive_a_process);
	tcase_add_test(tests, the_maximum_stays);
	tcase_add_loop_test(tests, of_times_the_earliest_is_shown, 0, 4);
	tcase_add_test(tests, a_counter_does_not_go_back);
	tcase_add_loop_test(tests, averages_are_damped_exponentially, 0,
	    sizeof(average_cases) / sizeof(average_cases[0]));
	tcase_add_test(tests, averages_do_not_depend_on_the_interval);
	tcase_add_test(tests, a_rate_is_that_of_the_last_seconds);
	tcase_add_test(tests, each_row_has_a_name_of_its_own);
	return tests;
}
