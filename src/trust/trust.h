/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TRUST_TRUST_H
#define SIGNET_TRUST_TRUST_H

#include "proc/child.h"

/* The trust role's run function. Returns the exit status. */
int trust_run(struct proc_child *child);

#endif
