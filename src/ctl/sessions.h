/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signetctl sessions, session and disconnect.
 */
#ifndef SIGNET_CTL_SESSIONS_H
#define SIGNET_CTL_SESSIONS_H

#include "ctl/line.h"

/* The options of `sessions`; NULL where none is said. */
struct sessions_filter {
	const char *identity;
	const char *client_id;
	const char *peer;
	const char *state;  /* "connected" or "offline" */
	const char *worker; /* its index */
	const char *sort;   /* a field; "-" before it: backwards */
	uint64_t limit;     /* 0: none */
};

/* Is this a field of each session, or of some, by which they can be sorted? */
bool sessions_has_field(const char *name);

enum line_status sessions_run(struct line_connection *connection,
    const struct sessions_filter *filter, bool is_json);

/* name: as ipc/control.h says. */
enum line_status session_run(struct line_connection *connection,
    const char *name, bool is_json);
enum line_status disconnect_run(struct line_connection *connection,
    const char *name, bool is_json);

#endif
