/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rocksdb.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct rocksdb_calls rocksdb;

static const struct {
	const char *name;
	size_t at; /* in struct rocksdb_calls */
} calls[] = {
#define CALL(name) { "rocksdb_" #name, offsetof(struct rocksdb_calls, name) },
#include "store/rocksdb_calls.def"
#undef CALL
};

int
rocksdb_load(char *why, size_t why_size)
{
	void *library = dlopen(SIGNET_ROCKSDB_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL) {
		snprintf(why, why_size, "%s", dlerror());
		return -ELIBACC;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		void *call = dlsym(library, calls[i].name);

		if (call == NULL) {
			snprintf(why, why_size, "%s", dlerror());
			return -ELIBBAD;
		}
		/* POSIX lets a function's address pass through void *. */
		memcpy((char *)&rocksdb + calls[i].at, &call, sizeof(call));
	}
	return 0;
}
