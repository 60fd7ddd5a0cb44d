/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of queues, read beside whatever is written.
 */
#ifndef SIGNET_STORE_READER_H
#define SIGNET_STORE_READER_H

#include "store/frames.h"
#include "store/store_internal.h"

/* Handler of STORE_READ: 0, or -EBADMSG if more are asked for than may. */
int reader_add(struct store_client *client, const struct ipc_store_read *read);

/* Begin what may begin. */
void reader_start(struct store_client *client);

/* Forget what has not begun. */
void reader_forget(struct store_client *client);

/*
 * Read a page from a database: STORE_ENTRYs and the STORE_PAGE. now: in
 * seconds since 1970; what has expired is left out.
 * 0 or as database_get().
 */
int reader_read(struct database *database, const struct ipc_store_read *read,
    int64_t now, struct frames *frames, char *why);

#endif
