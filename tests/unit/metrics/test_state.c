/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/state.h"

#include <errno.h>
#include <stdio.h>

#include "tests.h"

#define NOW 1000000

static struct state state;

static void
begin(void)
{
	memset(&state, 0, sizeof(state));
}

static void
end(void)
{
	state_done(&state);
}

static int
take(const char *lines, uint64_t now_ms)
{
	return state_take(&state, bytes_of_string(lines), now_ms);
}

START_TEST(statistics_have_values_and_rates)
{
	ck_assert_int_eq(
	    take("daemon\tstate=ready\n"
		 "statistic\tname=messages_received\tkind=counter\tvalue=7\t"
		 "per_second_hundredths=150\n"
		 "statistic\tname=sessions\tkind=gauge\tvalue=3\n",
		NOW),
	    0);
	ck_assert_int_eq(state_value(&state, IPC_STATISTIC_MESSAGES_RECEIVED),
	    7);
	ck_assert(state_rate(&state, IPC_STATISTIC_MESSAGES_RECEIVED) == 1.5);
	ck_assert_int_eq(state_value(&state, IPC_STATISTIC_SESSIONS), 3);
	ck_assert(state_rate(&state, IPC_STATISTIC_SESSIONS) == 0);
	ck_assert_int_eq(state_value(&state, IPC_STATISTIC_DENIED), 0);
	ck_assert_uint_eq(state.history_count, 1);
	ck_assert(state.received[0] == 1.5);
}
END_TEST

START_TEST(what_is_malformed_is_refused)
{
	static const char *const wrong[] = { "daemon", "daemon\tstate=\\\n",
		"\n", "daemon\tstate=ready\n\n", "daemon\n=\n",
		"daemon\nstate=ready\n" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(take(wrong[i], NOW) == -EBADMSG, "%zu is taken",
		    i);
		ck_assert_uint_eq(state.count, 0);
		ck_assert_uint_eq(state.told_ms, 0);
	}
	ck_assert_int_eq(take("", NOW), 0);
}
END_TEST

START_TEST(more_lines_than_there_is_room_for_are_refused)
{
	struct buffer lines = { NULL, 0, 0 };

	for (int i = 0; i < STATE_ROWS_MAX; i++)
		buffer_append(&lines, BYTES_LITERAL("process\tindex=1\n"));
	ck_assert_int_eq(state_take(&state, buffer_view(&lines), NOW), 0);
	buffer_append(&lines, BYTES_LITERAL("process\tindex=1\n"));
	ck_assert_int_eq(state_take(&state, buffer_view(&lines), NOW),
	    -EBADMSG);
	buffer_done(&lines);
}
END_TEST

START_TEST(the_history_forgets_what_is_oldest)
{
	char lines[128];

	for (int i = 0; i < STATE_HISTORY_MAX + 5; i++) {
		snprintf(lines, sizeof(lines),
		    "statistic\tname=messages_sent\tvalue=0\t"
		    "per_second_hundredths=%d\n",
		    100 * i);
		ck_assert_int_eq(take(lines, NOW), 0);
	}
	ck_assert_uint_eq(state.history_count, STATE_HISTORY_MAX);
	ck_assert(state.sent[0] == 5);
	ck_assert(state.sent[STATE_HISTORY_MAX - 1] == STATE_HISTORY_MAX + 4);
}
END_TEST

START_TEST(it_is_alive_for_some_seconds_after_each_word)
{
	ck_assert(!state_is_alive(&state, NOW));
	ck_assert_int_eq(take("daemon\tstate=starting\n", NOW), 0);
	ck_assert(state_is_alive(&state, NOW + 9999));
	ck_assert(!state_is_alive(&state, NOW + 10000));
	ck_assert(!state_is_ready(&state, NOW));
}
END_TEST

START_TEST(it_is_ready_if_each_process_is)
{
	static const struct {
		const char *lines;
		bool is_ready;
	} cases[] = {
		{ "daemon\tstate=ready\nprocess\tstate=ready\n", true },
		{ "daemon\tstate=reloading\nprocess\tstate=ready\n", true },
		{ "daemon\tstate=stopping\nprocess\tstate=ready\n", false },
		{ "daemon\tstate=ready\nprocess\tstate=ready\n"
		  "process\tstate=starting\n",
		    false },
		{ "daemon\tstate=ready\nprocess\tstate=down\n", false },
		{ "process\tstate=ready\n", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(take(cases[i].lines, NOW), 0);
		ck_assert_msg(state_is_ready(&state, NOW) == cases[i].is_ready,
		    "%s", cases[i].lines);
	}
}
END_TEST

TCase *
test_state(void)
{
	TCase *tests = tcase_create("state");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, statistics_have_values_and_rates);
	tcase_add_test(tests, what_is_malformed_is_refused);
	tcase_add_test(tests, more_lines_than_there_is_room_for_are_refused);
	tcase_add_test(tests, the_history_forgets_what_is_oldest);
	tcase_add_test(tests, it_is_alive_for_some_seconds_after_each_word);
	tcase_add_test(tests, it_is_ready_if_each_process_is);
	return tests;
}
