/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/complaints.h"

#include "fixture.h"
#include "test_gate.h"

#define NOW_MS 100000

static struct fixture fixture;
static struct complaints complaints;
static struct source sources[2 * COMPLAINTS_LINES_MAX];
static uint32_t count;

static void
set_up(void)
{
	fixture_start(&fixture, &fixture_pki.server, 60000);
	complaints = (struct complaints){ .began_ms = 0 };
	memset(sources, 0, sizeof(sources));
}

static void
tear_down(void)
{
	fixture_stop(&fixture);
}

static bool
note(size_t source, uint64_t now_ms)
{
	return complaint_note(&complaints, ADMISSION_HANDSHAKES_PER_SOURCE,
	    &sources[source], now_ms, &count);
}

START_TEST(complaint_of_a_source_comes_once_a_minute)
{
	ck_assert(note(0, NOW_MS));
	ck_assert_uint_eq(count, 1);
	ck_assert(!note(0, NOW_MS));
	ck_assert(!note(0, NOW_MS + COMPLAINTS_MS - 1));
	ck_assert(note(0, NOW_MS + COMPLAINTS_MS));
	ck_assert_uint_eq(count, 3);
}
END_TEST

START_TEST(complaints_of_many_sources_are_bounded)
{
	for (size_t i = 0; i < 2 * COMPLAINTS_LINES_MAX; i++)
		ck_assert_int_eq(note(i, NOW_MS), i < COMPLAINTS_LINES_MAX);
	/* and go on in the next minute */
	complaints_turn(&complaints, NOW_MS + COMPLAINTS_MS - 1);
	ck_assert(!note(COMPLAINTS_LINES_MAX, NOW_MS + COMPLAINTS_MS - 1));
	complaints_turn(&complaints, NOW_MS + COMPLAINTS_MS);
	ck_assert(note(COMPLAINTS_LINES_MAX, NOW_MS + COMPLAINTS_MS));
	ck_assert_uint_eq(count, 3);
}
END_TEST

START_TEST(complaints_are_summed_up_at_the_end_of_a_minute)
{
	for (int i = 0; i < 70; i++)
		note(0, NOW_MS);
	complaint_note(&complaints, ADMISSION_DISPLACED, &sources[1], NOW_MS,
	    &count);
	complaints_turn(&complaints, NOW_MS + COMPLAINTS_MS - 1);
	ck_assert_uint_eq(fixture_log_count(&fixture, "not-admitted-in-all"),
	    0);
	complaints_turn(&complaints, NOW_MS + COMPLAINTS_MS);
	ck_assert_uint_eq(fixture_log_count(&fixture,
			      "event=not-admitted-in-all "
			      "handshakes_per_source=70 displaced=1\n"),
	    1);
	complaints_turn(&complaints, NOW_MS + 3 * COMPLAINTS_MS);
	complaints_end(&complaints);
	ck_assert_uint_eq(fixture_log_count(&fixture, "not-admitted-in-all"),
	    1);
}
END_TEST

START_TEST(complaints_of_handshakes_that_fail_are_bounded)
{
	for (int i = 0; i < 3 * COMPLAINTS_FAILED_OF_SOURCE; i++)
		ck_assert_int_eq(complaint_note_failed(&complaints, &sources[0],
				     NOW_MS),
		    i < COMPLAINTS_FAILED_OF_SOURCE);
	/* Another one has lines of its own, and whoever is exempt all. */
	ck_assert(complaint_note_failed(&complaints, &sources[1], NOW_MS));
	for (int i = 0; i < 3 * COMPLAINTS_FAILED_OF_SOURCE; i++)
		ck_assert(complaint_note_failed(&complaints, NULL, NOW_MS));
	complaints_turn(&complaints, NOW_MS + COMPLAINTS_MS);
	ck_assert_uint_eq(fixture_log_count(&fixture,
			      "event=not-admitted-in-all "
			      "refused_without_a_line=40\n"),
	    1);
	ck_assert(complaint_note_failed(&complaints, &sources[0],
	    NOW_MS + COMPLAINTS_MS));
}
END_TEST

START_TEST(complaints_of_all_handshakes_that_fail_are_bounded)
{
	unsigned int lines_told = 0;

	for (int i = 0; i < 2 * COMPLAINTS_FAILED_MAX; i++)
		lines_told += complaint_note_failed(&complaints, NULL, NOW_MS);
	ck_assert_uint_eq(lines_told, COMPLAINTS_FAILED_MAX);
}
END_TEST

static const struct {
	enum admission verdict;
	const char *line;
} lines[] = {
	{ ADMISSION_CONNECTIONS,
	    "source=192.0.2.1 event=not-admitted limit=connections count=7 "
	    "hint=\"limits.connections is 5: if these are your clients, raise "
	    "it\"\n" },
	{ ADMISSION_CONNECTIONS_PER_SOURCE,
	    "limit=connections_per_source count=7 "
	    "hint=\"limits.connections_per_source is 5: if many of your "
	    "clients "
	    "share this address, raise it or add the address to "
	    "limits.source_exempt\"\n" },
	{ ADMISSION_HANDSHAKES_PER_SOURCE,
	    "limit=handshakes_per_source count=7 "
	    "hint=\"limits.handshakes_per_source is 5: " },
	{ ADMISSION_HANDSHAKES_PER_SECOND_PER_SOURCE,
	    "limit=handshakes_per_second_per_source count=7 "
	    "hint=\"limits.handshakes_per_second_per_source is 5: " },
	{ ADMISSION_DISPLACED,
	    "limit=displaced count=7 hint=\"it made no progress while others "
	    "came: if these are your clients, raise "
	    "limits.handshakes_in_flight, and restart\"\n" },
};

START_TEST(complaint_says_what_can_be_done)
{
	complaint_log(lines[_i].verdict, UINT64_C(0xffffffffc0000201), 5, 7);
	ck_assert_uint_eq(fixture_log_count(&fixture, lines[_i].line), 1);
}
END_TEST

TCase *
complaints_tests(void)
{
	TCase *tests = tcase_create("complaints");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_unchecked_fixture(tests, fixture_make_pki, fixture_free_pki);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, complaint_of_a_source_comes_once_a_minute);
	tcase_add_test(tests, complaints_of_many_sources_are_bounded);
	tcase_add_test(tests, complaints_are_summed_up_at_the_end_of_a_minute);
	tcase_add_test(tests, complaints_of_handshakes_that_fail_are_bounded);
	tcase_add_test(tests,
	    complaints_of_all_handshakes_that_fail_are_bounded);
	tcase_add_loop_test(tests, complaint_says_what_can_be_done, 0,
	    (int)(sizeof(lines) / sizeof(lines[0])));
	return tests;
}
