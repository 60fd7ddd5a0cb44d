/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each test runs in a process of its own. Where the tests are run by somebody
 * else than root, there is less to drop.
 */
#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/sanitized.h"
#include "proc/privileges.h"
#include "test_proc.h"

static char why[256];

START_TEST(root_becomes_the_user_for_good)
{
	gid_t groups[64];
	int count;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(proc_privileges_drop("nobody", why, sizeof(why)), 0);
	ck_assert_uint_ne(getuid(), 0);
	ck_assert_uint_ne(geteuid(), 0);
	ck_assert_uint_ne(getgid(), 0);
	ck_assert_int_ne(setuid(0), 0);
	ck_assert_int_ne(setgid(0), 0);
	ck_assert_int_ne(chroot("/"), 0);
	count = getgroups(64, groups);
	for (int i = 0; i < count; i++)
		ck_assert_uint_ne(groups[i], 0);
	for (int capability = 0; capability < 40; capability++)
		ck_assert_int_eq(prctl(PR_CAPBSET_READ, capability, 0, 0, 0),
		    0);
}
END_TEST

START_TEST(somebody_else_stays_who_he_is)
{
	uid_t before;

	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	before = geteuid();
	ck_assert_int_eq(proc_privileges_drop("no-such-user", why, sizeof(why)),
	    0);
	ck_assert_uint_eq(geteuid(), before);
}
END_TEST

START_TEST(an_unknown_user_is_named)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(proc_privileges_drop("no-such-user", why, sizeof(why)),
	    -ENOENT);
	ck_assert_str_eq(why,
	    "is \"no-such-user\", but there is no such user: create it or "
	    "name another");
}
END_TEST

START_TEST(the_superuser_is_no_user_to_drop_to)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(proc_privileges_drop("root", why, sizeof(why)),
	    -EPERM);
	ck_assert_str_eq(why, "is \"root\", the superuser: name another");
}
END_TEST

START_TEST(a_confined_process_leaves_no_core_and_gains_nothing)
{
	struct rlimit core;

	proc_privileges_confine();
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_cur, 0);
	ck_assert_uint_eq(core.rlim_max, 0);
	/* a sanitized one stays dumpable, for its leak check */
	if (!IS_SANITIZED)
		ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}
END_TEST

START_TEST(as_many_files_as_allowed_may_be_open)
{
	struct rlimit files;

	proc_privileges_raise_files();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	ck_assert_uint_eq(files.rlim_cur, files.rlim_max);
}
END_TEST

TCase *
test_privileges(void)
{
	TCase *tests = tcase_create("privileges");

	tcase_add_test(tests, root_becomes_the_user_for_good);
	tcase_add_test(tests, somebody_else_stays_who_he_is);
	tcase_add_test(tests, an_unknown_user_is_named);
	tcase_add_test(tests, the_superuser_is_no_user_to_drop_to);
	tcase_add_test(tests,
	    a_confined_process_leaves_no_core_and_gains_nothing);
	tcase_add_test(tests, as_many_files_as_allowed_may_be_open);
	return tests;
}
