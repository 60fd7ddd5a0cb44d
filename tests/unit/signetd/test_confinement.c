/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each role of the daemon, as the role table has it, enters its confinement in
 * a process of its own and tries one thing.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempts.h"
#include "lib/log.h"
#include "lib/sanitized.h"
#include "proc/landlock.h"
#include "proc/privileges.h"
#include "proc/sandbox.h"
#include "proc/seccomp.h"

/* The status for EPERM and EACCES: not that of a process that gave up. */
#define REFUSAL 200

static char folder[] = "/tmp/signet-test-XXXXXX";
static char store[64], secret[64], run[64];
static struct scene scene;
static struct config *config;

static void
make_config(void)
{
	struct config_error error;
	char text[512];

	snprintf(text, sizeof(text),
	    "listen = ( { address = \"127.0.0.1\"; } );\n"
	    "tls = { certificate = \"/c\"; private_key = \"/k\"; "
	    "client_ca = \"/a\"; };\n"
	    "store = { path = \"%s\"; };\n"
	    "control = { socket = \"%s/run/control.sock\"; };\n",
	    store, folder);
	ck_assert_int_eq(config_parse("test", bytes_of_string(text), &config,
			     &error),
	    0);
}

/* As the daemon has it: everything is somebody's without rights. */
static void
setup(void)
{
	char why[256];
	int fd;

	if (proc_privileges_drop("nobody", why, sizeof(why)) != 0)
		ck_abort_msg("%s", why);
	memset(folder + strlen(folder) - 6, 'X', 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(store, sizeof(store), "%s/store", folder);
	snprintf(run, sizeof(run), "%s/run", folder);
	ck_assert_int_eq(mkdir(run, 0700), 0);
	snprintf(secret, sizeof(secret), "%s/secret", folder);
	ck_assert_int_eq(mkdir(store, 0700), 0);
	fd = open(secret, O_WRONLY | O_CREAT, 0644);
	ck_assert_int_ge(fd, 0);
	close(fd);
	make_config();
	scene.store = store;
	scene.secret = secret;
	scene.socket = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(scene.socket, 0);
	scene.sibling = fork();
	if (scene.sibling == 0) {
		pause();
		_exit(0);
	}
}

static void
teardown(void)
{
	kill(scene.sibling, SIGKILL);
	waitpid(scene.sibling, NULL, 0);
	close(scene.socket);
	config_free(&config);
	unlink(secret);
	rmdir(store);
	rmdir(run);
	rmdir(folder);
}

/* role: NULL for the master. */
static void
enter(const struct role *role)
{
	if (role == NULL) {
		proc_sandbox_leave_files_as_master(config);
		proc_sandbox_enter_as_master();
		return;
	}
	proc_privileges_confine();
	proc_sandbox_enter(role, config);
}

/* The status of a process of this role, or of the master, that has made the
 * attempt. */
static int
status_of(const struct role *role, const struct attempt *attempt)
{
	pid_t pid = fork();
	int status, error;

	if (pid == 0) {
		enter(role);
		error = attempt->try(&scene);
		_exit(error == -EACCES || error == -EPERM ? REFUSAL : -error);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void
judge(const struct role *role, const struct attempt *attempt,
    enum verdict verdict)
{
	const char *name = role != NULL ? role->name : "master";
	int status = status_of(role, attempt);

	if (verdict == DEADLY && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGSYS)
		return;
	if (verdict == REFUSED && WIFEXITED(status) &&
	    WEXITSTATUS(status) == REFUSAL)
		return;
	if (verdict == POSSIBLE && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0)
		return;
	if (WIFSIGNALED(status))
		ck_abort_msg("%s: %s: ended by signal %d", name, attempt->name,
		    WTERMSIG(status));
	if (WEXITSTATUS(status) == REFUSAL)
		ck_abort_msg("%s: %s: refused", name, attempt->name);
	ck_abort_msg("%s: %s: %s", name, attempt->name,
	    strerror(WEXITSTATUS(status)));
}

/* Where a system has less to offer, or a build asks for less. */
static bool
is_to_hold(const struct attempt *attempt, enum verdict verdict)
{
	if (IS_SANITIZED)
		return attempt->holds_sanitized;
	return verdict == POSSIBLE || proc_seccomp_lack() == NULL;
}

static enum verdict
verdict_of(const struct role *role, const struct attempt *attempt)
{
	return (role->needs.calls & attempt->needs) != 0 ? POSSIBLE
							 : attempt->verdict;
}

START_TEST(a_role_can_do_nothing_but_its_work)
{
	const struct attempt *attempt = &attempts[_i];

	for (const struct role *role = role_table; role->name; role++)
		if (is_to_hold(attempt, attempt->verdict))
			judge(role, attempt, verdict_of(role, attempt));
}
END_TEST

/* It starts all the others, and its confinement is theirs, too. */
START_TEST(the_master_can_do_nothing_but_start_roles)
{
	const struct attempt *attempt = &attempts[_i];

	/* a sanitizer has all calls but the deadly ones */
	if (IS_SANITIZED && attempt->of_master == REFUSED)
		return;
	if (is_to_hold(attempt, attempt->of_master) &&
	    attempt->of_master != NOT_HELD &&
	    attempt->landlock <= proc_landlock_version())
		judge(NULL, attempt, attempt->of_master);
}
END_TEST

/* As the master starts it: behind two filters, of which neither may take away
 * what the other refuses, or what the role needs. */
static void
judge_within_master(const struct role *role)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		enter(NULL);
		proc_sandbox_begin();
		for (unsigned int i = 0; i < attempt_count; i++)
			if (is_to_hold(&attempts[i], attempts[i].verdict))
				judge(role, &attempts[i],
				    verdict_of(role, &attempts[i]));
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(a_role_is_as_confined_within_the_master)
{
	for (const struct role *role = role_table; role->name; role++)
		judge_within_master(role);
}
END_TEST

/* Landlock and the filter each refuse files by themselves. */
START_TEST(files_are_out_of_reach_without_a_filter)
{
	pid_t pid;
	int status;

	if (proc_landlock_lack() != NULL)
		return;
	pid = fork();
	if (pid == 0) {
		proc_privileges_confine();
		if (proc_landlock_enter(NULL, false) != 0)
			_exit(1);
		if (open(secret, O_RDONLY) >= 0 || errno != EACCES)
			_exit(2);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Standard error of a process that makes the same refused call again: of a
 * role, and of the master. */
START_TEST(a_refused_call_is_logged_once)
{
	const struct role *role = _i == 0 ? &role_table[0] : NULL;
	char text[1024] = "";
	int fds[2];
	pid_t pid;
	ssize_t len;

	if (IS_SANITIZED || proc_seccomp_lack() != NULL)
		return;
	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		enter(role);
		for (int i = 0; i < 3; i++) {
			if (getpgid(0) != -1 || errno != EPERM)
				_exit(1);
			proc_seccomp_report();
		}
		_exit(0);
	}
	close(fds[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	len = read(fds[0], text, sizeof(text) - 1);
	ck_assert_int_gt(len, 0);
	close(fds[0]);
	ck_assert_ptr_nonnull(strstr(text, "event=call-refused"));
	ck_assert_ptr_nonnull(strstr(text, "call=getpgid"));
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("confinement");
	TCase *tests = tcase_create("confinement");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_role_can_do_nothing_but_its_work, 0,
	    (int)attempt_count);
	tcase_add_loop_test(tests, the_master_can_do_nothing_but_start_roles, 0,
	    (int)attempt_count);
	tcase_add_test(tests, a_role_is_as_confined_within_the_master);
	tcase_add_test(tests, files_are_out_of_reach_without_a_filter);
	tcase_add_loop_test(tests, a_refused_call_is_logged_once, 0, 2);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
