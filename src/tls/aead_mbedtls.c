/* SPDX-License-Identifier: Apache-2.0 */
/* The AEADs over mbedTLS: on every machine. */
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "tls/aead.h"

struct tls_aead {
	enum tls_aead_algorithm algorithm;
	union {
		mbedtls_gcm_context gcm;
		mbedtls_chachapoly_context chachapoly;
	} key;
};

static bool
start(void)
{
	return true;
}

static void
key_set(struct tls_aead *aead, const uint8_t *key)
{
	int error;

	if (aead->algorithm == TLS_AEAD_CHACHA20_POLY1305) {
		mbedtls_chachapoly_init(&aead->key.chachapoly);
		error = mbedtls_chachapoly_setkey(&aead->key.chachapoly, key);
	} else {
		mbedtls_gcm_init(&aead->key.gcm);
		error = mbedtls_gcm_setkey(&aead->key.gcm,
		    MBEDTLS_CIPHER_ID_AES, key,
		    aead->algorithm == TLS_AEAD_AES_128_GCM ? 128 : 256);
	}
	if (error != 0)
		panic("mbedTLS expands a key of the right length");
}

static struct tls_aead *new (enum tls_aead_algorithm algorithm,
    const uint8_t *key)
{
	struct tls_aead *aead = memory_new(1, sizeof(*aead));

	aead->algorithm = algorithm;
	key_set(aead, key);
	return aead;
}

static void
aead_free(struct tls_aead *aead)
{
	if (aead->algorithm == TLS_AEAD_CHACHA20_POLY1305)
		mbedtls_chachapoly_free(&aead->key.chachapoly);
	else
		mbedtls_gcm_free(&aead->key.gcm);
	memory_wipe(aead, sizeof(*aead));
	free(aead);
}

static void
seal(struct tls_aead *aead, const uint8_t *nonce, struct bytes associated,
    struct bytes plaintext, uint8_t *out)
{
	uint8_t *tag = out + plaintext.len;
	int error;

	if (aead->algorithm == TLS_AEAD_CHACHA20_POLY1305)
		error = mbedtls_chachapoly_encrypt_and_tag(
		    &aead->key.chachapoly, plaintext.len, nonce,
		    associated.data, associated.len, plaintext.data, out, tag);
	else
		error = mbedtls_gcm_crypt_and_tag(&aead->key.gcm,
		    MBEDTLS_GCM_ENCRYPT, plaintext.len, nonce,
		    TLS_AEAD_NONCE_LEN, associated.data, associated.len,
		    plaintext.data, out, TLS_AEAD_TAG_LEN, tag);
	/* Whatever lies in out may be plaintext: it must not leave. */
	if (error != 0)
		panic("mbedTLS seals what a record can hold");
}

static bool
aead_open(struct tls_aead *aead, const uint8_t *nonce, struct bytes associated,
    const uint8_t *text, size_t len, uint8_t *out)
{
	const uint8_t *tag = text + len;

	/* Both compare the tag in constant time. */
	if (aead->algorithm == TLS_AEAD_CHACHA20_POLY1305)
		return mbedtls_chachapoly_auth_decrypt(&aead->key.chachapoly,
			   len, nonce, associated.data, associated.len, tag,
			   text, out) == 0;
	return mbedtls_gcm_auth_decrypt(&aead->key.gcm, len, nonce,
		   TLS_AEAD_NONCE_LEN, associated.data, associated.len, tag,
		   TLS_AEAD_TAG_LEN, text, out) == 0;
}

const struct tls_aead_backend tls_aead_mbedtls = {
	.name = "mbedtls",
	.start = start,
	.new = new,
	.free = aead_free,
	.seal = seal,
	.open = aead_open,
};
