/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <math.h>

#include "tests.h"
#include "worker/statistics.h"

#define SENT IPC_COUNTER_MESSAGES_SENT

static struct ipc_statistics
report_of(uint64_t started_ms, uint64_t sent, uint64_t connected)
{
	struct ipc_statistics report = { .started_ms = started_ms };

	report.counters[SENT] = sent;
	report.gauges[IPC_GAUGE_CONNECTED] = connected;
	return report;
}

static void
take(struct statistics *statistics, unsigned int worker, uint64_t started_ms,
    uint64_t sent, uint64_t connected)
{
	struct ipc_statistics report = report_of(started_ms, sent, connected);

	ck_assert_int_eq(statistics_report(statistics, worker, &report, false),
	    0);
}

static struct ipc_statistics
sum_of(struct statistics *statistics)
{
	struct ipc_statistics sum;

	statistics_sum(statistics, &sum);
	return sum;
}

START_TEST(the_sum_is_that_of_the_last_reports)
{
	struct statistics statistics = { .present = 0 };
	struct ipc_statistics sum;

	take(&statistics, 0, 1, 10, 5);
	take(&statistics, 63, 1, 1, 2);
	take(&statistics, 0, 1, 30, 4);
	sum = sum_of(&statistics);
	ck_assert_uint_eq(sum.counters[SENT], 31);
	ck_assert_uint_eq(sum.gauges[IPC_GAUGE_CONNECTED], 6);
}
END_TEST

START_TEST(totals_outlive_a_worker)
{
	struct statistics statistics = { .present = 0 };
	struct ipc_statistics sum;

	take(&statistics, 0, 1, 10, 5);
	take(&statistics, 1, 1, 100, 7);
	statistics_end(&statistics, 1);
	statistics_end(&statistics, 1); /* once */
	sum = sum_of(&statistics);
	ck_assert_uint_eq(sum.counters[SENT], 110);
	ck_assert_uint_eq(sum.gauges[IPC_GAUGE_CONNECTED], 5);
	take(&statistics, 1, 500, 2, 1); /* the next one begins at 0 */
	sum = sum_of(&statistics);
	ck_assert_uint_eq(sum.counters[SENT], 112);
	ck_assert_uint_eq(sum.gauges[IPC_GAUGE_CONNECTED], 6);
}
END_TEST

START_TEST(a_new_worker_learns_of_those_that_are_gone)
{
	struct statistics old = { .present = 0 }, new = { .present = 0 };
	struct ipc_statistics report;

	take(&old, 0, 1, 10, 5);
	take(&old, 1, 1, 100, 7);
	sum_of(&old);
	statistics_end(&old, 0);
	report = report_of(1, 100, 7);
	report.ended[SENT] = old.ended[SENT];
	report.connected_max = old.connected_max;
	take(&new, 0, 500, 0, 0);
	ck_assert_int_eq(statistics_report(&new, 1, &report, true), 0);
	ck_assert_uint_eq(sum_of(&new).counters[SENT], 110);
	ck_assert_uint_eq(sum_of(&new).connected_max, 12);
	/* The same once more, or from one that is no elder, adds nothing. */
	ck_assert_int_eq(statistics_report(&new, 1, &report, true), 0);
	report.ended[SENT] = 9999;
	report.counters[SENT] = 0;
	ck_assert_int_eq(statistics_report(&new, 2, &report, false), 0);
	ck_assert_uint_eq(sum_of(&new).counters[SENT], 110);
}
END_TEST

START_TEST(the_maximum_stays)
{
	struct statistics statistics = { .present = 0 };

	take(&statistics, 0, 1, 0, 5);
	take(&statistics, 1, 1, 0, 3);
	ck_assert_uint_eq(sum_of(&statistics).connected_max, 8);
	take(&statistics, 0, 1, 0, 0);
	ck_assert_uint_eq(sum_of(&statistics).connected_max, 8);
	statistics_end(&statistics, 1);
	ck_assert_uint_eq(sum_of(&statistics).connected_max, 8);
}
END_TEST

START_TEST(a_counter_does_not_go_back)
{
	struct statistics statistics = { .present = 0 };
	struct ipc_statistics report = report_of(1, 9, 0);

	take(&statistics, 3, 1, 10, 5);
	ck_assert_int_eq(statistics_report(&statistics, 3, &report, false),
	    -EBADMSG);
	ck_assert_uint_eq(sum_of(&statistics).counters[SENT], 10);
}
END_TEST

START_TEST(the_eldest_is_who_has_been_there_longest)
{
	struct statistics statistics = { .present = 0 };

	take(&statistics, 2, 300, 0, 0);
	ck_assert_uint_eq(statistics_eldest(&statistics), 2);
	take(&statistics, 5, 200, 0, 0);
	take(&statistics, 7, 200, 0, 0);
	ck_assert_uint_eq(statistics_eldest(&statistics), 5);
	statistics_end(&statistics, 5);
	ck_assert_uint_eq(statistics_eldest(&statistics), 7);
	take(&statistics, 5, 900, 0, 0);
	ck_assert_uint_eq(statistics_eldest(&statistics), 7);
}
END_TEST

/* One step of an average after so many seconds; per minute. */
static const struct {
	unsigned int seconds;
	uint64_t added;
	double averages[STATISTICS_SPANS];
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
	struct statistics statistics = { .present = 0 };
	struct ipc_statistics sum = { .started_ms = 0 };

	sum.counters[SENT] = 1000000; /* where it begins adds nothing */
	statistics_average(&statistics, &sum, 5000);
	ck_assert(fabs(statistics.averages[SENT][0]) < 1e-9);
	sum.counters[SENT] += average_cases[_i].added;
	statistics_average(&statistics, &sum,
	    5000 + average_cases[_i].seconds * 1000);
	for (int i = 0; i < STATISTICS_SPANS; i++)
		ck_assert_msg(fabs(statistics.averages[SENT][i] -
				   average_cases[_i].averages[i]) < 1e-3,
		    "average %d is %f", i, statistics.averages[SENT][i]);
}
END_TEST

START_TEST(averages_do_not_depend_on_the_interval)
{
	struct statistics coarse = { .present = 0 }, fine = { .present = 0 };
	struct ipc_statistics sum = { .started_ms = 0 };

	statistics_average(&coarse, &sum, 1000);
	for (unsigned int second = 0; second <= 30; second++) {
		sum.counters[SENT] = (uint64_t)second * 7;
		statistics_average(&fine, &sum, 1000 + second * 1000);
	}
	statistics_average(&coarse, &sum, 31000);
	for (int i = 0; i < STATISTICS_SPANS; i++)
		ck_assert(fabs(coarse.averages[SENT][i] -
			       fine.averages[SENT][i]) < 1e-6);
	/* No time has passed. */
	statistics_average(&fine, &sum, 31000);
	ck_assert(isfinite(fine.averages[SENT][0]));
}
END_TEST

TCase *
test_statistics(void)
{
	TCase *tests = tcase_create("statistics");

	tcase_add_test(tests, the_sum_is_that_of_the_last_reports);
	tcase_add_test(tests, totals_outlive_a_worker);
	tcase_add_test(tests, a_new_worker_learns_of_those_that_are_gone);
	tcase_add_test(tests, the_maximum_stays);
	tcase_add_test(tests, a_counter_does_not_go_back);
	tcase_add_test(tests, the_eldest_is_who_has_been_there_longest);
	tcase_add_loop_test(tests, averages_are_damped_exponentially, 0,
	    sizeof(average_cases) / sizeof(average_cases[0]));
	tcase_add_test(tests, averages_do_not_depend_on_the_interval);
	return tests;
}
