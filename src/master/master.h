/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master.
 *
 * Duties: binds the listening sockets, starts the other processes, restarts
 * those that die, ends all in order.
 * Privileges: those it is started with, until the sockets are bound and the
 * credentials are read; then those of processes.user.
 * Receives: READY and PEER_FAULT of its children, BACKUP_DONE of the store,
 * KEY_ADDED of the key process, TRUST_MADE and TRUST_VERDICT of the trust
 * process; SIGTERM, SIGINT, SIGHUP; lines of signetctl.
 * Sends: CONFIGURATION, CREDENTIALS, LISTENER, PEER, START, STOP; BACKUP and
 * BACKUP_REMOVE to the store; KEY_ADD and KEY_REMOVE to the key process;
 * TRUST_FILE and TRUST_CHECK to the trust process; TRUST_INDEX to gates and
 * workers.
 * On failure: its children see the end of their channels and end in order.
 */
#ifndef SIGNET_MASTER_MASTER_H
#define SIGNET_MASTER_MASTER_H

#include "config/config.h"
#include "proc/child.h"

/*
 * Read the files of the section tls.
 *
 * credentials: returned, free with master_credentials_wipe(); empty on error.
 * why: on error, which file cannot be read for what reason, of at most size
 * bytes.
 * Returns 0; -EFBIG or another -errno.
 */
int master_credentials_read(const struct config *config,
    struct proc_credentials *credentials, char *why, size_t size);

void master_credentials_wipe(struct proc_credentials *credentials);

/*
 * Run the daemon until a signal ends it.
 *
 * config: borrowed. credentials: taken, and wiped as soon as possible.
 * Returns the exit status.
 */
int master_run(const struct config *config,
    struct proc_credentials *credentials);

#endif
