/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/interpose.h"

#include <dlfcn.h>
#include <string.h>

#include "lib/log.h"

void
interpose_find_next(const char *name, void *function)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (next == NULL)
		panic("libmbedcrypto is linked dynamically");
	memcpy(function, &next, sizeof(next));
}
