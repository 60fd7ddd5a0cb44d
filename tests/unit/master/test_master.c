/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole of processes with toy roles: this program is the master, and is
 * executed again as its children.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "master/master.h"
#include "test_folder.h"
#include "test_reload.h"
#include "test_report.h"
#include "test_signing_keys.h"
#include "test_statistics.h"
#include "test_tickets.h"
#include "toys.h"

#define WORKERS 3
#define GATES   2

/* The longest that may be set, and one that can be waited for. */
#define STOP_SECONDS  60
#define HASTY_SECONDS 6

/* For everything that is waited for; far longer than it takes. */
#define PATIENCE_MS 100000

static pid_t master;
static FILE *log_lines;
static int stop_seconds = STOP_SECONDS;
static char folder[] = "/tmp/signet-test-XXXXXX";
static uint16_t port;

static struct config *
make_config(void)
{
	struct config *config = NULL;
	struct config_error error;
	char text[1024];

	snprintf(text, sizeof(text),
	    "listen = ( { address = \"127.0.0.1\"; port = %u; } );\n"
	    "tls = { certificate = \"/c\"; private_key = \"/k\"; "
	    "client_ca = \"/a\"; };\n"
	    "processes = { workers = %d; gates = %d; user = \"nobody\"; "
	    "stop_seconds = %d; };\n"
	    "store = { path = \"%s/store\"; };\n"
	    "control = { socket = \"%s/run/control.sock\"; };\n",
	    port, WORKERS, GATES, stop_seconds, folder, folder);
	if (config_parse("test", bytes_of_string(text), &config, &error) != 0)
		fatal("%s", error.text);
	return config;
}

static int
run_master(void)
{
	struct config *config = make_config();
	struct proc_credentials credentials = { .certificate = { 0 } };
	int status;

	buffer_append(&credentials.certificate, BYTES_LITERAL("certificate"));
	buffer_append(&credentials.private_key, BYTES_LITERAL("key"));
	buffer_append(&credentials.client_ca, BYTES_LITERAL("ca"));
	status = master_run(NULL, config, &credentials);
	if (credentials.private_key.data != NULL)
		status = 99; /* it is to be wiped */
	config_free(&config);
	return status;
}

static void
remove_folder(void)
{
	static const char *const names[] = { "/run/control.sock", "/run",
		"/store/home-key", "/store", "" };
	char path[128];

	for (int i = 0; i < 5; i++) {
		int result;

		snprintf(path, sizeof(path), "%s%s", folder, names[i]);
		result = remove(path);
		/* the socket stays if the master was killed only */
		ck_assert(i < 2 || result == 0);
	}
}

/* One that nobody listens on, as other tests may run beside these. */
static uint16_t
free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void
start_on(uint16_t at_port)
{
	int fds[2];

	if (strstr(folder, "XXXXXX") != NULL)
		ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	port = at_port;
	ck_assert_int_eq(pipe(fds), 0);
	master = fork();
	if (master == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		_exit(run_master());
	}
	close(fds[1]);
	log_lines = fdopen(fds[0], "r");
}

static void
start(void)
{
	start_on(free_port());
}

/* Read the log up to a line with these words. */
static void
await(const char *words)
{
	char line[4096];

	alarm(PATIENCE_MS / 1000);
	while (fgets(line, sizeof(line), log_lines) != NULL) {
		if (getenv("SHOW_LOG") != NULL)
			fputs(line, stdout);
		if (strstr(line, words) != NULL) {
			alarm(0);
			return;
		}
	}
	ck_abort_msg("the log ended without \"%s\"", words);
}

