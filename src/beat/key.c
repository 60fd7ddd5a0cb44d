/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/key.h"

#include <string.h>

#include <mbedtls/version.h>

#include "lib/log.h"
#include "lib/memory.h"

#if MBEDTLS_VERSION_MAJOR < 3
#define sha256_starts mbedtls_sha256_starts_ret
#define sha256_update mbedtls_sha256_update_ret
#define sha256_finish mbedtls_sha256_finish_ret
#else
#define sha256_starts mbedtls_sha256_starts
#define sha256_update mbedtls_sha256_update
#define sha256_finish mbedtls_sha256_finish
#endif

#define HASH_LEN  32
#define BLOCK_LEN 64

/* RFC 2104 s2 */
#define INNER_PAD 0x36
#define OUTER_PAD 0x5c

static void
start_padded(mbedtls_sha256_context *hash, const uint8_t *secret, uint8_t pad)
{
	uint8_t block[BLOCK_LEN];

	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < BEAT_KEY_LEN; i++)
		block[i] ^= secret[i];
	mbedtls_sha256_init(hash);
	if (sha256_starts(hash, 0) != 0 ||
	    sha256_update(hash, block, sizeof(block)) != 0)
		panic("SHA-256 takes any bytes");
	memory_wipe(block, sizeof(block));
}

void
beat_key_init(struct beat_key *key, const uint8_t *secret)
{
	start_padded(&key->inner, secret, INNER_PAD);
	start_padded(&key->outer, secret, OUTER_PAD);
}

void
beat_key_wipe(struct beat_key *key)
{
	mbedtls_sha256_free(&key->inner);
	mbedtls_sha256_free(&key->outer);
}

/* Go on where the padded key has been taken in. */
static void
finish_from(const mbedtls_sha256_context *padded, struct bytes data,
    uint8_t digest[HASH_LEN])
{
	mbedtls_sha256_context hash;

	mbedtls_sha256_init(&hash);
	mbedtls_sha256_clone(&hash, padded);
	if (sha256_update(&hash, data.data, data.len) != 0 ||
	    sha256_finish(&hash, digest) != 0)
		panic("SHA-256 takes any bytes");
	mbedtls_sha256_free(&hash);
}

void
beat_key_tag(const struct beat_key *key, struct bytes data,
    uint8_t tag[BEAT_TAG_LEN])
{
	uint8_t digest[HASH_LEN];

	finish_from(&key->inner, data, digest);
	finish_from(&key->outer, bytes_of(digest, sizeof(digest)), digest);
	memcpy(tag, digest, BEAT_TAG_LEN);
}

bool
beat_key_check(const struct beat_key *key, struct bytes data,
    const uint8_t tag[BEAT_TAG_LEN])
{
	uint8_t expected[BEAT_TAG_LEN];
	uint8_t difference = 0;

	beat_key_tag(key, data, expected);
	for (size_t i = 0; i < BEAT_TAG_LEN; i++)
		difference |= (uint8_t)(expected[i] ^ tag[i]);
	return difference == 0;
}
