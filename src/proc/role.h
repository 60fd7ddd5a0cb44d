/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role table: what processes the daemon consists of. One row is one role;
 * src/roles.c holds the rows.
 */
#ifndef SIGNET_PROC_ROLE_H
#define SIGNET_PROC_ROLE_H

#include "config/config.h"
#include "ipc/message.h"

struct proc_child;

/* What a role needs of the kernel, beside memory, the clock, and messages to
 * the processes that it has channels to. */
enum role_need {
	ROLE_NEEDS_ALL = 1,     /* what every role needs */
	ROLE_NEEDS_ACCEPT = 2,  /* to take connections from its listeners */
	ROLE_NEEDS_STREAMS = 4, /* to read and write connections */
	ROLE_NEEDS_FILES = 8,   /* store.path, and nothing else */
	ROLE_NEEDS_THREADS = 16,
	ROLE_NEEDS_READING = 32, /* any file, also others', but not to write */
	ROLE_NEEDS_DATAGRAMS = 64, /* to get and send many at a time */
};

/* What a role gets of the system; nothing else (src/proc/sandbox.h). */
struct role_needs {
	unsigned int calls; /* enum role_need, or-ed */
	/* Descriptors at a time; 0: as many as the daemon. */
	unsigned int descriptors;
	/* Bytes of memory that it writes, and how many more for each handshake
	 * that may be under way; 0 and 0: as many as there are. */
	size_t memory_bytes;
	size_t handshake_bytes;
};

struct role {
	enum ipc_role id; /* one bit */
	const char *name; /* in ps and in the log: "gate" */
	/* How many of them the configuration asks for. */
	unsigned int (*count)(const struct config *config);
	/* The roles that it has channels to, besides the master. */
	unsigned int peers;
	/* Does it get the listening sockets? */
	bool has_listeners;
	/* Does it get the socket of the section metrics, and the status? */
	bool has_metrics_listener;
	/* Which files of the section tls, bits of enum ipc_credential. */
	unsigned int credentials;
	/* Does it get what clients are trusted by? */
	bool has_trust;
	/* Does it get what TLS session tickets are sealed with? */
	bool has_ticket_keys;
	/* Does it get a socket for heartbeats, if they are turned on? */
	bool has_heartbeat;
	/* Is it started before the master gives up its rights, to read what
	 * only they allow? */
	bool is_reader;
	/* Does it end only when all the others have? */
	bool is_last;
	/* All else is given up before the first outside byte. */
	struct role_needs needs;
	/* Take what the role alone needs of the files, such as a library,
	 * before it is confined. 0, or -errno and why; NULL: nothing. */
	int (*prepare)(char *why, size_t why_size);
	/* Run until told to stop; the exit status. */
	int (*run)(struct proc_child *child);
};

/* Ends with a row whose name is NULL; the master is not in it. */
extern const struct role role_table[];

const struct role *role_find(enum ipc_role id);
const struct role *role_find_by_name(const char *name);

/* Log as the configuration says for that role ("master", "gate"). */
void role_log_as(const struct config *config, const char *name);

/* One per core, if the setting is 0. */
unsigned int role_count_or_cores(uint32_t setting);

#endif
