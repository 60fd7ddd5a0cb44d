/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/disk_usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_bench.h"

static void
file_make(const char *path, off_t len)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ftruncate(fileno(file), len), 0);
	fclose(file);
}

START_TEST(the_lengths_of_files_are_summed)
{
	char place[] = "/tmp/signet-test-XXXXXX";
	uint64_t bytes = 42;

	ck_assert_ptr_nonnull(mkdtemp(place));
	ck_assert_int_eq(chdir(place), 0);
	ck_assert_int_eq(disk_usage(".", &bytes), 0);
	ck_assert_uint_eq(bytes, 0);
	file_make("a", 1000);
	file_make("b", 234);
	ck_assert_int_eq(mkdir("below", 0700), 0);
	file_make("below/c", 99);
	ck_assert_int_eq(symlink("a", "d"), 0);
	ck_assert_int_eq(disk_usage(place, &bytes), 0);
	ck_assert_uint_eq(bytes, 1333);
	unlink("a");
	unlink("b");
	unlink("below/c");
	unlink("d");
	rmdir("below");
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(place);
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_an_error)
{
	uint64_t bytes = 42;

	ck_assert_int_eq(disk_usage("/nonexistent", &bytes), -ENOENT);
	ck_assert_uint_eq(bytes, 42);
}
END_TEST

TCase *
test_disk_usage(void)
{
	TCase *tcase = tcase_create("disk_usage");

	tcase_add_test(tcase, the_lengths_of_files_are_summed);
	tcase_add_test(tcase, a_directory_that_is_not_there_is_an_error);
	return tcase;
}
