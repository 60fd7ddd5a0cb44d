/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signetctl backup: carry the copy that the store has made to another place.
 */
#ifndef SIGNET_CTL_BACKUP_H
#define SIGNET_CTL_BACKUP_H

#include "ctl/line.h"

/* What went wrong is at most so long. */
#define BACKUP_WHY_MAX 8192

/*
 * Make a backup in a folder, which must not exist or be empty, over the
 * connection to the daemon. When it is there all of it is on disk.
 * 0; or -1 with why, of BACKUP_WHY_MAX bytes.
 */
int backup_make(struct line_connection *connection, const char *folder,
    char *why);

#endif
