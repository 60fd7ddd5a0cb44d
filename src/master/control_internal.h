/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the control socket share.
 *
 * Of a client no more is read while something for it waits to be sent, or while
 * what it asked for comes: so no more waits for it than one answer, or one page
 * of a worker.
 */
#ifndef SIGNET_MASTER_CONTROL_INTERNAL_H
#define SIGNET_MASTER_CONTROL_INTERNAL_H

#include <uv.h>

#include "ipc/control.h"
#include "master/control.h"
#include "master/member.h"

#define CONTROL_CLIENTS_MAX 16

/* Sessions that are asked of one worker after the other. */
struct control_query {
	uint64_t number; /* 0: none */
	struct member *worker;
	uint16_t index; /* of the worker */
	bool is_paused; /* until what is here is sent */
	struct buffer ask;
	unsigned int missing; /* workers that could not answer */
};

struct control_client {
	struct control *control;
	int fd; /* -1: free */
	uv_poll_t poll;
	bool is_closing;     /* the loop still has it */
	uint64_t active_ms;  /* when it read or said something last */
	uint64_t reload_run; /* whose end it waits for; 0: none */
	struct control_query query;
	size_t sent;
	struct buffer out;
	size_t len;
	char line[CONTROL_LINE_MAX];
};

struct control {
	struct master *master;
	int fd;
	uv_poll_t poll;
	uid_t uid; /* whose process this is */
	gid_t gid;
	struct control_client clients[CONTROL_CLIENTS_MAX];
	struct control_client *backup; /* who has or awaits one */
	bool is_awaited;
	uint64_t query_count;
};

/* The last line of an answer: "ok" or "error" and a text. */
void control_answer(struct control_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Something was put into client->out. */
void control_flush(struct control_client *client);

/* Of a command's fields, which stand behind its word: the value of one, which
 * is unescaped behind what memory holds; false if it is malformed. */
struct control_field {
	const char *name;
	struct bytes value; /* in memory; empty if it is not said */
};
bool control_fields_take(struct bytes line, struct control_field *fields,
    size_t count, struct buffer *memory);

/* Commands: control_status.c, control_sessions.c. */
void control_on_status(struct control_client *client, struct bytes fields);
void control_on_version(struct control_client *client, struct bytes fields);
void control_on_log_level(struct control_client *client, struct bytes fields);
void control_on_sessions(struct control_client *client, struct bytes fields);
void control_on_session(struct control_client *client, struct bytes fields);
void control_on_disconnect(struct control_client *client, struct bytes fields);

/* What was under way is sent: ask for more; the client has gone. */
void control_query_resume(struct control_client *client);
void control_query_end(struct control_client *client);

#endif
