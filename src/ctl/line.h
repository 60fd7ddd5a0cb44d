/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to the daemon's control socket.
 */
#ifndef SIGNET_CTL_LINE_H
#define SIGNET_CTL_LINE_H

#include <stddef.h>

/* The longest answer, with its NUL. */
#define LINE_ANSWER_MAX 5120

/* The descriptor, to be closed; -errno if nobody listens there. */
int line_connect(const char *path);

/*
 * Say a command, without its newline, and wait for its answer.
 *
 * answer: what stands behind "ok" or "error", of LINE_ANSWER_MAX bytes.
 * Returns 0 if it is "ok"; 1 if it is "error"; -EPIPE if the daemon has gone;
 * -EBADMSG if the answer is none; -errno.
 */
int line_ask(int fd, const char *command, char *answer);

#endif
