/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RocksDB, which is not linked with: a library so large takes memory and time
 * of every process that it is mapped into, and only one of them needs it.
 */
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

/*
 * Load the library for as long as the process lives; again is allowed.
 *
 * why: what is wrong, cut to so many bytes.
 * Returns 0; -ELIBACC if the library, or one that it needs, is not there;
 * -ELIBBAD if it lacks a function.
 */
int rocksdb_load(char *why, size_t why_size);

#endif
