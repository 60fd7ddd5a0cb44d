/* SPDX-License-Identifier: Apache-2.0 */
/* RocksDB, which is not linked with: see lib/library.h. */
#ifndef SIGNET_STORE_ROCKSDB_H
#define SIGNET_STORE_ROCKSDB_H

#include <stddef.h>

#include <rocksdb/c.h>

/* Its functions under their own names, behind the prefix. */
struct rocksdb_calls {
#define CALL(name) __typeof__(&rocksdb_##name) name;
#include "store/rocksdb_calls.def"
#undef CALL
};

/* Complete after rocksdb_load(). */
extern struct rocksdb_calls rocksdb;

/* As library_load(). */
int rocksdb_load(char *why, size_t why_size);

#endif
