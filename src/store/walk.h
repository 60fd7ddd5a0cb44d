/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over all rows of a family that steps over what is damaged.
 */
#ifndef SIGNET_STORE_WALK_H
#define SIGNET_STORE_WALK_H

#include "lib/buffer.h"
#include "store/database.h"

/* Of keys, so many bytes count when a way around damage is sought. */
#define WALK_KEY_MAX 64

struct walk {
	/* Handles a row: 0, or an error that ends the walk. */
	int (*on_row)(void *context, enum database_family family,
	    struct bytes key, struct bytes value);
	/* Rows behind one key, up to another one, cannot be read; either is
	 * empty where there is none. */
	void (*on_gap)(void *context, enum database_family family,
	    struct bytes after, struct bytes before, const char *why);
	void *context;
};

/* 0; what on_row returned; or as database_get(), but neither -EBADMSG nor
 * -EIO, which are gaps. */
int walk_family(struct database *database, enum database_family family,
    const struct walk *walk, char *why);

#endif
