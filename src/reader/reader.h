/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_READER_READER_H
#define SIGNET_READER_READER_H

#include "proc/child.h"

/* What else has to be right in a configuration: see config_fault(). 0; or
 * -EINVAL if error has grown. */
typedef int reader_check(const struct config *config,
    struct config_error *error);

/* Run as the reader: see proc/child.h. */
int reader_run(struct proc_child *child, reader_check *check);

#endif
