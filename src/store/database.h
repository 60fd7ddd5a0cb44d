/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database: RocksDB with our families, options and errors. What is in it
 * is said in docs/store.md; rows are packed by row.h.
 */
#ifndef SIGNET_STORE_DATABASE_H
#define SIGNET_STORE_DATABASE_H

#include "store/rocksdb.h"

#include "lib/bytes.h"

enum database_family {
	DATABASE_META,
	DATABASE_SESSIONS,
	DATABASE_QUEUES,
	DATABASE_MESSAGES,
	DATABASE_RETAINED,
	DATABASE_SHARES,
	DATABASE_FAMILY_COUNT
};

/* The layout of rows that this program writes and reads. */
#define DATABASE_FORMAT 1

/* Reasons are cut to this many bytes. */
#define DATABASE_WHY_MAX 512

struct database {
	rocksdb_t *handle;
	rocksdb_column_family_handle_t *families[DATABASE_FAMILY_COUNT];
	rocksdb_readoptions_t *read;
	rocksdb_writeoptions_t *write; /* synced */
	struct database_options *options;
};

/*
 * Open the database in a folder, which is made if it is missing.
 *
 * database: returned, free with database_close(); untouched on error.
 * why: on error, what is wrong, of DATABASE_WHY_MAX bytes.
 * Returns 0; -EBADMSG if it is damaged; -EBUSY if another process has it open;
 * -ENOTSUP if a newer program has written it; -ENOSPC, -EROFS, -EACCES or
 * -EIO if the disk does not do its part.
 */
int database_open(const char *path, struct database **database, char *why);

/* Sync the folder that a database's folder is in, so that its name lasts.
 * 0 or -errno. */
int database_sync_name(const char *path);
void database_close(struct database **database);

/* Write what is in memory to tables: its logs are not needed any more. 0 or as
 * database_open(): the logs stay. */
int database_flush(struct database *database, char *why);
/* Bytes in memory that are not in tables yet. */
uint64_t database_unflushed(const struct database *database);

/*
 * The same of one that is there, to read all of it, every checksum verified:
 * nothing can be written. One that another process changes meanwhile is read
 * as it was.
 */
int database_open_to_read(const char *path, struct database **database,
    char *why);

/* "sessions" */
const char *database_family_name(enum database_family family);

/* Put together what can be of a damaged one that is closed and cannot even be
 * opened to read: files that are damaged are moved to its folder lost. As
 * above. */
int database_repair(const char *path, char *why);

/*
 * Write a batch, synced: all of it or nothing. 0 or as above.
 */
int database_write(struct database *database, rocksdb_writebatch_t *batch,
    char *why);

/*
 * value: returned, free with free() what it points to; NULL if there is none.
 * 0 or as above.
 */
int database_get(struct database *database, enum database_family family,
    struct bytes key, struct bytes *value, char *why);

/* Translate an error of RocksDB, which is freed: a -errno. NULL: 0. */
int database_error(char *error, char *why);

#endif
