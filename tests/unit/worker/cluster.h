/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two workers that are joined to each other, each with a store of its own that
 * only tests have. They go on step by step, and any of them can die between two
 * steps.
 */
#ifndef SIGNET_TESTS_UNIT_WORKER_CLUSTER_H
#define SIGNET_TESTS_UNIT_WORKER_CLUSTER_H

#include "bare_worker.h"
#include "fake_store.h"

#define CLUSTER_SIZE 2

/* A turn of each worker, a write and an answer of each store. */
#define CLUSTER_STEPS (3 * CLUSTER_SIZE)

extern struct fake_store cluster_stores[CLUSTER_SIZE];

void cluster_setup(void);
void cluster_teardown(void);

struct worker *cluster_worker(unsigned int index);

/* The next step, and so many that nothing is left to do. */
void cluster_step(void);
void cluster_settle(void);

/* How many steps lie between two at which somebody dies: each one counts,
 * unless an instruction takes many (see tests/lib/step). */
unsigned int cluster_stride(void);

/* Its disk is slower than the others': until cluster_setup(). */
void cluster_slow_disk(unsigned int index);

/* What is not on disk is lost. */
void cluster_kill(unsigned int index);
void cluster_start(unsigned int index);
/* The store alone. */
void cluster_restart_store(unsigned int index);

#endif
