/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_GATE_GATE_H
#define SIGNET_GATE_GATE_H

#include "proc/child.h"

/* The gate role's run function. Returns the exit status. */
int gate_run(struct proc_child *child);

#endif
