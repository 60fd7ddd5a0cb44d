/* SPDX-License-Identifier: Apache-2.0 */
#include <mbedtls/version.h>

#include "beat/key_pad.h"
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

#define HASH_LEN 32

static bool
start(void)
{
	return true;
}

static void
stop(void)
{
}

static void
start_padded(mbedtls_sha256_context *hash, const uint8_t *secret, uint8_t pad)
{
	uint8_t block[BEAT_BLOCK_LEN];

	beat_key_pad(secret, pad, block);
	mbedtls_sha256_init(hash);
	if (sha256_starts(hash, 0) != 0 ||
	    sha256_update(hash, block, sizeof(block)) != 0)
		panic("SHA-256 takes any bytes");
	memory_wipe(block, sizeof(block));
}

static void
init(struct beat_key *key, const uint8_t *secret)
{
	start_padded(&key->of.context.inner, secret, BEAT_INNER_PAD);
	start_padded(&key->of.context.outer, secret, BEAT_OUTER_PAD);
}

static void
wipe(struct beat_key *key)
{
	mbedtls_sha256_free(&key->of.context.inner);
	mbedtls_sha256_free(&key->of.context.outer);
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

static void
make_tags(const struct beat_tag *tags, size_t count)
{
	uint8_t digest[HASH_LEN];

	for (size_t i = 0; i < count; i++) {
		const struct beat_key *key = tags[i].key;

		finish_from(&key->of.context.inner, tags[i].data, digest);
		finish_from(&key->of.context.outer,
		    bytes_of(digest, sizeof(digest)), digest);
		memcpy(tags[i].out, digest, BEAT_TAG_LEN);
	}
}

const struct beat_key_backend beat_key_mbedtls = {
	.name = "mbedtls",
	.start = start,
	.stop = stop,
	.init = init,
	.wipe = wipe,
	.make_tags = make_tags,
};
