/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a role may make: a filter that the kernel asks.
 */
#ifndef SIGNET_PROC_SECCOMP_H
#define SIGNET_PROC_SECCOMP_H

/*
 * Can system calls be filtered here? NULL, or why not, in plain words.
 */
const char *proc_seccomp_lack(void);

/*
 * From now on, for good and for every thread: the calls of calls.def that
 * these needs allow. Those of its deadly rows end the process with SIGSYS;
 * all others fail with EPERM and are noted.
 *
 * needs: enum role_need, or-ed.
 * Returns 0, also where calls cannot be filtered; or -errno.
 */
int proc_seccomp_enter(unsigned int needs);

/*
 * From now on, for good: no ring of system calls (io_uring) is made, and with
 * it no new privileges are had. Before the master's first loop, in which newer
 * versions of libuv have one, and go without if they get none: a filter that
 * came later would find it there.
 *
 * Returns 0, also where calls cannot be filtered; or -errno.
 */
int proc_seccomp_refuse_rings(void);

/*
 * The same for the master, whose filter holds for those that it starts as well:
 * what roles may do and what it takes to start one (calls_master.def). Calls
 * that are newer than this program fail with ENOSYS.
 */
int proc_seccomp_enter_as_master(void);

/*
 * Note calls that a filter refuses, from now on. For those that a master has
 * started, as they have its filter already: they would be ended.
 *
 * Returns 0 or -errno.
 */
int proc_seccomp_catch(void);

/* Log the calls that were refused since: each once in a process's life. */
void proc_seccomp_report(void);

#endif
