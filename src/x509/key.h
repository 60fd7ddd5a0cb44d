/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's private key, from the bytes of its file, PEM or DER; and the
 * name of a key, by which a certificate finds it.
 */
#ifndef SIGNET_X509_KEY_H
#define SIGNET_X509_KEY_H

#include "lib/bytes.h"
#include "x509/compat.h"
#include "x509/fault.h"

/*
 * Parse a key and check that it is of a kind that TLS signs with (RSA, ECDSA on
 * P-256, P-384 or P-521), strong enough, and whole: its halves belong together.
 * What is wrong is told in words, and
 * never by a byte of the file.
 *
 * key: initialized; a secret, free with mbedtls_pk_free() also on error.
 * file: wiping it is the caller's part.
 * Returns 0 or -EINVAL.
 */
int x509_key_parse(mbedtls_pk_context *key, struct bytes file,
    mbedtls_ctr_drbg_context *random, const struct x509_fault *fault);

#define X509_KEY_ID_LEN 32

/*
 * Name a key, private or public: the SHA-256 of its SubjectPublicKeyInfo
 * (RFC 5280 s4.1.2.7) as mbedTLS writes it, points uncompressed.
 *
 * Returns 0; -EINVAL if it cannot be written.
 */
int x509_key_id(const mbedtls_pk_context *key, uint8_t id[X509_KEY_ID_LEN]);

/* Is it the key of this certificate? 0 or -EINVAL. */
int x509_key_check(const mbedtls_pk_context *key,
    const mbedtls_x509_crt *certificate, mbedtls_ctr_drbg_context *random,
    const struct x509_fault *fault);

#endif
