/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/key_schedule.h"

#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>

#include "lib/memory.h"

#define SUITE_1_2(suite, algorithm, key_len, secret_len, iv_len)               \
	{                                                                      \
		TLS_##suite, TLS_VERSION_1_2, algorithm, key_len, secret_len,  \
		    iv_len, "TLS_" #suite                                      \
	}
#define SUITE_1_3(suite, algorithm, key_len, secret_len)                       \
	{                                                                      \
		TLS_##suite, TLS_VERSION_1_3, algorithm, key_len, secret_len,  \
		    12, "TLS_" #suite                                          \
	}

/* RFC 8446 B.4, RFC 5289 s3.2, RFC 7905 s2. */
static const struct tls_suite suites[] = {
	SUITE_1_3(AES_128_GCM_SHA256, TLS_AEAD_AES_128_GCM, 16, 32),
	SUITE_1_3(AES_256_GCM_SHA384, TLS_AEAD_AES_256_GCM, 32, 48),
	SUITE_1_3(CHACHA20_POLY1305_SHA256, TLS_AEAD_CHACHA20_POLY1305, 32, 32),
	SUITE_1_2(ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AEAD_AES_128_GCM, 16,
	    32, 4),
	SUITE_1_2(ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_AEAD_AES_256_GCM, 32,
	    48, 4),
	SUITE_1_2(ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AEAD_AES_128_GCM, 16,
	    32, 4),
	SUITE_1_2(ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_AEAD_AES_256_GCM, 32,
	    48, 4),
	SUITE_1_2(ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	    TLS_AEAD_CHACHA20_POLY1305, 32, 32, 12),
	SUITE_1_2(ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	    TLS_AEAD_CHACHA20_POLY1305, 32, 32, 12),
};

const struct tls_suite *
tls_suite_find(unsigned int cipher_suite)
{
	size_t i;

	for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (suites[i].cipher_suite == cipher_suite)
			return &suites[i];
	}
	return NULL;
}

#define LABEL_PREFIX "tls13 "
/* HkdfLabel: length, label with its length, an empty context. */
#define LABEL_MAX      (255 - (sizeof(LABEL_PREFIX) - 1))
#define HKDF_LABEL_MAX (2 + 1 + 255 + 1)

static size_t
hkdf_label_encode(const char *label, size_t out_len, uint8_t *out)
{
	size_t prefix_len = sizeof(LABEL_PREFIX) - 1;
	size_t label_len = strlen(label);

	out[0] = (uint8_t)(out_len >> 8);
	out[1] = (uint8_t)out_len;
	out[2] = (uint8_t)(prefix_len + label_len);
	memcpy(out + 3, LABEL_PREFIX, prefix_len);
	memcpy(out + 3 + prefix_len, label, label_len);
	out[3 + prefix_len + label_len] = 0;
	return 3 + prefix_len + label_len + 1;
}

int
tls_expand_label(const struct tls_suite *suite, const uint8_t *secret,
    const char *label, uint8_t *out, size_t out_len)
{
	const mbedtls_md_info_t *hash = mbedtls_md_info_from_type(
	    suite->secret_len == 48 ? MBEDTLS_MD_SHA384 : MBEDTLS_MD_SHA256);
	uint8_t info[HKDF_LABEL_MAX];
	size_t info_len;

	if (hash == NULL || strlen(label) > LABEL_MAX || out_len > UINT16_MAX)
		return -TLS_ALERT_INTERNAL_ERROR;
	info_len = hkdf_label_encode(label, out_len, info);
	if (mbedtls_hkdf_expand(hash, secret, suite->secret_len, info, info_len,
		out, out_len) != 0)
		return -TLS_ALERT_INTERNAL_ERROR;
	return 0;
}

int
tls_direction_derive(const struct tls_suite *suite,
    struct tls_direction *direction)
{
	int status;

	status = tls_expand_label(suite, direction->traffic_secret, "key",
	    direction->key, suite->key_len);
	if (status != 0)
		return status;
	status = tls_expand_label(suite, direction->traffic_secret, "iv",
	    direction->iv, suite->iv_len);
	if (status != 0)
		return status;
	direction->sequence_number = 0; /* RFC 8446 s5.3 */
	direction->protected_blocks = 0;
	return 0;
}

int
tls_direction_update(const struct tls_suite *suite,
    struct tls_direction *direction)
{
	uint8_t next[TLS_SECRET_MAX];
	int status;

	status = tls_expand_label(suite, direction->traffic_secret,
	    "traffic upd", next, suite->secret_len);
	if (status == 0) {
		memcpy(direction->traffic_secret, next, suite->secret_len);
		status = tls_direction_derive(suite, direction);
	}
	memory_wipe(next, sizeof(next));
	return status;
}

size_t
tls_key_block_len(const struct tls_suite *suite)
{
	return 2 * ((size_t)suite->key_len + suite->iv_len);
}

void
tls_key_block_cut(const struct tls_suite *suite, const uint8_t *block,
    struct tls_direction *client, struct tls_direction *server)
{
	const uint8_t *ivs = block + 2 * (size_t)suite->key_len;

	memcpy(client->key, block, suite->key_len);
	memcpy(server->key, block + suite->key_len, suite->key_len);
	memcpy(client->iv, ivs, suite->iv_len);
	memcpy(server->iv, ivs + suite->iv_len, suite->iv_len);
}
