/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traffic keys from secrets: the PRF's key block (RFC 5246 s6.3) comes from
 * the gate; here is what TLS 1.3 derives (RFC 8446 s7).
 */
#ifndef SIGNET_TLS_KEY_SCHEDULE_H
#define SIGNET_TLS_KEY_SCHEDULE_H

#include "tls/aead.h"
#include "tls/tls.h"

/* What a suite means; NULL if it is not one of ours. */
struct tls_suite {
	uint16_t cipher_suite;
	uint16_t version;
	enum tls_aead_algorithm algorithm;
	uint8_t key_len;
	uint8_t secret_len; /* of its hash: 32 or 48 */
	uint8_t iv_len;     /* implicit part: 4 (TLS 1.2 GCM) or 12 */
	const char *name;
};
const struct tls_suite *tls_suite_find(unsigned int cipher_suite);

/* HKDF-Expand-Label(secret, label, "", out_len) (RFC 8446 s7.1). */
int tls_expand_label(const struct tls_suite *suite, const uint8_t *secret,
    const char *label, uint8_t *out, size_t out_len);

/* Set key and iv from traffic_secret; sequence_number = 0 (s7.3). */
int tls_direction_derive(const struct tls_suite *suite,
    struct tls_direction *direction);

/* The next generation: "traffic upd", then derive (s7.2). */
int tls_direction_update(const struct tls_suite *suite,
    struct tls_direction *direction);

/* Cut a TLS 1.2 key block: client key, server key, client iv, server iv. */
#define TLS_KEY_BLOCK_MAX (2 * (TLS_KEY_MAX + TLS_IV_MAX))
size_t tls_key_block_len(const struct tls_suite *suite);
void tls_key_block_cut(const struct tls_suite *suite, const uint8_t *block,
    struct tls_direction *client, struct tls_direction *server);

#endif
