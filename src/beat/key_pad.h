/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The padded key of HMAC, of which both back ends begin (RFC 2104 s2).
 */
#ifndef SIGNET_BEAT_KEY_PAD_H
#define SIGNET_BEAT_KEY_PAD_H

#include "beat/key.h"

#define BEAT_INNER_PAD 0x36
#define BEAT_OUTER_PAD 0x5c

/* A block of SHA-256. */
#define BEAT_BLOCK_LEN 64

static inline void
beat_key_pad(const uint8_t *secret, uint8_t pad, uint8_t block[BEAT_BLOCK_LEN])
{
	memset(block, pad, BEAT_BLOCK_LEN);
	for (size_t i = 0; i < BEAT_KEY_LEN; i++)
		block[i] ^= secret[i];
}

#endif
