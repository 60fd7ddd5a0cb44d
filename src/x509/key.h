/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's private key, from the bytes of its file: PEM or DER.
 */
#ifndef SIGNET_X509_KEY_H
#define SIGNET_X509_KEY_H

#include "lib/bytes.h"
#include "x509/compat.h"
#include "x509/fault.h"

/*
 * Parse a key and check that it is strong enough.
 *
 * key: initialized; a secret, free with mbedtls_pk_free() also on error.
 * file: wiping it is the caller's part.
 * Returns 0 or -EINVAL.
 */
int x509_key_parse(mbedtls_pk_context *key, struct bytes file,
    mbedtls_ctr_drbg_context *random, const struct x509_fault *fault);

/* Is it the key of this certificate? 0 or -EINVAL. */
int x509_key_check(const mbedtls_pk_context *key,
    const mbedtls_x509_crt *certificate, mbedtls_ctr_drbg_context *random,
    const struct x509_fault *fault);

#endif
