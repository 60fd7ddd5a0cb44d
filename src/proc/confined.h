/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of work in a process of its own, which ends with it, and in the
 * confinement of a role: for what a program with more rights has to know of
 * bytes that somebody else wrote.
 */
#ifndef SIGNET_PROC_CONFINED_H
#define SIGNET_PROC_CONFINED_H

#include "config/config.h"
#include "lib/buffer.h"
#include "proc/role.h"

/* More of what it says is cut. */
#define PROC_CONFINED_TEXT_MAX (64 * 1024)

struct proc_confined_work {
	/* Wipe what the process is not to have: before it is confined. */
	void (*forget)(void *context);
	/* The work: what it says is appended to text; 0.., or -errno. */
	int (*run)(void *context, struct buffer *text);
	void *context;
};

/*
 * Do the work, and wait until it is done. What it changes in memory is lost;
 * of the descriptors it has the standard ones.
 *
 * text: what it says is appended: bytes that are not to be believed, but
 * without control characters other than newlines.
 * Returns what the work does; -EIO and the reason in text if its process cannot
 * be started or does not come to its end.
 */
int proc_confined_run(const struct role *role, const struct config *config,
    const struct proc_confined_work *work, struct buffer *text);

#endif
