/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/process_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_bench.h"

/* A folder that looks like /proc. */
static char proc[64];

struct fake {
	int pid;
	int parent;
	const char *command;
	int ticks[4];      /* utime, stime, cutime, cstime */
	int pss_kilobytes; /* below 0: no smaps_rollup and no io */
	int file_kilobytes;
	int written; /* bytes */
};

static const struct fake fakes[] = {
	{ 100, 1, "master", { 1, 2, 4, 8 }, 1000, 100, 1 },
	{ 300, 200, "grand) child (", { 100, 0, 0, 0 }, 30, 0, 20 },
	{ 200, 100, "gate", { 10, 20, 0, 0 }, 200, 200, 300 },
	{ 201, 100, "worker 1", { 1000, 0, 0, 0 }, 2000, 7, 4000 },
	{ 400, 1, "somebody else", { 5000, 5000, 5000, 5000 }, 50000, 50,
	    70000 },
	{ 202, 100, "zombie", { 7, 0, 0, 0 }, -1, 0, 0 },
};

static void
text_write(int pid, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%d/%s", proc, pid, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void
fake_write(const struct fake *fake)
{
	char text[512];

	snprintf(text, sizeof(text), "%s/%d", proc, fake->pid);
	ck_assert_int_eq(mkdir(text, 0700), 0);
	snprintf(text, sizeof(text),
	    "%d (%s) S %d 1 1 0 -1 4194560 9 9 9 9 %d %d %d %d 20 0 1 0 77\n",
	    fake->pid, fake->command, fake->parent, fake->ticks[0],
	    fake->ticks[1], fake->ticks[2], fake->ticks[3]);
	text_write(fake->pid, "stat", text);
	if (fake->pss_kilobytes < 0)
		return;
	snprintf(text, sizeof(text),
	    "00400000-7fff0000 ---p 00000000 00:00 0 [rollup]\n"
	    "Rss:  99999 kB\nPss:  %d kB\nPss_Dirty:  5 kB\n"
	    "Pss_Anon:  3 kB\nPss_File:  %d kB\nPss_Shmem:  1 kB\n",
	    fake->pss_kilobytes, fake->file_kilobytes);
	text_write(fake->pid, "smaps_rollup", text);
	snprintf(text, sizeof(text),
	    "rchar: 9\nwchar: 9\nsyscr: 9\nsyscw: 9\nread_bytes: 9\n"
	    "write_bytes: %d\ncancelled_write_bytes: 9\n",
	    fake->written);
	text_write(fake->pid, "io", text);
}

static void
setup(void)
{
	snprintf(proc, sizeof(proc), "/tmp/signet-test-proc-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(proc));
	for (size_t i = 0; i < sizeof(fakes) / sizeof(fakes[0]); i++)
		fake_write(&fakes[i]);
}

static void
teardown(void)
{
	char path[128];

	for (size_t i = 0; i < sizeof(fakes) / sizeof(fakes[0]); i++) {
		snprintf(path, sizeof(path), "%s/%d/stat", proc, fakes[i].pid);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%d/io", proc, fakes[i].pid);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%d/smaps_rollup", proc,
		    fakes[i].pid);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%d", proc, fakes[i].pid);
		rmdir(path);
	}
	rmdir(proc);
}

static uint64_t
ns_of_ticks(uint64_t ticks)
{
	return ticks * UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);
}

START_TEST(a_tree_is_summed_over_all_generations)
{
	struct process_usage usage;

	ck_assert_int_eq(process_tree_usage(proc, 100, &usage), 0);
	ck_assert_uint_eq(usage.process_count, 5);
	ck_assert_uint_eq(usage.cpu_ns, ns_of_ticks(15 + 100 + 30 + 1000 + 7));
	ck_assert_int_eq(usage.pss_error, 0);
	ck_assert_uint_eq(usage.pss_bytes, (1000 + 30 + 200 + 2000) * 1024);
	ck_assert_uint_eq(usage.file_bytes, (100 + 200 + 7) * 1024);
	ck_assert_uint_eq(usage.written_bytes, 4321);
	ck_assert_int_eq(usage.written_error, 0);
}
END_TEST

START_TEST(a_tree_may_begin_below_the_first_process)
{
	struct process_usage usage;

	ck_assert_int_eq(process_tree_cpu(proc, 200, &usage), 0);
	ck_assert_uint_eq(usage.process_count, 2);
	ck_assert_uint_eq(usage.cpu_ns, ns_of_ticks(130));
	ck_assert_uint_eq(usage.pss_bytes, 0);
	ck_assert_uint_eq(usage.written_bytes, 320);
}
END_TEST

START_TEST(an_io_that_says_nothing_is_an_error_of_its_own)
{
	struct process_usage usage;

	text_write(201, "io", "");
	ck_assert_int_eq(process_tree_cpu(proc, 100, &usage), 0);
	ck_assert_uint_eq(usage.process_count, 5);
	ck_assert_int_eq(usage.written_error, -EACCES);
}
END_TEST

START_TEST(a_process_that_is_not_there_is_an_error)
{
	struct process_usage usage = { .cpu_ns = 42 };

	ck_assert_int_eq(process_tree_cpu(proc, 999, &usage), -ESRCH);
	ck_assert_uint_eq(usage.cpu_ns, 42);
	ck_assert_int_eq(process_tree_cpu("/nonexistent", 1, &usage), -ENOENT);
}
END_TEST

START_TEST(a_stat_that_says_nothing_is_left_out)
{
	struct process_usage usage;

	text_write(201, "stat", "201 (worker");
	text_write(300, "stat", "300 (x) S 200 1");

	ck_assert_int_eq(process_tree_cpu(proc, 100, &usage), 0);
	ck_assert_uint_eq(usage.process_count, 3);
}
END_TEST

START_TEST(this_process_can_be_measured)
{
	struct process_usage usage;

	ck_assert_int_eq(process_tree_usage("/proc", getpid(), &usage), 0);
	ck_assert_uint_ge(usage.process_count, 1);
	ck_assert_int_eq(usage.pss_error, 0);
	ck_assert_uint_gt(usage.file_bytes, 0);
	ck_assert_uint_gt(usage.pss_bytes, usage.file_bytes);
}
END_TEST

TCase *
test_process_tree(void)
{
	TCase *tcase = tcase_create("process_tree");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_tree_is_summed_over_all_generations);
	tcase_add_test(tcase, a_tree_may_begin_below_the_first_process);
	tcase_add_test(tcase, a_process_that_is_not_there_is_an_error);
	tcase_add_test(tcase, a_stat_that_says_nothing_is_left_out);
	tcase_add_test(tcase, an_io_that_says_nothing_is_an_error_of_its_own);
	tcase_add_test(tcase, this_process_can_be_measured);
	return tcase;
}
