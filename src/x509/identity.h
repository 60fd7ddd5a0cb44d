/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity that a certificate gives its holder: one configured field,
 * never a list of them.
 */
#ifndef SIGNET_X509_IDENTITY_H
#define SIGNET_X509_IDENTITY_H

#include "config/config.h"
#include "lib/bytes.h"
#include "x509/compat.h"

#define X509_IDENTITY_MAX 256

/*
 * Find the identity.
 *
 * identity: a view into the certificate, 1..X509_IDENTITY_MAX bytes of UTF-8
 * without control characters, '/', '+' and '#', so that it can stand in a
 * topic; untouched on error.
 * Returns NULL; or the rule that was broken, in fixed words.
 */
const char *x509_identity_find(enum config_identity kind,
    const mbedtls_x509_crt *certificate, struct bytes *identity);

/* Is this text fit to be an identity? As above. */
const char *x509_identity_check(struct bytes text);

/* Is this well-formed UTF-8 (RFC 3629) without control characters? */
bool x509_identity_is_text(struct bytes text);

#endif
