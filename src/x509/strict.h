/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mbedTLS lets pass in a certificate and RFC 5280 does not.
 */
#ifndef SIGNET_X509_STRICT_H
#define SIGNET_X509_STRICT_H

#include "x509/compat.h"

/* RFC 5280 s4.1.2.2; a zero that keeps the number positive is not counted. */
#define X509_SERIAL_LEN_MAX 20

/* More than anybody needs, and few enough to compare each with each. */
#define X509_EXTENSIONS_MAX 64

/*
 * Why the certificate must be refused, in fixed words of the log, or NULL:
 *
 * "serial-number-length" it is empty or longer than X509_SERIAL_LEN_MAX
 * "no-extensions"        there is a list, and nothing in it (RFC 5280 s4.1)
 * "extension-twice"      one occurs more than once (s4.2)
 * "too-many-extensions"  more than X509_EXTENSIONS_MAX
 * "name-constraints"     they must be heeded (s4.2.1.10), which mbedTLS cannot:
 *                        it refuses the critical ones, and ignores others
 * "malformed-extension"  anything else
 */
const char *x509_strict_fault(const mbedtls_x509_crt *certificate);

/*
 * Why a key that a client has sent may not be used, in fixed words of the log,
 * or NULL: what the allowed ones cost is known.
 *
 * "rsa-modulus-length"  more than X509_RSA_BITS_MAX
 * "rsa-exponent-length" more than X509_RSA_EXPONENT_BITS_MAX
 * "elliptic-curve"      neither P-256, P-384 nor P-521; others take up to seven
 *                       times as long
 * "key-type"            any other
 */
const char *x509_public_key_fault(const mbedtls_pk_context *key);

#endif
