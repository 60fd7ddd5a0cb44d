/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up what a process could do and does not need.
 */
#ifndef SIGNET_PROC_PRIVILEGES_H
#define SIGNET_PROC_PRIVILEGES_H

#include <stddef.h>
#include <sys/types.h>

/* As many open files as the hard limit allows, for this process and those
 * that it starts. */
void proc_privileges_raise_files(void);

/*
 * Could this process become that user? Arguments and value as below; 0 if the
 * process is not root, for then it stays who it is.
 */
int proc_privileges_check(const char *user, char *why, size_t size);

/*
 * Whom this process becomes by dropping its privileges to that user: the user,
 * or itself if it is not root. Arguments and value as below.
 */
int proc_privileges_user(const char *user, uid_t *uid, gid_t *gid, char *why,
    size_t size);

/*
 * Become an unprivileged user for good, if the process runs as root: its
 * groups, its user, no capability, none to be had by executing a file.
 * Whoever it is, the capabilities are gone afterwards.
 *
 * user: by name; not the superuser.
 * why: if it fails, the reason in plain words, of at most size bytes.
 * Returns 0; -ENOENT if there is no such user; -EPERM or another -errno.
 */
int proc_privileges_drop(const char *user, char *why, size_t size);

/*
 * For every process that holds a secret: no new privileges by executing a
 * file, no core dump, no other process may look into it. Fatal if the kernel
 * refuses.
 */
void proc_privileges_confine(void);

#endif
