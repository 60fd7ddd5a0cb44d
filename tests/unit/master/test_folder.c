/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/folder.h"
#include "test_folder.h"

static char parent[32];
static char path[64];
static char user[64];
static struct config config = { .store = { .path = path },
	.processes = { .user = user } };
static uint8_t key[HASH_KEY_LEN];
static char why[512];

static const struct passwd *
owner(void)
{
	return geteuid() == 0 ? getpwnam("nobody") : getpwuid(geteuid());
}

static void
setup(void)
{
	snprintf(parent, sizeof(parent), "/tmp/signet-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(parent));
	snprintf(path, sizeof(path), "%s/store", parent);
	snprintf(user, sizeof(user), "%s", owner()->pw_name);
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", parent);
	ck_assert_int_eq(system(command), 0);
}

static void
expect_refused(const char *words)
{
	ck_assert_int_lt(master_folder_open(&config, key, why, sizeof(why)), 0);
	ck_assert_msg(strstr(why, words) != NULL, "%s", why);
}

START_TEST(a_missing_folder_is_made_for_its_user_alone)
{
	struct stat status;

	ck_assert_int_eq(master_folder_open(&config, key, why, sizeof(why)), 0);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	ck_assert_uint_eq(status.st_uid, owner()->pw_uid);
}
END_TEST

START_TEST(the_key_of_homes_is_drawn_once)
{
	static const uint8_t zero[HASH_KEY_LEN];
	uint8_t again[HASH_KEY_LEN];
	char file[128];

	ck_assert_int_eq(master_folder_open(&config, key, why, sizeof(why)), 0);
	ck_assert_mem_ne(key, zero, HASH_KEY_LEN);
	ck_assert_int_eq(master_folder_open(&config, again, why, sizeof(why)),
	    0);
	ck_assert_mem_eq(again, key, HASH_KEY_LEN);
	snprintf(file, sizeof(file), "%s/home-key", path);
	ck_assert_int_eq(truncate(file, 3), 0); /* it is drawn anew */
	ck_assert_int_eq(master_folder_open(&config, again, why, sizeof(why)),
	    0);
	ck_assert_mem_ne(again, key, HASH_KEY_LEN);
}
END_TEST

START_TEST(what_cannot_be_the_folder_is_refused)
{
	FILE *file;

	snprintf(path, sizeof(path), "%s/no/store", parent);
	expect_refused("cannot make");
	snprintf(path, sizeof(path), "%s/store", parent);
	file = fopen(path, "w");
	fclose(file);
	expect_refused("Not a directory");
}
END_TEST

START_TEST(a_folder_that_others_can_write_to_is_refused)
{
	ck_assert_int_eq(master_folder_open(&config, key, why, sizeof(why)), 0);
	ck_assert_int_eq(chmod(path, 0770), 0);
	expect_refused("can be written by others");
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_eq(master_folder_open(&config, key, why, sizeof(why)), 0);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(path, 0, 0), 0);
	expect_refused("belongs to user 0");
}
END_TEST

START_TEST(a_folder_in_use_is_refused_with_the_process_that_has_it)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char file[128], words[64];
	int fds[2], fd;
	char byte;
	pid_t other;

	ck_assert_int_eq(master_folder_open(&config, key, why, sizeof(why)), 0);
	snprintf(file, sizeof(file), "%s/db", path);
	ck_assert_int_eq(mkdir(file, 0700), 0);
	snprintf(file, sizeof(file), "%s/db/LOCK", path);
	ck_assert_int_eq(pipe(fds), 0);
	other = fork();
	if (other == 0) {
		fd = open(file, O_RDWR | O_CREAT, 0600);
		if (fcntl(fd, F_SETLK, &lock) != 0 || write(fds[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	snprintf(words, sizeof(words), "in use by process %d", (int)other);
	expect_refused(words);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	ck_assert_int_eq(master_folder_open(&config, key, why, sizeof(why)), 0);
}
END_TEST

TCase *
test_folder(void)
{
	TCase *tests = tcase_create("folder");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_missing_folder_is_made_for_its_user_alone);
	tcase_add_test(tests, the_key_of_homes_is_drawn_once);
	tcase_add_test(tests, what_cannot_be_the_folder_is_refused);
	tcase_add_test(tests, a_folder_that_others_can_write_to_is_refused);
	tcase_add_test(tests,
	    a_folder_in_use_is_refused_with_the_process_that_has_it);
	return tests;
}
