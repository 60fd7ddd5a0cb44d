/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int
library_load(const char *name, const struct library_call *calls,
    size_t call_count, void *table, char *why, size_t why_size)
{
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL) {
		snprintf(why, why_size, "%s", dlerror());
		return -ELIBACC;
	}
	for (size_t i = 0; i < call_count; i++) {
		void *call = dlsym(library, calls[i].name);

		if (call == NULL) {
			snprintf(why, why_size, "%s", dlerror());
			return -ELIBBAD;
		}
		/* POSIX lets a function's address pass through void *. */
		memcpy((char *)table + calls[i].at, &call, sizeof(call));
	}
	return 0;
}
