/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where names lead, and what is noticed of what happens to files.
 */
#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "proc/role.h"
#include "reader/watch.h"

/* The processes of the daemon are not what is tested here. */
const struct role role_table[] = { { .name = NULL } };

static char folder[64];

static void
setup(void)
{
	strcpy(folder, "/tmp/signet-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* The path of a name in the folder: valid for some calls. */
static const char *
in(const char *name)
{
	static char paths[8][128];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void
write_to(const char *name, const char *text)
{
	FILE *file = fopen(in(name), "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static void
make_link(const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, in(name)), 0);
}

static void
note(void *context, const char *where, const char *name)
{
	char *text = context;

	snprintf(text + strlen(text), 1024 - strlen(text), "%s/%s ",
	    strncmp(where, folder, strlen(folder)) == 0 ? where + strlen(folder)
							: "?",
	    name);
}

static void
expect_way(const char *name, const char *expected)
{
	char text[1024] = "";

	path_follow(in(name), text, note);
	ck_assert_str_eq(text, expected);
}

START_TEST(a_file_is_found_in_its_folder)
{
	write_to("file", "x");
	expect_way("file", "/file ");
	expect_way("./../../tmp/.//", "");
}
END_TEST

START_TEST(each_link_on_the_way_is_a_place)
{
	ck_assert_int_eq(mkdir(in("..1"), 0755), 0);
	write_to("..1/key", "x");
	make_link("..1", "..data");
	make_link("..data/key", "key");
	expect_way("key", "/key /..data /..1/key ");
	ck_assert_int_eq(mkdir(in("archive"), 0755), 0);
	ck_assert_int_eq(mkdir(in("live"), 0755), 0);
	write_to("archive/key1", "x");
	make_link("../archive/key1", "live/key");
	expect_way("live/key", "/live/key /archive/key1 ");
}
END_TEST

START_TEST(a_link_may_be_absolute)
{
	write_to("file", "x");
	make_link(in("file"), "link");
	expect_way("link", "/link /file ");
}
END_TEST

START_TEST(the_first_that_is_missing_is_the_last)
{
	expect_way("none/at/all", "/none ");
	make_link("none", "link");
	expect_way("link", "/link /none ");
}
END_TEST

START_TEST(links_in_a_circle_end)
{
	char text[16384] = "";

	make_link("b", "a");
	make_link("a", "b");
	path_follow(in("a"), text, note);
	ck_assert_uint_le(strlen(text), 1024);
}
END_TEST

START_TEST(what_happens_to_a_file_shows)
{
	struct path_signature before = path_signature_of(in("file"));
	struct path_signature after;

	write_to("file", "x");
	after = path_signature_of(in("file"));
	ck_assert(!path_signature_is_equal(&before, &after));
	before = path_signature_of(in("file"));
	ck_assert(path_signature_is_equal(&before, &after));
	write_to("other", "x");
	ck_assert_int_eq(rename(in("other"), in("file")), 0);
	after = path_signature_of(in("file"));
	ck_assert(!path_signature_is_equal(&before, &after));
}
END_TEST

/* Watching: the loop runs until something is noticed. */

static uv_loop_t loop;
static struct watch watch;
static unsigned int quiet_count;

static void
on_quiet(void *context)
{
	(void)context;
	quiet_count++;
	uv_stop(&loop);
}

static void
on_look(void *context)
{
	(void)context;
}

static void
watch_setup(void)
{
	setup();
	quiet_count = 0;
	uv_loop_init(&loop);
	watch_init(&watch, &loop, NULL, on_quiet, on_look);
}

static void
watch_teardown(void)
{
	watch_close(&watch);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	watch_done(&watch);
	teardown();
}

static void
expect_change(void)
{
	unsigned int before = quiet_count;

	while (quiet_count == before)
		uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert(watch_has_changed(&watch));
	watch_start(&watch);
	watch_remember(&watch);
	ck_assert(!watch_has_changed(&watch));
}

START_TEST(each_way_to_change_a_file_is_noticed)
{
	write_to("file", "x");
	watch_add(&watch, in("file"));
	watch_start(&watch);
	write_to("file", "in place");
	expect_change();
	write_to("new", "by another");
	ck_assert_int_eq(rename(in("new"), in("file")), 0);
	expect_change();
	ck_assert_int_eq(unlink(in("file")), 0);
	expect_change();
	write_to("file", "again");
	expect_change();
}
END_TEST

START_TEST(another_target_of_a_link_is_noticed)
{
	ck_assert_int_eq(mkdir(in("..1"), 0755), 0);
	ck_assert_int_eq(mkdir(in("..2"), 0755), 0);
	write_to("..1/key", "one");
	write_to("..2/key", "another");
	make_link("..1", "..data");
	make_link("..data/key", "key");
	watch_add(&watch, in("key"));
	watch_start(&watch);
	make_link("..2", "..data_tmp");
	ck_assert_int_eq(rename(in("..data_tmp"), in("..data")), 0);
	expect_change();
	write_to("..2/key", "in the new place");
	expect_change();
}
END_TEST

START_TEST(another_folder_in_the_place_is_noticed)
{
	ck_assert_int_eq(mkdir(in("tls"), 0755), 0);
	ck_assert_int_eq(mkdir(in("tls.new"), 0755), 0);
	write_to("tls/key", "one");
	write_to("tls.new/key", "another");
	watch_add(&watch, in("tls/key"));
	watch_start(&watch);
	ck_assert_int_eq(rename(in("tls"), in("tls.old")), 0);
	ck_assert_int_eq(rename(in("tls.new"), in("tls")), 0);
	expect_change();
}
END_TEST

START_TEST(who_writes_is_waited_for)
{
	int fd;

	write_to("file", "x");
	watch_add(&watch, in("file"));
	watch_start(&watch);
	fd = open(in("file"), O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "half", 4), 4);
	while (!watch_is_busy(&watch))
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(quiet_count, 0);
	ck_assert_int_eq(write(fd, "whole", 5), 5);
	close(fd);
	expect_change();
	ck_assert(!watch_is_busy(&watch));
}
END_TEST

START_TEST(other_files_of_the_folder_are_of_no_interest)
{
	write_to("file", "x");
	watch_add(&watch, in("file"));
	watch_start(&watch);
	write_to("other", "y");
	/* what is noticed next is the second */
	write_to("file", "z");
	expect_change();
	ck_assert_uint_eq(quiet_count, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reader");
	TCase *path = tcase_create("path"), *watching = tcase_create("watch");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(path, setup, teardown);
	tcase_add_test(path, a_file_is_found_in_its_folder);
	tcase_add_test(path, each_link_on_the_way_is_a_place);
	tcase_add_test(path, a_link_may_be_absolute);
	tcase_add_test(path, the_first_that_is_missing_is_the_last);
	tcase_add_test(path, links_in_a_circle_end);
	tcase_add_test(path, what_happens_to_a_file_shows);
	suite_add_tcase(suite, path);
	tcase_set_timeout(watching, 120);
	tcase_add_checked_fixture(watching, watch_setup, watch_teardown);
	tcase_add_test(watching, each_way_to_change_a_file_is_noticed);
	tcase_add_test(watching, another_target_of_a_link_is_noticed);
	tcase_add_test(watching, another_folder_in_the_place_is_noticed);
	tcase_add_test(watching, who_writes_is_waited_for);
	tcase_add_test(watching, other_files_of_the_folder_are_of_no_interest);
	suite_add_tcase(suite, watching);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
