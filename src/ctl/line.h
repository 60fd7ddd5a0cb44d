/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to the daemon's control socket.
 */
#ifndef SIGNET_CTL_LINE_H
#define SIGNET_CTL_LINE_H

#include "lib/buffer.h"

/* The longest line that the daemon sends is one of a session or of a
 * subscription. */
#define LINE_MAX_BYTES (1024 * 1024)

/* How signetctl ends: docs/signetctl.1. */
enum line_status {
	LINE_OK = 0,
	LINE_REFUSED = 1,     /* the daemon says error, or it failed here */
	LINE_USAGE = 2,       /* it was called as it cannot be */
	LINE_UNREACHABLE = 3, /* no daemon listens, or it has gone */
	LINE_FORBIDDEN = 4,   /* this user may not speak to it */
	LINE_NOT_FOUND = 5,   /* there is no such session */
	LINE_INCOMPLETE = 6,  /* some of it is missing from the answer */
};

struct line_connection {
	int fd;
	size_t taken; /* of input, by the line before */
	struct buffer input;
};

/* Whoever connects says why it fails. LINE_OK and others of the above. */
enum line_status line_open(const char *path,
    struct line_connection *connection);
void line_close(struct line_connection *connection);

/* Say a command, without its newline. 0 or -errno. */
int line_send(struct line_connection *connection, struct bytes command);

/*
 * The next line, without its newline; valid until the next call.
 * 0; -EPIPE if the daemon has gone; -EMSGSIZE; -errno.
 */
int line_next(struct line_connection *connection, struct bytes *line);

/*
 * Say a command that is answered by one line, and wait for it.
 *
 * answer: what stands behind "ok" or "error", with a NUL; valid until the next
 * call.
 * Returns 0 if it is "ok"; 1 if it is "error"; -EPIPE if the daemon has gone;
 * -EBADMSG if the answer is none; -errno.
 */
int line_ask(struct line_connection *connection, const char *command,
    char **answer);

/* Take "ok" or "error" off a line: what stands behind is left. 0, 1, or
 * -EBADMSG if it begins with another word. */
int line_end(struct bytes *line);

#endif
