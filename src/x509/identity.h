/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity that a certificate gives its holder: one configured field,
 * never a list of them.
 */
#ifndef SIGNET_X509_IDENTITY_H
#define SIGNET_X509_IDENTITY_H

#include "config/config.h"
#include "lib/buffer.h"
#include "tls/handover.h"
#include "x509/compat.h"

#define X509_IDENTITY_MAX TLS_IDENTITY_MAX

/*
 * Find the identity. The certificate has to have exactly one field of that
 * kind.
 *
 * identity: appended to, 1..X509_IDENTITY_MAX bytes of UTF-8 without control
 * characters, '+', '#' and, unless it is a URI, '/', so that it can stand in a
 * topic; untouched on error. A fingerprint is in hexadecimal, in lower case.
 * Returns NULL; or the rule that was broken, in fixed words.
 */
const char *x509_identity_append(enum config_identity kind,
    const mbedtls_x509_crt *certificate, struct buffer *identity);

/* Is this text fit to be an identity of that kind? As above. */
const char *x509_identity_check(enum config_identity kind, struct bytes text);

/* Is this well-formed UTF-8 (RFC 3629) without control characters? */
bool x509_identity_is_text(struct bytes text);

#endif
