/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_METRICS_METRICS_H
#define SIGNET_METRICS_METRICS_H

#include "proc/child.h"

/* Run as the metrics role: see proc/child.h. */
int metrics_run(struct proc_child *child);

#endif
