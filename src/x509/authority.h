/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authorities of tls.client_ca: anchors, which sign themselves, and
 * intermediates, each of which leads to an anchor of the same file.
 */
#ifndef SIGNET_X509_AUTHORITY_H
#define SIGNET_X509_AUTHORITY_H

#include "x509/certificate.h"

#define X509_AUTHORITIES_MAX 4096
/* As many CAs may stand below it as like. */
#define X509_ANY_LENGTH UINT16_MAX
/* An authority and those above it. */
#define X509_AUTHORITY_LEVELS (TLS_CHAIN_MAX - 1)

struct x509_authority {
	const mbedtls_x509_crt *certificate;
	uint8_t id[TLS_ID_LEN];
	uint32_t parent;     /* its issuer's number; an anchor's: its own */
	uint16_t length_max; /* CAs below it, by itself and all above it */
	uint8_t level;       /* 0: an anchor */
	int64_t not_before;  /* the latest of it and all above it */
	int64_t not_after;   /* the earliest of them */
};

struct x509_authorities {
	size_t count;
	struct x509_authority *items;
};

/*
 * Find out who has issued whom (RFC 5280 s6.1: names, signatures, CA:TRUE,
 * keyCertSign, path lengths). Dates are kept, not judged. What is no CA's
 * certificate, or there twice, is left out.
 *
 * certificates: borrowed as long as the authorities are used.
 * authorities: returned, free with x509_authorities_done(); empty on error.
 * Returns 0; -EINVAL if there is none, or one whose issuer is not there.
 */
int x509_authorities_find(const mbedtls_x509_crt *certificates,
    struct x509_authorities *authorities, const struct x509_fault *fault);

/*
 * The common name of the anchor that a chain ends in, by names and signatures
 * alone: whether it may be trusted is not looked at.
 *
 * chain: the client's own certificate first, each one's issuer behind it, as
 * far as it is not one of the authorities.
 * Returns a view into the anchor; BYTES_NONE if it ends in none, or in one
 * without such a name (x509_common_name()).
 */
struct bytes
x509_authorities_anchor_name(const struct x509_authorities *authorities,
    const mbedtls_x509_crt *chain);

void x509_authorities_done(struct x509_authorities *authorities);

#endif
