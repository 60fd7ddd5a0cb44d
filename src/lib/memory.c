/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/memory.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

void *
memory_new(size_t count, size_t size)
{
	void *block = calloc(count, size);

	if (block == NULL && count > 0 && size > 0)
		panic("out of memory");
	return block;
}

void *
memory_resize(void *block, size_t size)
{
	void *resized = realloc(block, size);

	if (resized == NULL)
		panic("out of memory");
	return resized;
}

void *
memory_copy(struct bytes view)
{
	uint8_t *copy = memory_new(1, view.len + 1);

	if (view.len > 0)
		memcpy(copy, view.data, view.len);
	return copy;
}

void
memory_wipe(void *secret, size_t len)
{
	explicit_bzero(secret, len);
}
