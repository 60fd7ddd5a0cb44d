/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The confinement of a role: what its row of the role table does not name, it
 * cannot do, whoever has taken it over.
 */
#ifndef SIGNET_PROC_SANDBOX_H
#define SIGNET_PROC_SANDBOX_H

#include "config/config.h"
#include "proc/role.h"

/*
 * Enter the role's confinement, for good: its limits, its files, its system
 * calls. What is open stays open. Called before the first byte from outside;
 * fatal if what the kernel offers cannot be used.
 */
void proc_sandbox_enter(const struct role *role, const struct config *config);

/* Log what of it this system lacks; once, by the master. */
void proc_sandbox_report_lacks(void);

#endif
