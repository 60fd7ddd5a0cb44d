/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer. It grows with what is put into it, never with what a
 * peer announces.
 */
#ifndef SIGNET_LIB_BUFFER_H
#define SIGNET_LIB_BUFFER_H

#include "lib/bytes.h"

struct buffer {
	uint8_t *data;
	size_t len;
	size_t capacity;
};

/* Make room for more bytes behind len; returns where they go. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, struct bytes view);

/* Drop the first count bytes (count <= len). */
void buffer_consume(struct buffer *buffer, size_t count);

/* Free the memory; the buffer is empty and usable again. */
void buffer_done(struct buffer *buffer);

/* The same for a buffer that held secrets: it is wiped first. */
void buffer_wipe(struct buffer *buffer);

static inline struct bytes
buffer_view(const struct buffer *buffer)
{
	return (struct bytes){ buffer->data, buffer->len };
}

#endif
