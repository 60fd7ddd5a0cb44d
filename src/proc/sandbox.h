/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The confinement of a role: what its row of the role table does not name, it
 * cannot do, whoever has taken it over.
 */
#ifndef SIGNET_PROC_SANDBOX_H
#define SIGNET_PROC_SANDBOX_H

#include <stdbool.h>

#include "config/config.h"
#include "proc/role.h"

/*
 * Enter the role's confinement, for good: its user, its limits, its files, its
 * system calls. What is open stays open. Called before the first byte from
 * outside; fatal if what the kernel offers cannot be used.
 */
void proc_sandbox_enter(const struct role *role, const struct config *config);

/*
 * First of all, of what a master has started: be rid of what holds for the
 * master alone, and note what its filter refuses.
 */
void proc_sandbox_begin(void);

/*
 * The master's confinement, in two steps, each for good and as above: its
 * files, before it starts anybody, so that signals to them are allowed; the
 * rest, when its rights are given up. Who is started afterwards is confined by
 * it as well.
 */
void proc_sandbox_leave_files_as_master(const struct config *config);
void proc_sandbox_enter_as_master(void);

/* Is there a role with an account of its own? */
bool proc_sandbox_has_users(const struct config *config);

/* Log what of it this system lacks: once, by the master, before it gives up
 * its own rights. */
void proc_sandbox_report_lacks(const struct config *config);

#endif
