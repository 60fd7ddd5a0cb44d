/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/buffer.h"

#include <stdlib.h>

#include "lib/memory.h"

#define BUFFER_CAPACITY_MIN 256

uint8_t *
buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t needed = buffer->len + more;
	size_t capacity = buffer->capacity + buffer->capacity / 2;

	if (needed > buffer->capacity) {
		if (capacity < needed)
			capacity = needed;
		if (capacity < BUFFER_CAPACITY_MIN)
			capacity = BUFFER_CAPACITY_MIN;
		buffer->data = memory_resize(buffer->data, capacity);
		buffer->capacity = capacity;
	}
	/* C lets nobody add even 0 to NULL. */
	return buffer->len == 0 ? buffer->data : buffer->data + buffer->len;
}

void
buffer_append(struct buffer *buffer, struct bytes view)
{
	if (view.len == 0)
		return;
	memcpy(buffer_reserve(buffer, view.len), view.data, view.len);
	buffer->len += view.len;
}

void
buffer_consume(struct buffer *buffer, size_t count)
{
	buffer->len -= count;
	if (buffer->len > 0 && count > 0)
		memmove(buffer->data, buffer->data + count, buffer->len);
}

void
buffer_done(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ NULL, 0, 0 };
}

void
buffer_wipe(struct buffer *buffer)
{
	if (buffer->data != NULL)
		memory_wipe(buffer->data, buffer->capacity);
	buffer_done(buffer);
}
