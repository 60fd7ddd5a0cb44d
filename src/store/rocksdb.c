/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rocksdb.h"

#include "lib/library.h"

struct rocksdb_calls rocksdb;

static const struct library_call calls[] = {
#define CALL(name) { "rocksdb_" #name, offsetof(struct rocksdb_calls, name) },
#include "store/rocksdb_calls.def"
#undef CALL
};

int
rocksdb_load(char *why, size_t why_size)
{
	return library_load(SIGNET_ROCKSDB_LIBRARY, calls,
	    sizeof(calls) / sizeof(calls[0]), &rocksdb, why, why_size);
}
