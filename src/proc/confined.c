/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/descriptor.h"
#include "proc/privileges.h"
#include "proc/sandbox.h"

#define ANSWER_FD (STDERR_FILENO + 1)

/* Up to the end, or as much as there is room for. */
static size_t
read_all(int fd, void *data, size_t size)
{
	uint8_t *at = data;
	size_t len = 0;

	while (len < size) {
		ssize_t done = read(fd, at + len, size - len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		len += (size_t)done;
	}
	return len;
}

/* The process: the answer is a status and the text. */
static _Noreturn void
run(const struct role *role, const struct config *config,
    const struct proc_confined_work *work, int answer)
{
	struct buffer text = { NULL, 0, 0 };
	int32_t status;
	int error;

	if (answer != ANSWER_FD && dup2(answer, ANSWER_FD) < 0)
		_exit(EXIT_FAILURE);
	(void)close_range(ANSWER_FD + 1, ~0U, 0);
	work->forget(work->context);
	proc_privileges_confine();
	proc_sandbox_enter(role, config);
	status = work->run(work->context, &text);
	if (text.len > PROC_CONFINED_TEXT_MAX)
		text.len = PROC_CONFINED_TEXT_MAX;
	error = descriptor_write(ANSWER_FD, bytes_of(&status, sizeof(status)));
	if (error == 0)
		error = descriptor_write(ANSWER_FD, buffer_view(&text));
	_exit(error == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static pid_t
start(const struct role *role, const struct config *config,
    const struct proc_confined_work *work, int *answer)
{
	int fds[2], error;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		run(role, config, work, fds[1]);
	error = -errno;
	close(fds[1]);
	*answer = fds[0];
	if (pid < 0) {
		close(fds[0]);
		return error;
	}
	return pid;
}

/* To be shown on a terminal. */
static void
blank_controls(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((data[i] < ' ' && data[i] != '\n') || data[i] == 0x7f)
			data[i] = '?';
}

static int
say_ended(const struct role *role, int status, struct buffer *text)
{
	char why[128];
	int len = snprintf(why, sizeof(why),
	    "the process of role %s that checks it has ended, %s %d",
	    role->name, WIFSIGNALED(status) ? "by signal" : "with status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));

	buffer_append(text, bytes_of(why, (size_t)len));
	return -EIO;
}

int
proc_confined_run(const struct role *role, const struct config *config,
    const struct proc_confined_work *work, struct buffer *text)
{
	int answer = -1, ended = 0;
	int32_t status = -EIO;
	size_t len, said;
	pid_t pid = start(role, config, work, &answer);

	if (pid < 0) {
		buffer_append(text, BYTES_LITERAL("no process to check it: "));
		buffer_append(text, bytes_of_string(strerror(-pid)));
		return -EIO;
	}
	len = read_all(answer, &status, sizeof(status));
	said = read_all(answer, buffer_reserve(text, PROC_CONFINED_TEXT_MAX),
	    PROC_CONFINED_TEXT_MAX);
	close(answer);
	while (waitpid(pid, &ended, 0) < 0 && errno == EINTR)
		;
	if (ended != 0 || len != sizeof(status))
		return say_ended(role, ended, text);
	blank_controls(text->data + text->len, said);
	text->len += said;
	return status;
}
