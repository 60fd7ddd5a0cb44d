/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TRUST_COMMAND_H
#define SIGNET_TRUST_COMMAND_H

#include "proc/child.h"

/*
 * For signetd --check: check what the trust role would be given, without
 * keeping anything. A certificate of ours that has ended is a fault here.
 *
 * why: what is wrong or will soon be, of at most size bytes.
 * Returns 0; 1 if all is good but something ends soon or has ended; -EINVAL.
 */
int trust_credentials_check(const struct config *config,
    const struct proc_credentials *files, char *why, size_t size);

#endif
