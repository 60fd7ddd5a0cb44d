/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/options.h"

#include <string.h>

#include "test_bench.h"

#define WORDS_MAX 16

static struct options options;
static char fault[256];

/* Parse words, split at blanks, behind the options that must be there. */
static enum options_result
parse(const char *words)
{
	static char text[256];
	char *argv[WORDS_MAX] = { (char[]){ "signet-bench" },
		(char[]){ "--ca=ca" }, (char[]){ "--cert=cert" },
		(char[]){ "--key=key" } };
	int argc = 4;
	enum options_result result;
	FILE *errors;

	snprintf(text, sizeof(text), "%s", words);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	memset(fault, 0, sizeof(fault));
	errors = fmemopen(fault, sizeof(fault) - 1, "w");
	ck_assert_ptr_nonnull(errors);
	result = options_parse(argc, argv, &options, errors);
	fclose(errors);
	return result;
}

START_TEST(a_scenario_alone_has_defaults)
{
	ck_assert_int_eq(parse("fan-out"), OPTIONS_RUN);
	ck_assert_int_eq(options.scenario, SCENARIO_FAN_OUT);
	ck_assert_int_eq(options.version, MQTT_VERSION_5);
	ck_assert_uint_eq(options.port, 8883);
	ck_assert_uint_eq(options.publishers, 1);
	ck_assert_uint_eq(options.subscribers, 50);
	ck_assert_uint_eq(options.window, 1);
	ck_assert_uint_eq(options.measure_ms, 10000);
	ck_assert_str_eq(options.server_name, "localhost");
}
END_TEST

START_TEST(each_pattern_has_its_numbers_of_clients)
{
	static const struct {
		const char *words;
		uint32_t publishers;
		uint32_t subscribers;
	} rows[] = {
		{ "pairs", 50, 50 },
		{ "pairs -P 7", 7, 7 },
		{ "pairs -S 7", 7, 7 },
		{ "fan-in", 50, 1 },
		{ "fan-in -P 3", 3, 1 },
		{ "fan-out -S 3", 1, 3 },
		{ "all -P 2 -S 3", 2, 3 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(parse(rows[i].words), OPTIONS_RUN);
		ck_assert_uint_eq(options.publishers, rows[i].publishers);
		ck_assert_uint_eq(options.subscribers, rows[i].subscribers);
	}
}
END_TEST

START_TEST(letters_and_names_say_the_same)
{
	ck_assert_int_eq(parse("-q 2 -s 100 -V 3.1.1 -d 0.5 -j pairs"),
	    OPTIONS_RUN);
	ck_assert_uint_eq(options.qos, 2);
	ck_assert_uint_eq(options.payload_bytes, 100);
	ck_assert_int_eq(options.version, MQTT_VERSION_3_1_1);
	ck_assert_uint_eq(options.measure_ms, 500);
	ck_assert(options.json);
	ck_assert_int_eq(parse(
			     "pairs --qos 1 --payload=64 --mqtt 5 --seconds 2"),
	    OPTIONS_RUN);
	ck_assert_uint_eq(options.qos, 1);
	ck_assert_int_eq(options.version, MQTT_VERSION_5);
	ck_assert_uint_eq(options.measure_ms, 2000);
	ck_assert(!options.json);
}
END_TEST

START_TEST(a_rate_of_each_publisher_is_one_of_all)
{
	ck_assert_int_eq(parse("pairs -P 10 -R 20"), OPTIONS_RUN);
	ck_assert_uint_eq(options.rate, 200);
	ck_assert_int_eq(parse("all -P 100000 -R 1000000"), OPTIONS_RUN);
	ck_assert_uint_eq(options.rate, 100000000);
}
END_TEST

START_TEST(acknowledgements_are_awaited_where_it_is_asked_for)
{
	ck_assert_int_eq(parse("pairs -q 1"), OPTIONS_RUN);
	ck_assert(!options.awaits_acks);
	ck_assert_int_eq(parse("pairs -q 1 --await-acks"), OPTIONS_RUN);
	ck_assert(options.awaits_acks);
}
END_TEST

START_TEST(who_is_away_has_a_session_that_lasts)
{
	ck_assert_int_eq(parse("pairs -q 1 --offline"), OPTIONS_RUN);
	ck_assert(options.is_offline);
	ck_assert_uint_eq(options.session_expiry, 3600);
	ck_assert_int_eq(parse("pairs -q 1 --offline --session-expiry 7"),
	    OPTIONS_RUN);
	ck_assert_uint_eq(options.session_expiry, 7);
	ck_assert_int_eq(parse("fan-out --session-expiry 4294967295"),
	    OPTIONS_RUN);
	ck_assert(!options.is_offline);
	ck_assert_uint_eq(options.session_expiry, UINT32_MAX);
	ck_assert_int_eq(parse("fan-out"), OPTIONS_RUN);
	ck_assert_uint_eq(options.session_expiry, 0);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	static const char *const rows[] = {
		"",
		"fan-out pairs",
		"nothing",
		"fan-out -q 3",
		"fan-out -q 1.5",
		"fan-out -q x",
		"fan-out -s 31",
		"fan-out -p 0",
		"fan-out -p 65536",
		"fan-out -w 0",
		"fan-out -d -1",
		"fan-out -d nan",
		"fan-out -P 2",
		"fan-in -S 2",
		"pairs -P 2 -S 3",
		"pairs -r 1 -R 1",
		"pairs --tls 1.1",
		"pairs -V 4",
		"pairs -t a/#",
		"pairs --await-acks",
		"pairs -q 1 -r 5 --await-acks",
		"idle -q 1 --await-acks",
		"pairs --offline",
		"pairs -q 1 -r 5 --offline",
		"pairs -q 1 --share g --offline",
		"idle -q 1 --offline",
		"storm --session-expiry 5",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(parse(rows[i]) == OPTIONS_BAD, "taken: %s",
		    rows[i]);
		ck_assert_msg(strncmp(fault, "signet-bench: ", 14) == 0,
		    "no fault for: %s", rows[i]);
	}
}
END_TEST

START_TEST(certificates_are_needed)
{
	char *argv[] = { (char[]){ "signet-bench" }, (char[]){ "fan-out" },
		NULL };
	FILE *errors = fopen("/dev/null", "w");

	ck_assert_int_eq(options_parse(2, argv, &options, errors), OPTIONS_BAD);
	fclose(errors);
}
END_TEST

START_TEST(help_and_version_need_nothing_else)
{
	ck_assert_int_eq(parse("--help"), OPTIONS_HELP);
	ck_assert_int_eq(parse("--version"), OPTIONS_VERSION);
}
END_TEST

TCase *
test_options(void)
{
	TCase *tcase = tcase_create("options");

	tcase_add_test(tcase, a_scenario_alone_has_defaults);
	tcase_add_test(tcase, each_pattern_has_its_numbers_of_clients);
	tcase_add_test(tcase, letters_and_names_say_the_same);
	tcase_add_test(tcase, a_rate_of_each_publisher_is_one_of_all);
	tcase_add_test(tcase,
	    acknowledgements_are_awaited_where_it_is_asked_for);
	tcase_add_test(tcase, who_is_away_has_a_session_that_lasts);
	tcase_add_test(tcase, what_makes_no_sense_is_refused);
	tcase_add_test(tcase, certificates_are_needed);
	tcase_add_test(tcase, help_and_version_need_nothing_else);
	return tcase;
}
