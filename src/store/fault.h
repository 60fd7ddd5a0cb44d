/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store does while the disk does not do its part: it answers nothing,
 * closes the database, and opens it again every second until that works.
 */
#ifndef SIGNET_STORE_FAULT_H
#define SIGNET_STORE_FAULT_H

#include "store/store_internal.h"

/* Returned, free with fault_free(), then turn the loop once more. */
struct fault *fault_new(struct store *store);
void fault_close(struct fault *fault);
void fault_free(struct fault **fault);

/* Something failed: error as database_write(). Logged once. */
void fault_report(struct fault *fault, int error, const char *why);

/* Is there one? Then no job that uses the database may begin. */
bool fault_is_open(const struct fault *fault);

/* A job has ended: go on once it was the last. */
void fault_job_done(struct fault *fault);

#endif
