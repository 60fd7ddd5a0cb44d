/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up what a process could do and does not need.
 */
#ifndef SIGNET_PROC_PRIVILEGES_H
#define SIGNET_PROC_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proc/role.h"

/* As many open files as the hard limit allows, for this process and those
 * that it starts. */
void proc_privileges_raise_files(void);

/* Is this root, or somebody else who may change the user (CAP_SETUID and
 * CAP_SETGID, as a unit of systemd can give them)? */
bool proc_privileges_can_become(void);

/*
 * Could this process become that user? Arguments and value as below; 0 if the
 * process may not change its user, for then it stays who it is.
 */
int proc_privileges_check(const char *user, char *why, size_t size);

/* Is there an account USER-ROLE, of that role alone? */
bool proc_privileges_has_own(const char *user, const char *role);

/*
 * Whom a process becomes as that role: the account of the role, else the user,
 * or itself if it may not change its user. role: NULL for the master. Other arguments and
 * value as below.
 */
int proc_privileges_user(const char *user, const char *role, uid_t *uid,
    gid_t *gid, char *why, size_t size);

/*
 * Look up now whom a role becomes, for those that are started from now on: they
 * have no way to ask. Nothing, if the process may not change its user.
 */
int proc_privileges_remember(const char *user, const char *role, char *why,
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
 * The same, as a role, if the process is root or may change its user: the
 * account USER-ROLE where there is one. It has an empty root from now on, or,
 * by its needs, keeps its own; with ROLE_NEEDS_READING, it keeps the capability
 * to read the files of others, if it has it.
 *
 * needs: enum role_need, or-ed.
 */
int proc_privileges_become(const char *user, const char *role,
    unsigned int needs, char *why, size_t size);

/*
 * The same for the master, where roles have accounts of their own: what it
 * keeps for good, and gives to those that it starts, is to change their user
 * and root, and, for the reader, to read the files of others, which it does not
 * itself; besides, it can end them.
 */
int proc_privileges_drop_for_roles(const char *user, char *why, size_t size);

/*
 * A network without any interface for this process and those that it starts;
 * sockets that are open stay in theirs. 0; -EPERM or another -errno.
 */
int proc_privileges_leave_network(void);

/*
 * For every process that holds a secret: no new privileges by executing a
 * file, no core dump, no other process may look into it. Fatal if the kernel
 * refuses.
 */
void proc_privileges_confine(void);

#endif
