/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store does while the disk does not do its part. Nothing is answered
 * then, and nothing is lost: workers keep what is not reported as written.
 *
 * - Before a group is written, room for it is looked for. While there is none,
 *   or the file system is read-only, the group waits, and is tried again every
 *   second; pages are read meanwhile.
 * - When the database could not write all the same, nobody knows what reached
 *   the disk: this process ends. The one that is started in its place opens
 *   the database as it is, and workers repeat the rest.
 * - When what was written is not what is read, the database is closed, salvaged
 *   (see salvage.h) and opened again.
 * - When the disk does not read, the database is closed, and all of its files
 *   are read through. If that fails nowhere, it is opened again; if it fails
 *   in most places, the disk is waited for; if it fails in some, and again a
 *   second later, the database is salvaged. A database that could not write for
 *   the same reason leaves a mark, for the next process to begin with that.
 */
#ifndef SIGNET_STORE_FAULT_H
#define SIGNET_STORE_FAULT_H

#include "store/store_internal.h"

/* Returned, free with fault_free() after fault_close() and a turn of the
 * loop. The database is closed at first: it is opened at once. */
struct fault *fault_new(struct store *store);
void fault_close(struct fault *fault);
void fault_free(struct fault **fault);

/*
 * Is there room for so many bytes, and may they be written? In any thread.
 * 0; -ENOSPC, -EROFS or another -errno, with why.
 */
int fault_check_room(const struct store *store, size_t len, char *why);

/* There was no room: try again in a while. */
void fault_wait(struct fault *fault, int error, const char *why);

/* The database failed: error as database_write(). */
void fault_report(struct fault *fault, int error, const char *why);

/* The same of a job that has only read. */
void fault_report_read(struct fault *fault, int error, const char *why);

/* A group was written: the disk does its part. */
void fault_over(struct fault *fault);

/* Is the database closed, or to be? Then no job that uses it may begin. */
bool fault_is_open(const struct fault *fault);
/* Is a group to wait? */
bool fault_is_waiting(const struct fault *fault);

/* A job has ended: go on once it was the last. */
void fault_job_done(struct fault *fault);

#endif
