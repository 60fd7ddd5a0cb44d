/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
line_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	    0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int
send_line(int fd, const char *command)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s\n", command);
	ssize_t sent;

	if (len < 0 || (size_t)len >= sizeof(line))
		return -EINVAL;
	do {
		sent = send(fd, line, (size_t)len, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return sent == len ? 0 : -EPIPE;
}

/* The next line, without its newline. */
static int
receive_line(int fd, char *line)
{
	size_t len = 0;

	while (len < LINE_ANSWER_MAX) {
		ssize_t got = recv(fd, line + len, 1, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EPIPE;
		if (line[len] == '\n') {
			line[len] = '\0';
			return 0;
		}
		len++;
	}
	return -EBADMSG;
}

/* Take a word, and the space behind it, off the front of a line. */
static bool
take_word(char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) != 0 ||
	    (line[len] != ' ' && line[len] != '\0'))
		return false;
	if (line[len] == ' ')
		len++;
	memmove(line, line + len, strlen(line + len) + 1);
	return true;
}

int
line_ask(int fd, const char *command, char *answer)
{
	int error = send_line(fd, command);

	if (error == 0)
		error = receive_line(fd, answer);
	if (error != 0)
		return error;
	if (take_word(answer, "ok"))
		return 0;
	return take_word(answer, "error") ? 1 : -EBADMSG;
}
