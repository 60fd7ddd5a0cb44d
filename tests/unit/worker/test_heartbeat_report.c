/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

#define WORKERS 3
#define MINUTES 12

static struct {
	struct worker worker;
	struct proc_child child;
	struct heartbeats heartbeats;
} each[WORKERS];

static void
init_each(void)
{
	memset(each, 0, sizeof(each));
	for (unsigned int i = 0; i < WORKERS; i++) {
		each[i].worker.child = &each[i].child;
		each[i].worker.heartbeats = &each[i].heartbeats;
		each[i].child.index = i;
		each[i].child.start.worker_count = WORKERS;
	}
}

/* Does it write, when it has dropped so much more until then? */
static bool
writes(int log, unsigned int i, uint64_t now_ms, unsigned int dropped)
{
	off_t before = lseek(log, 0, SEEK_END);

	each[i].child.loop.time = now_ms; /* it does not run */
	each[i].child.counted[IPC_STATISTIC_BEATS_MALFORMED] += dropped;
	each[i].child.counted[IPC_STATISTIC_BEATS_UNKNOWN] += dropped;
	each[i].child.counted[IPC_STATISTIC_BEATS_REPLAYED] += dropped;
	each[i].child.counted[IPC_STATISTIC_BEATS_FORGED] += dropped;
	each[i].child.counted[IPC_STATISTIC_BEATS_LOST] += dropped;
	heartbeats_report(&each[i].worker);
	return lseek(log, 0, SEEK_END) != before;
}

/* Lines of all of them over the minutes, of which the last has nothing to say;
 * and between two of them is a minute. */
static unsigned int
count_lines(int log)
{
	uint64_t last_ms = 0;
	unsigned int lines = 0;

	for (uint64_t now_ms = 1000000; now_ms < 1000000 + MINUTES * 60000;
	     now_ms += 500)
		for (unsigned int i = 0; i < WORKERS; i++) {
			if (!writes(log, i, now_ms, i == WORKERS - 1 ? 0 : 9))
				continue;
			ck_assert_uint_ne(i, WORKERS - 1);
			if (last_ms != 0)
				ck_assert_uint_ge(now_ms - last_ms, 60000);
			last_ms = now_ms;
			lines++;
		}
	return lines;
}

START_TEST(whatever_is_dropped_is_told_once_in_a_minute_at_most)
{
	int log = memfd_create("log", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
	unsigned int lines;

	init_each();
	log_start("worker", LOG_LEVEL_INFO);
	dup2(log, STDERR_FILENO);
	lines = count_lines(log);
	dup2(saved, STDERR_FILENO);
	ck_assert_uint_ge(lines, MINUTES / 2);
	ck_assert_uint_le(lines, MINUTES);
	close(saved);
	close(log);
}
END_TEST

TCase *
test_heartbeat_report(void)
{
	TCase *tests = tcase_create("heartbeat_report");

	tcase_add_test(tests, all_workers_together_write_one_line_in_a_minute);
	tcase_add_test(tests,
	    whatever_is_dropped_is_told_once_in_a_minute_at_most);
	return tests;
}
