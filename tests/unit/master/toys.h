/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon of toy roles. A client sends "K WORDS": the gate hands it over to
 * worker K, which answers and closes.
 *
 *   pid          the worker's process id
 *   peers        how many other workers it has a channel to
 *   count        the sum of the lengths of what it was forwarded
 *   forward N    forward N times 1000 bytes to each other worker
 *   large N      forward N bytes to each other worker
 *   malformed N  send worker N what does not decode
 *   hang         never stop in order from now on
 *   status FIELD that line of /proc/self/status
 *   files        how many descriptors it has open
 *   credentials  how many bytes of them it has
 *
 * "g WORDS": the same of the gate that accepted.
 */
#ifndef SIGNET_TEST_TOYS_H
#define SIGNET_TEST_TOYS_H

#include "proc/child.h"

int toy_gate_run(struct proc_child *child);
int toy_store_run(struct proc_child *child);
int toy_worker_run(struct proc_child *child);

#endif
