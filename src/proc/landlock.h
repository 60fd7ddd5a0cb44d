/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a process may reach, by the kernel's Landlock.
 */
#ifndef SIGNET_PROC_LANDLOCK_H
#define SIGNET_PROC_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

/* Can it be used here? NULL, or why not, in plain words. */
const char *proc_landlock_lack(void);

/* The version that the kernel knows; 0 if it cannot be used here. */
unsigned int proc_landlock_version(void);

/*
 * From now on, for good: no file but those below a folder, which is borrowed
 * (NULL: no file at all), to be read, and if may_write, to be written, made and
 * removed; not to be executed.
 * What is open stays open. No TCP socket is bound or connected, and no signal
 * is sent to others, where the kernel knows how to refuse that.
 *
 * Returns 0, also where Landlock cannot be used; or -errno.
 */
int proc_landlock_enter(const char *folder, bool may_write);

/*
 * The same for the master, and, as a frame of their own, for all that it starts
 * afterwards: every file can be read. Nothing is written but below the store's
 * folder; sockets can be removed, of those that are files. Nothing is executed
 * but this program, and what is where its loader is. Signals reach those that
 * it has started since.
 *
 * sockets: count paths, borrowed like the folder.
 */
int proc_landlock_enter_as_master(const char *store, const char *const *sockets,
    size_t count);

#endif
