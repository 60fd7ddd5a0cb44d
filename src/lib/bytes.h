/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view of bytes that somebody else owns. How long the view holds is said by
 * the contract of the function that returns it.
 */
#ifndef SIGNET_LIB_BYTES_H
#define SIGNET_LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t len;
};

#define BYTES_NONE ((struct bytes){ NULL, 0 })
#define BYTES_LITERAL(text)                                                    \
	((struct bytes){ (const uint8_t *)(text), sizeof(text) - 1 })

static inline struct bytes
bytes_of(const void *data, size_t len)
{
	return (struct bytes){ data, len };
}

static inline struct bytes
bytes_of_string(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static inline bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.data, b.data, a.len));
}

/* The view without its first count bytes; count may not exceed len. */
static inline struct bytes
bytes_skip(struct bytes view, size_t count)
{
	/* Nothing may be at NULL, to which C lets nobody add even 0. */
	if (count == 0)
		return view;
	return (struct bytes){ view.data + count, view.len - count };
}

#endif