static int
await_exit(void)
{
	int status;

	ck_assert_int_eq(waitpid(master, &status, 0), master);
	master = 0;
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
start_up(void)
{
	stop_seconds = STOP_SECONDS;
	start();
	await("event=ready listeners=1 workers=3 gates=2");
}

static void
start_up_hasty(void)
{
	stop_seconds = HASTY_SECONDS;
	start();
	await("event=ready listeners=1 workers=3 gates=2");
}

static void
teardown(void)
{
	if (master > 0) {
		kill(master, SIGTERM);
		ck_assert_int_eq(await_exit(), 0);
	}
	fclose(log_lines);
	remove_folder();
}

/* What the daemon answers; text is valid until the next call. */
static const char *
ask(const char *words)
{
	static char text[256];
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd state = { .fd = fd, .events = POLLIN };
	ssize_t len = 0;

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	ck_assert_int_eq(send(fd, words, strlen(words), MSG_NOSIGNAL),
	    (ssize_t)strlen(words));
	if (poll(&state, 1, PATIENCE_MS) == 1)
		len = recv(fd, text, sizeof(text) - 1, 0);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

/* Ask until the answer comes true. */
static void
await_answer(const char *words, const char *answer)
{
	const struct timespec pause = { 0, 10 * 1000 * 1000 };
	uint64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;

	while (strcmp(ask(words), answer) != 0) {
		if (clock_monotonic_ms() > deadline_ms)
			ck_abort_msg("%s: %s, never %s", words, ask(words),
			    answer);
		nanosleep(&pause, NULL);
	}
}

static pid_t
pid_of(const char *words)
{
	return (pid_t)strtol(ask(words), NULL, 10);
}

START_TEST(all_pairs_have_channels_when_the_daemon_is_ready)
{
	ck_assert_str_eq(ask("0 peers"), "2");
	ck_assert_str_eq(ask("1 peers"), "2");
	ck_assert_str_eq(ask("2 peers"), "2");
	ck_assert_str_eq(ask("g peers"), "3");
}
END_TEST

START_TEST(workers_forward_batches_and_large_messages)
{
	ck_assert_str_eq(ask("0 forward 5000"), "ok");
	await_answer("1 count", "5000000");
	await_answer("2 count", "5000000");
	ck_assert_str_eq(ask("0 count"), "0");
	ck_assert_str_eq(ask("1 large 3000000"), "ok");
	await_answer("2 count", "8000000");
}
END_TEST

START_TEST(a_killed_worker_comes_back_with_all_its_channels)
{
	pid_t before = pid_of("1 pid");

	ck_assert_int_gt(before, 1);
	kill(before, SIGKILL);
	await("process=worker index=1 event=died signal=9");
	await_answer("1 peers", "2");
	await_answer("0 peers", "2");
	await_answer("2 peers", "2");
	ck_assert_int_ne(pid_of("1 pid"), before);
	ck_assert_str_eq(ask("0 forward 10"), "ok");
	await_answer("1 count", "10000");
}
END_TEST

START_TEST(a_killed_gate_comes_back_with_listeners_and_channels)
{
	for (int i = 0; i < 2; i++) {
		kill(pid_of("g pid"), SIGKILL);
		await("process=gate");
		await_answer("g peers", "3");
	}
	ck_assert_str_eq(ask("g credentials"), "13");
}
END_TEST

START_TEST(a_worker_that_speaks_malformed_is_restarted)
{
	pid_t before = pid_of("2 pid");
	pid_t victim = pid_of("0 pid");

	ck_assert_str_eq(ask("2 malformed 0"), "ok");
	await("process=worker index=2 event=channel-fault "
	      "why=\"message whose content is malformed\"");
	await("process=worker index=2 event=killed reason=peer-fault "
	      "reporter=worker reporter_index=0");
	await_answer("2 peers", "2");
	ck_assert_int_ne(pid_of("2 pid"), before);
	ck_assert_int_eq(pid_of("0 pid"), victim);
	await_answer("0 peers", "2");
}
END_TEST

START_TEST(a_gate_that_accuses_all_ends_one_and_itself)
{
	pid_t others[] = { pid_of("1 pid"), pid_of("2 pid") };

	ck_assert_str_eq(ask("g accuse"), "ok");
	await("event=killed reason=gate-accuses reporter=gate");
	await_answer("0 peers", "2");
	ck_assert_int_eq(pid_of("1 pid"), others[0]);
	ck_assert_int_eq(pid_of("2 pid"), others[1]);
}
END_TEST

START_TEST(gates_stop_before_workers)
{
	kill(master, SIGTERM);
	await("gate/");
	await("gate/");
	await("worker/");
	await("worker/");
	await("worker/");
	await("store/");
	await("master event=stopped");
	ck_assert_int_eq(await_exit(), 0);
}
END_TEST

START_TEST(who_does_not_stop_is_killed_after_stop_seconds)
{
	uint64_t before_ms = clock_monotonic_ms();

	ck_assert_str_eq(ask("1 hang"), "ok");
	kill(master, SIGINT);
	await("event=stop-by-force");
	await("process=worker index=1 event=died signal=9");
	ck_assert_int_eq(await_exit(), 0);
	ck_assert_uint_ge(clock_monotonic_ms() - before_ms,
	    1000 * HASTY_SECONDS - 100);
}
END_TEST

START_TEST(a_gate_that_does_not_stop_keeps_no_worker_from_its_order)
{
	ck_assert_str_eq(ask("g hang"), "ok");
	kill(master, SIGTERM);
	await("event=stop-by-force");
	await("process=gate");
	for (int i = 0; i < WORKERS; i++)
		await("event=toy-stopped");
	await("master event=stopped");
	ck_assert_int_eq(await_exit(), 0);
}
END_TEST

START_TEST(a_second_signal_hurries)
{
	uint64_t before_ms = clock_monotonic_ms();

	ck_assert_str_eq(ask("1 hang"), "ok");
	kill(master, SIGTERM);
	await("event=stopping");
	kill(master, SIGINT);
	ck_assert_int_eq(await_exit(), 0);
	ck_assert_uint_lt(clock_monotonic_ms() - before_ms,
	    1000 * STOP_SECONDS);
}
END_TEST

START_TEST(children_end_in_order_when_the_master_dies)
{
	ck_assert_str_eq(ask("g peers"), "3");
	kill(master, SIGKILL);
	waitpid(master, NULL, 0);
	master = 0;
	for (int i = 0; i < WORKERS + GATES + 1; i++)
		await("event=toy-stopped");
	/* the log ends when the last of them has */
	while (fgetc(log_lines) != EOF)
		;
}
END_TEST

START_TEST(signals_of_a_terminal_are_the_masters)
{
	pid_t worker = pid_of("0 pid");

	kill(worker, SIGINT);
	kill(worker, SIGTERM);
	kill(worker, SIGHUP);
	kill(master, SIGHUP);
	await("event=reload-refused");
	ck_assert_int_eq(pid_of("0 pid"), worker);
}
END_TEST

/* The line of /proc/PID/status that begins so; valid until the next call. */
static const char *
status_of(pid_t pid, const char *field)
{
	static char line[256];
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, field, strlen(field)) == 0)
			break;
	fclose(file);
	return line;
}

