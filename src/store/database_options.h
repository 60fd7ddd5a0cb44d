/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the database is run: docs/store.md says why.
 */
#ifndef SIGNET_STORE_DATABASE_OPTIONS_H
#define SIGNET_STORE_DATABASE_OPTIONS_H

#include "store/rocksdb.h"

#include "store/database.h"

/* What the database uses as long as it is open. */
struct database_options {
	rocksdb_cache_t *cache;
	rocksdb_compactionfilter_t *filter;
	rocksdb_options_t *common;
	rocksdb_options_t *families[DATABASE_FAMILY_COUNT];
};

void database_options_init(struct database_options *options);
void database_options_done(struct database_options *options);

#endif
