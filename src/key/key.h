/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_KEY_KEY_H
#define SIGNET_KEY_KEY_H

#include "proc/child.h"

/* The main function of the role. */
int key_run(struct proc_child *child);

#endif
