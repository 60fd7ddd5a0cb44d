/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can the disk read the files of the database? All of their bytes are read,
 * whatever they mean.
 */
#ifndef SIGNET_STORE_SCAN_H
#define SIGNET_STORE_SCAN_H

#include "store/database.h"

struct scan {
	uint64_t bytes;  /* of all files */
	uint64_t unread; /* of them: so many cannot be read */
};

/*
 * Read the files of a folder; in a thread that may wait.
 *
 * 0, with why naming the first place that cannot be read if there is any; or
 * -errno and why, if it cannot be told.
 */
int scan_run(const char *folder, struct scan *scan, char *why);

/* So much cannot be read that it is the disk that is away, and not a part of
 * the database. */
bool scan_is_hopeless(const struct scan *scan);

#endif