static void
expect_no_privilege(pid_t pid)
{
	static const char *const sets[] = { "CapEff", "CapPrm", "CapInh",
		"CapAmb" };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		ck_assert_ptr_nonnull(
		    strstr(status_of(pid, sets[i]), "0000000000000000"));
	ck_assert_str_eq(status_of(pid, "NoNewPrivs"), "NoNewPrivs:\t1\n");
	ck_assert_ptr_null(strstr(status_of(pid, "Uid:"), "\t0"));
	ck_assert_ptr_null(strstr(status_of(pid, "Gid:"), "\t0"));
}

START_TEST(no_role_keeps_a_privilege)
{
	expect_no_privilege(pid_of("0 pid"));
	expect_no_privilege(pid_of("g pid"));
}
END_TEST

START_TEST(the_master_keeps_no_privilege_either)
{
	expect_no_privilege(master);
}
END_TEST

START_TEST(a_worker_has_its_channels_and_nothing_else_open)
{
	/* 0, 1, 2, the master, two workers, two gates, the store, the client: 10; libuv
	 * has an epoll, an eventfd, two pipes for signals and, since 1.45, an
	 * io_uring */
	ck_assert_int_le(atoi(ask("0 files")), 10 + 7);
	ck_assert_str_eq(ask("0 credentials"), "0");
}
END_TEST

