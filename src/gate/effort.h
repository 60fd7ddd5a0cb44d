/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may have a gate compute to verify it.
 *
 * mbedTLS verifies signatures with every key that it can read, whatever that
 * costs, and with as many as a client sends, before it judges any of them. Its
 * X.509 and TLS parts call mbedtls_pk_verify() and mbedtls_pk_verify_ext();
 * effort.c has these (gate/interpose.h) and lets through what is bounded: keys
 * of kinds that are accepted from clients, until what they have cost together
 * is more than a good chain costs. What was not let through is not verified, so
 * that the chain is not trusted.
 */
#ifndef SIGNET_GATE_EFFORT_H
#define SIGNET_GATE_EFFORT_H

#include "gate/refusal.h"
#include "x509/compat.h"

/*
 * What a signature costs to verify, in thirds of one with P-256: 0.5 to 1 ms
 * with mbedTLS 2.28. The longest RSA key that clients may use, with the longest
 * exponent, takes less than 1.
 */
#define EFFORT_RSA      1
#define EFFORT_RSA_LONG 4 /* an authority's, of up to 8192 bits */
#define EFFORT_P256     3
#define EFFORT_P384     5
#define EFFORT_P521     7 /* and curves that only authorities may have */

/*
 * What a chain may cost: a full one (TLS_CHAIN_MAX) with P-256, one of three
 * intermediates with P-384 or of two with P-521 (docs/certificates.md).
 */
#define EFFORT_CHAIN_MAX 21

/* In one handshake. */
struct effort {
	const mbedtls_x509_crt *authorities; /* or NULL */
	unsigned int cost;                   /* so far */
	const unsigned char *held; /* the signature that was held last */
	enum refusal_reason fault; /* why one was not let through, */
	const char *detail;        /* the first; in fixed words */
};

/*
 * authorities: tls.client_ca; borrowed between effort_begin() and effort_end().
 * Their keys are the operator's choice: of any length, and as many of one name
 * as there are. To hold a certificate against all these costs as much as against
 * the first.
 */
void effort_init(struct effort *effort, const mbedtls_x509_crt *authorities);

/* What this process verifies from now on counts for this one. mbedTLS leaves no
 * room for a context with the key, so there is one for the process. */
void effort_begin(struct effort *effort);
void effort_end(void);

/* The chain is done. What comes is the proof that the client has its key. */
void effort_expect_proof(struct effort *effort);

#endif
