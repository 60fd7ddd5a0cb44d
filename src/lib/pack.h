/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-width fields in network byte order: what processes say to each other
 * and what is kept. Both directions stop at the first fault and remember it,
 * so that a caller checks once, at the end.
 */
#ifndef SIGNET_LIB_PACK_H
#define SIGNET_LIB_PACK_H

#include "lib/buffer.h"
#include "lib/bytes.h"

/* Append to a buffer. */
void pack_u8(struct buffer *out, uint8_t value);
void pack_u16(struct buffer *out, uint16_t value);
void pack_u32(struct buffer *out, uint32_t value);
void pack_u64(struct buffer *out, uint64_t value);
/* len bytes without a length before them */
void pack_raw(struct buffer *out, const void *data, size_t len);
/* a 32-bit length, then the bytes (len <= UINT32_MAX) */
void pack_bytes(struct buffer *out, struct bytes view);

struct unpack {
	struct bytes input;
	size_t pos;
	bool failed; /* something was asked for that is not there */
};

/* Each returns zeros once the input has failed. */
uint8_t unpack_u8(struct unpack *in);
uint16_t unpack_u16(struct unpack *in);
uint32_t unpack_u32(struct unpack *in);
uint64_t unpack_u64(struct unpack *in);
void unpack_raw(struct unpack *in, void *data, size_t len);
/* A view into the input; fails if longer than max. */
struct bytes unpack_bytes(struct unpack *in, size_t max);

/* True if nothing failed and nothing is left. */
bool unpack_is_complete(const struct unpack *in);

#endif
