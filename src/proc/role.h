/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role table: what processes the daemon consists of. One row is one role;
 * src/signetd.c holds the rows.
 */
#ifndef SIGNET_PROC_ROLE_H
#define SIGNET_PROC_ROLE_H

#include "config/config.h"
#include "ipc/message.h"

struct proc_child;

struct role {
	enum ipc_role id; /* one bit */
	const char *name; /* in ps and in the log: "gate" */
	/* How many of them the configuration asks for. */
	unsigned int (*count)(const struct config *config);
	/* The roles that it has channels to, besides the master. */
	unsigned int peers;
	/* Does it get the listening sockets? The TLS credentials? */
	bool has_listeners;
	bool has_credentials;
	/* Does it end only when all the others have? */
	bool is_last;
	/* Give up what it does not need; before the first outside byte. */
	void (*sandbox)(void);
	/* Run until told to stop; the exit status. */
	int (*run)(struct proc_child *child);
};

/* Ends with a row whose name is NULL; the master is not in it. */
extern const struct role role_table[];

const struct role *role_find(enum ipc_role id);
const struct role *role_find_by_name(const char *name);

/* One per core, if the setting is 0. */
unsigned int role_count_or_cores(uint32_t setting);

#endif
