/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests.h"

/* Many times what a pipe holds. */
#define LEN (1024 * 1024)
/* After so many signals, the first of which may come too early to interrupt
 * anything, the reader begins. */
#define SIGNALS 5

static int reader_begins[2];

static void
on_alarm(int number)
{
	static int count;

	(void)number;
	if (++count == SIGNALS && write(reader_begins[1], "", 1) != 1)
		_exit(EXIT_FAILURE);
}

/* From now on, writes that block are interrupted each millisecond. */
static void
interrupt(void)
{
	const struct itimerval each_ms = {
		.it_interval.tv_usec = 1000,
		.it_value.tv_usec = 1000,
	};
	const struct sigaction action = { .sa_handler = on_alarm };

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &each_ms, NULL), 0);
}

static uint8_t
expected(size_t at)
{
	return (uint8_t)(at * 7 + at / 256);
}

/* A process that ends with EXIT_SUCCESS if what it reads is expected, and no
 * more than that. */
static pid_t
reader_start(const int fds[2])
{
	pid_t pid = fork();
	size_t at = 0;
	ssize_t len;
	uint8_t piece[1000];

	if (pid != 0)
		return pid;
	close(fds[1]);
	if (read(reader_begins[0], piece, 1) != 1)
		_exit(EXIT_FAILURE);
	while ((len = read(fds[0], piece, sizeof(piece))) > 0)
		for (ssize_t i = 0; i < len; i++)
			if (at >= LEN || piece[i] != expected(at++))
				_exit(EXIT_FAILURE);
	_exit(at == LEN ? EXIT_SUCCESS : EXIT_FAILURE);
}

START_TEST(all_is_written_though_signals_interrupt_it)
{
	uint8_t *content = malloc(LEN);
	int fds[2], status;
	pid_t pid;

	ck_assert_ptr_nonnull(content);
	for (size_t i = 0; i < LEN; i++)
		content[i] = expected(i);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(reader_begins, O_CLOEXEC), 0);
	pid = reader_start(fds);
	ck_assert_int_gt(pid, 0);
	close(fds[0]);
	interrupt();
	ck_assert_int_eq(descriptor_write(fds[1], bytes_of(content, LEN)), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL),
	    0);
	signal(SIGALRM, SIG_DFL);
	close(fds[1]);
	close(reader_begins[0]);
	close(reader_begins[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
	free(content);
}
END_TEST

START_TEST(what_a_full_disk_says_is_returned)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(descriptor_write(fd, BYTES_LITERAL("x")), -ENOSPC);
	ck_assert_int_eq(descriptor_write(fd, BYTES_NONE), 0);
	close(fd);
}
END_TEST

TCase *
test_descriptor(void)
{
	TCase *tcase = tcase_create("descriptor");

	tcase_add_test(tcase, all_is_written_though_signals_interrupt_it);
	tcase_add_test(tcase, what_a_full_disk_says_is_returned);
	return tcase;
}
