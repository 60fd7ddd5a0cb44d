/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A damaged database is copied, row by row, as far as it can be read, and put
 * aside; the copy takes its place.
 */
#ifndef SIGNET_STORE_SALVAGE_H
#define SIGNET_STORE_SALVAGE_H

#include "store/database.h"

/* The databases' names beside path: the copy; those that were put aside, to
 * which the time is added. */
#define SALVAGE_COPY_SUFFIX ".copy"
#define SALVAGE_LOST_SUFFIX ".damaged-"

/*
 * Salvage the closed database of path. What it cost is logged.
 * 0, or as database_open(): then all is as it was.
 */
int salvage_run(const char *path, char *why);

/*
 * A salvage may have been interrupted: what it left is finished, or removed.
 * 0 or -errno.
 */
int salvage_finish(const char *path, char *why);

#endif
