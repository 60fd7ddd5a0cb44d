/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody would try who has taken over a process.
 */
#ifndef SIGNET_TEST_ATTEMPTS_H
#define SIGNET_TEST_ATTEMPTS_H

#include <stdbool.h>
#include <sys/types.h>

/* What an attempt finds. */
struct scene {
	pid_t sibling;      /* a process of the same user */
	const char *store;  /* the folder of the store */
	const char *secret; /* a file beside it that everybody may read */
	int socket;         /* a TCP socket that is not connected */
};

enum verdict {
	REFUSED,  /* it fails with EPERM or EACCES */
	DEADLY,   /* it ends who tries */
	POSSIBLE, /* what the role has it for works */
	NOT_HELD, /* nothing keeps it from that, or not on all systems */
};

struct attempt {
	const char *name;
	/* 0, or -errno. */
	int (*try)(const struct scene *scene);
	/* Does a build with sanitizers refuse it as well? */
	bool holds_sanitized;
	enum verdict verdict;
	/* But POSSIBLE for a role with one of these needs. */
	unsigned int needs;
	/* What the master finds, and the version of Landlock that it takes. */
	enum verdict of_master;
	unsigned int landlock;
};

extern const struct attempt attempts[];
extern const unsigned int attempt_count;

#endif
