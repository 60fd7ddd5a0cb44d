/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has signed a certificate or a CRL.
 */
#ifndef SIGNET_X509_SIGNATURE_H
#define SIGNET_X509_SIGNATURE_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "x509/compat.h"

/* What is signed and how; views into what it was taken from. */
struct x509_signature {
	struct bytes content;
	struct bytes value;
	mbedtls_md_type_t hash;
	mbedtls_pk_type_t algorithm;
	const void *options;
};

struct x509_signature x509_signature_of_certificate(
    const mbedtls_x509_crt *certificate);
struct x509_signature x509_signature_of_crl(const mbedtls_x509_crl *crl);

/* SHA-256, SHA-384 or SHA-512? Others are not accepted from anybody. */
bool x509_signature_is_strong(const struct x509_signature *signature);

/* Is it by the key of this certificate, and the key a strong one? */
bool x509_signature_is_by(const struct x509_signature *signature,
    const mbedtls_x509_crt *signer);

#endif