START_TEST(processes_have_titles)
{
	char path[64];
	char title[64] = "";
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid_of("1 pid"));
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	len = fread(title, 1, sizeof(title) - 1, file);
	fclose(file);
	ck_assert_mem_eq(title, "signetd:\0worker\0001\0", 18);
	ck_assert_uint_eq(len, 18);
	ck_assert_str_eq(status_of(pid_of("1 pid"), "Name"),
	    "Name:\tsignet-worker1\n");
}
END_TEST

START_TEST(a_daemon_whose_children_cannot_start_fails)
{
	setenv("TOY_FAILS", "1", 1);
	start();
	unsetenv("TOY_FAILS");
	await("event=start-failed attempts=3");
	ck_assert_int_eq(await_exit(), 1);
}
END_TEST

START_TEST(an_address_in_use_is_named_and_nothing_is_started)
{
	uint16_t in_use = free_port();
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(in_use),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char words[128];

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)),
	    0);
	ck_assert_int_eq(listen(fd, 1), 0);
	start_on(in_use);
	snprintf(words, sizeof(words),
	    "cannot listen on 127.0.0.1 port %u: Address already in use", port);
	await(words);
	ck_assert_int_eq(await_exit(), 1);
	close(fd);
}
END_TEST

static TCase *
running_tests(void)
{
	TCase *tests = tcase_create("running");

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, start_up, teardown);
	tcase_add_test(tests, all_pairs_have_channels_when_the_daemon_is_ready);
	tcase_add_test(tests, workers_forward_batches_and_large_messages);
	tcase_add_test(tests, a_killed_worker_comes_back_with_all_its_channels);
	tcase_add_test(tests,
	    a_killed_gate_comes_back_with_listeners_and_channels);
	tcase_add_test(tests, a_worker_that_speaks_malformed_is_restarted);
	tcase_add_test(tests, a_gate_that_accuses_all_ends_one_and_itself);
	tcase_add_test(tests, gates_stop_before_workers);
	tcase_add_test(tests, a_second_signal_hurries);
	tcase_add_test(tests, children_end_in_order_when_the_master_dies);
	tcase_add_test(tests, signals_of_a_terminal_are_the_masters);
	tcase_add_test(tests, no_role_keeps_a_privilege);
	tcase_add_test(tests, the_master_keeps_no_privilege_either);
	tcase_add_test(tests, a_worker_has_its_channels_and_nothing_else_open);
	tcase_add_test(tests, processes_have_titles);
	return tests;
}

static TCase *
hasty_tests(void)
{
	TCase *tests = tcase_create("hasty");

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, start_up_hasty, teardown);
	tcase_add_test(tests, who_does_not_stop_is_killed_after_stop_seconds);
	tcase_add_test(tests,
	    a_gate_that_does_not_stop_keeps_no_worker_from_its_order);
	return tests;
}

static TCase *
failing_tests(void)
{
	TCase *tests = tcase_create("failing");

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_add_test(tests, a_daemon_whose_children_cannot_start_fails);
	tcase_add_test(tests,
	    an_address_in_use_is_named_and_nothing_is_started);
	return tests;
}

int
main(int argc, char **argv)
{
	SRunner *runner;
	Suite *suite;
	int failed;

	if (argc == 3 && strcmp(argv[0], "signetd:") == 0)
		return proc_child_main(role_find_by_name(argv[1]),
		    (uint16_t)atoi(argv[2]));
	suite = suite_create("master");
	suite_add_tcase(suite, test_folder());
	suite_add_tcase(suite, test_reload());
	suite_add_tcase(suite, test_report());
	suite_add_tcase(suite, test_signing_keys());
	suite_add_tcase(suite, test_statistics());
	suite_add_tcase(suite, test_tickets());
	suite_add_tcase(suite, running_tests());
	suite_add_tcase(suite, hasty_tests());
	suite_add_tcase(suite, failing_tests());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
