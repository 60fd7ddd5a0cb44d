/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: root, the daemon's user and its group tell the daemon
 * what to do, a line at a time. A command is a line of lib/fields.h; the answer
 * is any number of such lines and then "ok" or "error", behind which a text may
 * stand. A command is at most CONTROL_LINE_MAX bytes long.
 *
 *   version    which version the daemon has.
 *   status     lines daemon, process, statistic and certificate.
 *   sessions   lines session, of those that the fields state (connected,
 *              offline), identity, client_id and peer, with * in the latter,
 *              and worker leave.
 *   session    name=...: line session, then its lines subscription.
 *   disconnect name=...: end these connections; lines session of them.
 *   log-level  level=..., role=... or all: what is logged from now on.
 *   reload     what is on disk now is used, or the answer says why not. In its
 *              text a tab stands for the end of a line.
 *   backup     a consistent copy of the store is made in a folder of its own,
 *              which the answer names; it stays until
 *   done       or the end of the connection.
 *
 * Names and values are those of docs/signetctl.1.
 */
#ifndef SIGNET_MASTER_CONTROL_H
#define SIGNET_MASTER_CONTROL_H

#include "config/config.h"
#include "ipc/message.h"

/* With its newline; of the last line of an answer. */
#define CONTROL_LINE_MAX   8192
#define CONTROL_ANSWER_MAX 5120

struct control;
struct master;
struct member;

/* fd: taken; of local_socket_bind() for control.socket. Returned, free with control_free() after control_close() and the
 * end of the loop. */
struct control *control_new(struct master *master, int fd);
void control_close(struct control *control);
void control_free(struct control **control);

/* Append the lines that answer "status". */
void control_print_status(const struct master *master, struct buffer *out);

/* The store has made its copy (empty), or why not. */
void control_store_done(struct control *control, struct bytes why);

/* A run of reload.h is over: text says what has changed, or what is wrong. */
void control_reload_done(struct control *control, uint64_t run, bool is_good,
    struct bytes text);

/* SESSIONS_PAGE of a worker: 0 or -EBADMSG. A member has ended. */
int control_on_page(struct control *control, struct member *member,
    struct bytes payload);
void control_on_exit(struct control *control, struct member *member);

#endif
