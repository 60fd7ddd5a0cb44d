/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log_ahead.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "changes.h"
#include "tests.h"

#define SESSION 10

/* What is appended at once, after so many small writes; and what is not one. */
#define AHEAD_BYTES 262144
#define SMALL_RUN   16
#define LARGE_BYTES 4097

static char path[160];

static void
make_log(const char *name, const char *content)
{
	char command[320];

	snprintf(command, sizeof(command), "printf %s >%s/%s", content, path,
	    name);
	ck_assert_int_eq(system(command), 0);
}

static off_t
size_of(const char *name)
{
	char file[192];
	struct stat status;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	ck_assert_int_eq(stat(file, &status), 0);
	return status.st_size;
}

static void
prepare(struct log_ahead *ahead, unsigned int count, size_t len)
{
	for (unsigned int i = 0; i < count; i++)
		log_ahead_prepare(ahead, len);
}

/* A folder that no store has open. */
static void
setup(void)
{
	rig_setup();
	rig_stop();
	snprintf(path, sizeof(path), "%s/logs", rig.folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	make_log("000009.log", "older");
	make_log("000012.log", "newest");
	make_log("000013.sst", "other");
	make_log("99", "other");
}

START_TEST(small_writes_find_zeros_behind_the_newest_log)
{
	struct log_ahead ahead = { .path = path };
	char content[16] = "";
	char file[192];
	int fd;

	prepare(&ahead, SMALL_RUN, 400);
	ck_assert_int_eq(size_of("000012.log"), 6);
	prepare(&ahead, AHEAD_BYTES / 400, 400);
	ck_assert_int_eq(size_of("000012.log"), 6 + AHEAD_BYTES);
	ck_assert_int_eq(size_of("000009.log"), 5);
	ck_assert_int_eq(size_of("000013.sst"), 5);
	snprintf(file, sizeof(file), "%s/000012.log", path);
	fd = open(file, O_RDONLY);
	ck_assert_int_eq(read(fd, content, sizeof(content)), sizeof(content));
	ck_assert_mem_eq(content, "newest\0\0\0\0\0\0\0\0\0", sizeof(content));
	close(fd);
	/* they are used up: as before */
	prepare(&ahead, SMALL_RUN, 400);
	ck_assert_int_eq(size_of("000012.log"), 6 + AHEAD_BYTES);
	prepare(&ahead, 1, 400);
	ck_assert_int_eq(size_of("000012.log"), 6 + 2 * AHEAD_BYTES);
}
END_TEST

START_TEST(no_log_is_written_twice_for_large_writes)
{
	struct log_ahead ahead = { .path = path };

	for (int i = 0; i < 10; i++) {
		prepare(&ahead, SMALL_RUN, 4096);
		prepare(&ahead, 1, LARGE_BYTES);
	}
	prepare(&ahead, 1000, LARGE_BYTES);
	ck_assert_int_eq(size_of("000012.log"), 6);
}
END_TEST

START_TEST(a_folder_without_logs_does_no_harm)
{
	struct log_ahead ahead = { .path = path };
	char command[192];

	snprintf(command, sizeof(command), "rm %s/*.log", path);
	ck_assert_int_eq(system(command), 0);
	prepare(&ahead, 2 * SMALL_RUN, 400);
	snprintf(command, sizeof(command), "rm -r %s", path);
	ck_assert_int_eq(system(command), 0);
	ahead = (struct log_ahead){ .path = path };
	prepare(&ahead, 2 * SMALL_RUN, 400);
}
END_TEST

/* Entries from, from + 1, ..., each in a transaction. */
static void
put_alone(struct rig_worker *worker, uint64_t from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		put_entry(worker, SESSION, from + i, 0, IPC_STORE_NEVER);
		rig_write(worker);
	}
}

static void
expect_last(uint64_t last)
{
	const struct ipc_store_row *row;

	rig_start();
	row = rig_find_row(rig_begin(0), IPC_STORE_SESSION_PUT,
	    rig_key_at(0, 1));
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->first_sequence, 1);
	ck_assert_uint_eq(row->last_sequence, last);
}

/* The newest log of the store, that has zeros behind it. */
static void
find_log(char name[32])
{
	char command[192];
	FILE *output;

	snprintf(path, sizeof(path), "%s/db", rig.folder);
	snprintf(command, sizeof(command), "ls %s | grep log$ | tail -n 1",
	    path);
	output = popen(command, "r");
	ck_assert_int_eq(fscanf(output, "%31s", name), 1);
	ck_assert_int_eq(pclose(output), 0);
	ck_assert_int_gt(size_of(name), AHEAD_BYTES);
}

/* Turn the last bytes that are not zero, of so many, into zeros. */
static void
tear(const char *name, size_t len)
{
	static uint8_t content[2 * AHEAD_BYTES];
	char file[192];
	ssize_t size;
	int fd;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	fd = open(file, O_RDWR);
	size = pread(fd, content, sizeof(content), 0);
	while (size > 0 && content[size - 1] == 0)
		size--;
	ck_assert_int_gt(size, (ssize_t)len);
	memset(content, 0, len);
	ck_assert_int_eq(pwrite(fd, content, len, size - (ssize_t)len), len);
	close(fd);
}

static struct rig_worker *
begin(void)
{
	struct rig_worker *worker = rig_begin(0);

	put_session(worker, SESSION, rig_key_at(0, 1));
	rig_write(worker);
	put_alone(worker, 1, 2 * SMALL_RUN);
	return worker;
}

START_TEST(a_log_with_zeros_behind_it_is_read_to_its_end)
{
	char name[32];

	begin();
	find_log(name);
	rig_kill();
	expect_last(2 * SMALL_RUN);
	/* and once more, behind what was read */
	put_alone(rig_begin(0), 2 * SMALL_RUN + 1, 2 * SMALL_RUN);
	find_log(name);
	rig_kill();
	expect_last(4 * SMALL_RUN);
}
END_TEST

/* A power cut may leave zeros where a block of the last write was to be. */
START_TEST(a_write_that_is_torn_by_zeros_ends_the_log)
{
	char name[32];

	begin();
	find_log(name);
	rig_kill();
	tear(name, 20 + (size_t)_i);
	expect_last(2 * SMALL_RUN - 1);
	put_alone(rig_begin(0), 2 * SMALL_RUN, 1);
	rig_kill();
	expect_last(2 * SMALL_RUN);
}
END_TEST

TCase *
test_log_ahead(void)
{
	TCase *tests = tcase_create("log_ahead");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, rig_teardown);
	tcase_add_test(tests, small_writes_find_zeros_behind_the_newest_log);
	tcase_add_test(tests, no_log_is_written_twice_for_large_writes);
	tcase_add_test(tests, a_folder_without_logs_does_no_harm);
	return tests;
}

TCase *
test_log_zeros(void)
{
	TCase *tests = tcase_create("log_zeros");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, rig_setup, rig_teardown);
	tcase_add_test(tests, a_log_with_zeros_behind_it_is_read_to_its_end);
	tcase_add_loop_test(tests, a_write_that_is_torn_by_zeros_ends_the_log,
	    0, 3);
	return tests;
}
