/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may have a gate compute to verify it.
 *
 * mbedTLS verifies signatures with every key that it can read, whatever that
 * costs, and with as many as a client sends, before it judges any of them. Its
 * X.509 and TLS parts call mbedtls_pk_verify() and mbedtls_pk_verify_ext();
 * effort.c has these (gate/interpose.h) and lets through what is bounded: keys
 * of kinds that are accepted from clients, and no more signatures than the
 * longest chain has. What was not let through is not verified, so that the
 * chain is not trusted.
 */
#ifndef SIGNET_GATE_EFFORT_H
#define SIGNET_GATE_EFFORT_H

#include "gate/refusal.h"
#include "tls/handover.h"
#include "x509/compat.h"

/* Signatures by keys that the client has sent: those of a chain of the most
 * links, whose last one is an authority's. */
#define EFFORT_SENT_MAX (TLS_CHAIN_MAX - 1)
/*
 * Certificates that are held against authorities of their issuer's name: the
 * last of a chain, and those whose issuer merely bears such a name.
 */
#define EFFORT_HELD_MAX 4

/* In one handshake. */
struct effort {
	const mbedtls_x509_crt *authorities; /* or NULL */
	unsigned int sent_count;
	unsigned int held_count;
	const unsigned char *held; /* the signature that was held last */
	enum refusal_reason fault; /* why one was not let through, */
	const char *detail;        /* the first; in fixed words */
};

/*
 * authorities: tls.client_ca; borrowed between effort_begin() and effort_end().
 * Their keys are the operator's choice: of any length, and as many of one name
 * as there are.
 */
void effort_init(struct effort *effort, const mbedtls_x509_crt *authorities);

/* What this process verifies from now on counts for this one. mbedTLS leaves no
 * room for a context with the key, so there is one for the process. */
void effort_begin(struct effort *effort);
void effort_end(void);

/* The chain is done. What comes is the proof that the client has its key. */
void effort_expect_proof(struct effort *effort);

#endif
