/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_METRICS_METRICS_H
#define SIGNET_METRICS_METRICS_H

#include "proc/child.h"

/* Load libmicrohttpd: see proc/role.h. */
int metrics_prepare(char *why, size_t why_size);

/* Run as the metrics role: see proc/child.h. */
int metrics_run(struct proc_child *child);

#endif
