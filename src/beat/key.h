/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a heartbeat, and the tags that are made with it: HMAC-SHA-256
 * (RFC 2104, FIPS 180-4) cut to 128 bits (RFC 2104 s5).
 */
#ifndef SIGNET_BEAT_KEY_H
#define SIGNET_BEAT_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <mbedtls/sha256.h>

#include "lib/bytes.h"

#define BEAT_KEY_LEN 32
#define BEAT_TAG_LEN 16

/* A key that is ready for use: both pads are hashed already, which is half of
 * the work for a datagram. */
struct beat_key {
	mbedtls_sha256_context inner;
	mbedtls_sha256_context outer;
};

/* secret: BEAT_KEY_LEN bytes, borrowed; the caller wipes its copy. */
void beat_key_init(struct beat_key *key, const uint8_t *secret);

/* Wipe it; one that is all zero is allowed. */
void beat_key_wipe(struct beat_key *key);

/* The tag of data under the key. */
void beat_key_tag(const struct beat_key *key, struct bytes data,
    uint8_t tag[BEAT_TAG_LEN]);

/* Is this its tag? Takes the same time whichever bytes differ. */
bool beat_key_check(const struct beat_key *key, struct bytes data,
    const uint8_t tag[BEAT_TAG_LEN]);

#endif
