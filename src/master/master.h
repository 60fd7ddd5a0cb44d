/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master.
 *
 * Duties: binds the listening sockets, starts the other processes, restarts
 * those that die, ends all in order.
 * Privileges: those it is started with, until the sockets are bound and the
 * credentials are read; then those of processes.user, and what starts roles
 * (src/proc/calls_master.def).
 * Receives: READY, PEER_FAULT, PROPOSED and COMMITTED of its children, FILES_*
 * of the reader, BACKUP_DONE of the store, KEY_ADDED of the key process,
 * TRUST_MADE and TRUST_VERDICT of the trust process; SIGTERM, SIGINT, SIGHUP;
 * lines of signetctl.
 * Sends: CONFIGURATION, CREDENTIALS, LISTENER, PEER, START, STOP, PROPOSE,
 * DISMISS and COMMIT; FILES_PATH and FILES_READ to the reader; BACKUP and
 * BACKUP_REMOVE to the store; KEY_ADD and KEY_REMOVE to the key process;
 * TRUST_FILE and TRUST_CHECK to the trust process; TRUST_INDEX to gates and
 * workers; HEARTBEAT_SOCKET to workers.
 * On failure: its children see the end of their channels and end in order.
 */
#ifndef SIGNET_MASTER_MASTER_H
#define SIGNET_MASTER_MASTER_H

#include "config/config.h"
#include "proc/child.h"

/*
 * Run the daemon until a signal ends it.
 *
 * file: where the configuration was read from, to be read again; NULL: none.
 * config: borrowed. credentials: taken, and wiped as soon as possible.
 * Returns the exit status.
 */
int master_run(const char *file, const struct config *config,
    struct proc_credentials *credentials);

#endif
