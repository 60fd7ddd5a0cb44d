/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)

static int
open_socket(const char *path)
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

enum line_status
line_open(const char *path, struct line_connection *connection)
{
	int fd = open_socket(path);

	*connection = (struct line_connection){ .fd = fd };
	if (fd >= 0)
		return LINE_OK;
	fprintf(stderr, "signetctl: %s: %s\n", path, strerror(-fd));
	if (fd == -EACCES || fd == -EPERM)
		return LINE_FORBIDDEN;
	return LINE_UNREACHABLE;
}

void
line_close(struct line_connection *connection)
{
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
	buffer_done(&connection->input);
}

int
line_send(struct line_connection *connection, struct bytes command)
{
	struct buffer line = { NULL, 0, 0 };
	size_t done = 0;
	int error = 0;

	buffer_append(&line, command);
	buffer_append(&line, BYTES_LITERAL("\n"));
	while (done < line.len && error == 0) {
		ssize_t sent = send(connection->fd, line.data + done,
		    line.len - done, MSG_NOSIGNAL);

		if (sent >= 0)
			done += (size_t)sent;
		else if (errno != EINTR)
			error = -errno;
	}
	buffer_done(&line);
	return error;
}

/* Read on. 0 or as line_next(). */
static int
receive(struct line_connection *connection)
{
	struct buffer *input = &connection->input;
	uint8_t *room;
	ssize_t got;

	if (input->len > LINE_MAX_BYTES)
		return -EMSGSIZE;
	room = buffer_reserve(input, READ_BYTES);
	do {
		got = recv(connection->fd, room, READ_BYTES, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (got == 0)
		return -EPIPE;
	input->len += (size_t)got;
	return 0;
}

int
line_next(struct line_connection *connection, struct bytes *line)
{
	struct buffer *input = &connection->input;
	size_t searched = connection->taken;
	int error;

	for (;;) {
		uint8_t *end = searched < input->len
				   ? memchr(input->data + searched, '\n',
					 input->len - searched)
				   : NULL;

		if (end != NULL) {
			*line = bytes_of(input->data + connection->taken,
			    (size_t)(end - input->data) - connection->taken);
			connection->taken += line->len + 1;
			return 0;
		}
		buffer_consume(input, connection->taken);
		connection->taken = 0;
		searched = input->len;
		error = receive(connection);
		if (error != 0)
			return error;
	}
}

/* Take a word, and the space behind it, off the front of a line. */
static bool
take_word(struct bytes *line, const char *word)
{
	size_t len = strlen(word);

	if (line->len < len || memcmp(line->data, word, len) != 0 ||
	    (line->len > len && line->data[len] != ' '))
		return false;
	*line = bytes_skip(*line, line->len > len ? len + 1 : len);
	return true;
}

int
line_end(struct bytes *line)
{
	if (take_word(line, "ok"))
		return 0;
	return take_word(line, "error") ? 1 : -EBADMSG;
}

int
line_ask(struct line_connection *connection, const char *command, char **answer)
{
	int error = line_send(connection, bytes_of_string(command));
	struct bytes line;

	if (error == 0)
		error = line_next(connection, &line);
	if (error == 0)
		error = line_end(&line);
	if (error < 0)
		return error;
	/* its newline lies in the input, which is ours */
	*answer = (char *)(uintptr_t)line.data;
	(*answer)[line.len] = '\0';
	return error;
}
