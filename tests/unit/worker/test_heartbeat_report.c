/* SPDX-License-Identifier: Apache-2.0 */
#include "tests.h"
#include "worker/heartbeat.h"

#define WORKERS_MAX 5
#define HOURS       4

/* Each second, or a little later: so a worker looks. */
static uint64_t
next_look_ms(uint64_t now_ms, unsigned int worker)
{
	return now_ms + 1000 + (now_ms / 7 + worker) % 3;
}

/* Many workers that always have something to say. */
static void
check_lines(unsigned int count)
{
	uint64_t look_ms[WORKERS_MAX], told[WORKERS_MAX] = { 0 };
	uint64_t lines[WORKERS_MAX] = { 0 }, last_ms = 0, period;

	for (unsigned int i = 0; i < count; i++)
		look_ms[i] = 1000000 + 377 * i;
	for (uint64_t now_ms = 1000000;
	     now_ms < 1000000 + HOURS * UINT64_C(3600000); now_ms++) {
		for (unsigned int i = 0; i < count; i++) {
			if (look_ms[i] != now_ms)
				continue;
			look_ms[i] = next_look_ms(now_ms, i);
			if (!heartbeat_report_turn(now_ms, i, count, &period) ||
			    period == told[i])
				continue;
			if (last_ms != 0)
				ck_assert_uint_ge(now_ms - last_ms, 60000);
			told[i] = period;
			last_ms = now_ms;
			lines[i]++;
		}
	}
	for (unsigned int i = 0; i < count; i++)
		ck_assert_uint_ge(lines[i], HOURS * 60 / count - 10);
}

START_TEST(all_workers_together_write_one_line_in_a_minute)
{
	for (unsigned int count = 1; count <= WORKERS_MAX; count++)
		check_lines(count);
}
END_TEST

TCase *
test_heartbeat_report(void)
{
	TCase *tests = tcase_create("heartbeat_report");

	tcase_add_test(tests, all_workers_together_write_one_line_in_a_minute);
	return tests;
}
