/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report.h"

#include <stdlib.h>
#include <string.h>

#include "test_bench.h"

static struct reasons reasons;
static struct report report;
static struct options options;

static void
setup(void)
{
	memset(&reasons, 0, sizeof(reasons));
	memset(&report, 0, sizeof(report));
	options = (struct options){ .scenario = SCENARIO_PAIRS,
		.version_text = "5",
		.qos = 1 };
	report.reasons = &reasons;
	report.connections = 2;
	report.expected = report.received = 10;
}

START_TEST(a_run_without_faults_is_good)
{
	ck_assert(report_is_good(&options, &report));
}
END_TEST

START_TEST(loss_is_a_fault_at_qos_above_0_only)
{
	report.received = 9;
	ck_assert_uint_eq(report_lost(&report), 1);
	ck_assert(!report_is_good(&options, &report));
	options.qos = 0;
	ck_assert(report_is_good(&options, &report));
	report.received = 0;
	ck_assert(!report_is_good(&options, &report));
}
END_TEST

START_TEST(duplicates_are_a_fault_at_qos_2_only) /* [MQTT-4.3.3-2] */
{
	report.duplicates = 1;
	ck_assert(report_is_good(&options, &report));
	options.qos = 2;
	ck_assert(!report_is_good(&options, &report));
}
END_TEST

START_TEST(disorder_refusals_and_failed_clients_are_faults)
{
	report.order_violations = 1;
	ck_assert(!report_is_good(&options, &report));
	report.order_violations = 0;
	report.refused = 1;
	ck_assert(!report_is_good(&options, &report));
	report.refused = 0;
	reasons_add(&reasons, "gone");
	ck_assert(!report_is_good(&options, &report));
}
END_TEST

START_TEST(equal_reasons_are_counted_and_too_many_are_summed_up)
{
	char text[32];

	for (int i = 0; i < REASONS_MAX + 5; i++) {
		snprintf(text, sizeof(text), "reason %d", i);
		reasons_add(&reasons, text);
	}
	reasons_add(&reasons, "reason 3");
	ck_assert_uint_eq(reasons.count, REASONS_MAX);
	ck_assert_uint_eq(reasons.total, REASONS_MAX + 6);
	ck_assert_uint_eq(reasons.items[3].count, 2);
	ck_assert_str_eq(reasons.items[REASONS_MAX - 1].text, "other reasons");
	ck_assert_uint_eq(reasons.items[REASONS_MAX - 1].count, 6);
}
END_TEST

/* RFC 8259 s7: quotes, backslashes and control characters are escaped. */
START_TEST(json_escapes_text_and_says_null_for_what_is_not_known)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	reasons_add(&reasons, "a \"b\" \\ \n");
	report_print_json(&options, &report, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\"a \\\"b\\\" \\\\ \\u000a\""));
	ck_assert_ptr_nonnull(strstr(text, "\"latency_us\": null"));
	ck_assert_ptr_nonnull(
	    strstr(text, "\"broker_cpu_us_per_delivered\": null"));
	free(text);
}
END_TEST

START_TEST(json_tells_what_the_broker_wrote)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	options.is_offline = true;
	options.session_expiry = 60;
	report.delivered = 4;
	report.return_ns = 2000000000;
	report.gauge = (struct gauge){
		.has_broker_written = true,
		.broker_written_bytes = 1000,
		.has_files = true,
		.files_before_bytes = 100,
		.files_after_bytes = 60,
	};
	report_print_json(&options, &report, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\"offline\": true"));
	ck_assert_ptr_nonnull(strstr(text, "\"session_expiry\": 60"));
	ck_assert_ptr_nonnull(strstr(text, "\"fetched_per_second\": 5.000"));
	ck_assert_ptr_nonnull(
	    strstr(text, "\"broker_written_bytes_per_delivered\": 250.000"));
	ck_assert_ptr_nonnull(
	    strstr(text, "\"files_growth_bytes_per_delivered\": -10.000"));
	free(text);
}
END_TEST

TCase *
test_report(void)
{
	TCase *tcase = tcase_create("report");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, a_run_without_faults_is_good);
	tcase_add_test(tcase, loss_is_a_fault_at_qos_above_0_only);
	tcase_add_test(tcase, duplicates_are_a_fault_at_qos_2_only);
	tcase_add_test(tcase, disorder_refusals_and_failed_clients_are_faults);
	tcase_add_test(tcase,
	    equal_reasons_are_counted_and_too_many_are_summed_up);
	tcase_add_test(tcase,
	    json_escapes_text_and_says_null_for_what_is_not_known);
	tcase_add_test(tcase, json_tells_what_the_broker_wrote);
	return tcase;
}
