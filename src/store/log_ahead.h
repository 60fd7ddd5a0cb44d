/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zeros behind what RocksDB's log has, for writes that are small: where a log
 * was written before, a sync has nothing to note in the file system's journal,
 * neither that a block is in use nor how long the file is, and takes two thirds
 * of the time.
 *
 * That harms nothing: they are appended, so that they never lie on what RocksDB
 * has written or goes on to write from where it is, and a record of the type
 * zero is what its format keeps for logs that have their place beforehand.
 */
#ifndef SIGNET_STORE_LOG_AHEAD_H
#define SIGNET_STORE_LOG_AHEAD_H

#include <stddef.h>

struct log_ahead {
	const char *path;       /* the database's folder; borrowed */
	size_t left;            /* about: zeros that the log has before it */
	unsigned int small_run; /* small writes, one after the other */
};

/* A batch of so many bytes is about to be written. What fails costs time at
 * most. */
void log_ahead_prepare(struct log_ahead *ahead, size_t len);

#endif
