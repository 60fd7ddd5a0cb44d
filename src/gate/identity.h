/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity that a certificate gives its holder: one configured field,
 * never a list of them.
 */
#ifndef SIGNET_GATE_IDENTITY_H
#define SIGNET_GATE_IDENTITY_H

#include "config/config.h"
#include "gate/compat.h"
#include "lib/bytes.h"

#define IDENTITY_MAX 256

/*
 * Find the identity.
 *
 * identity: a view into the certificate, 1..IDENTITY_MAX bytes of UTF-8
 * without control characters, '/', '+' and '#', so that it can stand in a
 * topic; untouched on error.
 * Returns NULL; or the rule that was broken, in fixed words.
 */
const char *identity_find(enum config_identity kind,
    const mbedtls_x509_crt *certificate, struct bytes *identity);

/* Is this text fit to be an identity? As above. */
const char *identity_check(struct bytes text);

/* Is this well-formed UTF-8 (RFC 3629) without control characters? */
bool identity_is_text(struct bytes text);

#endif
