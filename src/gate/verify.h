/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is learnt of a client while mbedTLS verifies its certificate chain, and
 * what its verdict means.
 */
#ifndef SIGNET_GATE_VERIFY_H
#define SIGNET_GATE_VERIFY_H

#include "config/config.h"
#include "gate/refusal.h"
#include "lib/buffer.h"
#include "x509/certificate.h"

struct verification {
	enum config_identity kind; /* what the identity is */
	uint32_t flags;            /* MBEDTLS_X509_BAD*, of all links */
	enum refusal_reason fault; /* found here, not by mbedTLS */
	const char *detail;        /* of it, in fixed words */
	bool has_leaf;             /* the rest is known */
	char subject[X509_SUBJECT_MAX];
	uint8_t fingerprint[TLS_HASH_LEN];
	int64_t not_after; /* the earliest of the chain */
	uint8_t chain_count;
	struct tls_certificate_id chain[TLS_CHAIN_MAX];
	struct buffer identity;
	struct buffer fields;
};

void verification_init(struct verification *verification,
    enum config_identity kind);
void verification_done(struct verification *verification);

/*
 * For mbedtls_ssl_set_verify(); context is the verification. Called for each
 * link, the trust anchor first, the client's own certificate last.
 */
int verification_on_certificate(void *context, mbedtls_x509_crt *certificate,
    int depth, uint32_t *flags);

/*
 * Why the chain is refused, REFUSAL_NONE if it is not. flags: as
 * mbedtls_ssl_get_verify_result() gives them.
 */
enum refusal_reason verification_reason(const struct verification *verification,
    uint32_t flags);

/* Has the whole chain been seen and found good? */
bool verification_is_complete(const struct verification *verification);

#endif
