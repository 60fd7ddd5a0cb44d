/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is learnt of a client while mbedTLS verifies its certificate chain, and
 * what its verdict means.
 */
#ifndef SIGNET_GATE_VERIFY_H
#define SIGNET_GATE_VERIFY_H

#include "config/config.h"
#include "gate/effort.h"
#include "gate/refusal.h"
#include "ipc/trust_index.h"
#include "lib/buffer.h"
#include "x509/certificate.h"

/* RFC 5280 s4.1.2.2 allows 20; what is longer is cut in the log. */
#define VERIFICATION_SERIAL_MAX 32

struct verification {
	enum config_identity kind; /* what the identity is */
	const struct ipc_trust_index *trust;
	struct effort effort;
	uint32_t flags;            /* MBEDTLS_X509_BAD*, of all links */
	enum refusal_reason fault; /* found here, not by mbedTLS */
	const char *detail;        /* of it, in fixed words */
	bool has_leaf;             /* the rest is known */
	char subject[X509_SUBJECT_MAX];
	uint8_t serial[VERIFICATION_SERIAL_MAX]; /* for the log */
	uint8_t serial_len;
	uint8_t fingerprint[TLS_HASH_LEN];
	int64_t not_after;          /* the earliest of the chain */
	uint8_t issuer[TLS_ID_LEN]; /* the id of the certificate seen last */
	char issuer_name[X509_SUBJECT_MAX]; /* of the client's own */
	uint8_t chain_count;
	struct tls_certificate_id chain[TLS_CHAIN_MAX];
	struct buffer identity;
	struct buffer fields;
};

/* trust: borrowed; what it holds when a chain is verified is what counts. */
void verification_init(struct verification *verification,
    enum config_identity kind, const struct ipc_trust_index *trust);
void verification_done(struct verification *verification);

/*
 * For mbedtls_ssl_set_verify(); context is the verification. Called for each
 * link, the trust anchor first, the client's own certificate last.
 */
int verification_on_certificate(void *context, mbedtls_x509_crt *certificate,
    int depth, uint32_t *flags);

/* Does an authority's way up hold now? Both ends belong to a validity period
 * (RFC 5280, 4.1.2.5). If it does not, that is the fault. */
void verification_judge_dates(struct verification *verification,
    const struct ipc_trust_authority *authority, int64_t now);

/*
 * Why the chain is refused, REFUSAL_NONE if it is not. flags: as
 * mbedtls_ssl_get_verify_result() gives them.
 */
enum refusal_reason verification_reason(const struct verification *verification,
    uint32_t flags);

/* What of that reason is known, in fixed words; or NULL. */
const char *verification_detail(const struct verification *verification,
    enum refusal_reason reason);

/*
 * Who the client is, if the whole chain has been seen and found good.
 *
 * peer: views into the verification; without id, address and time. Untouched
 * if the answer is false.
 */
bool verification_peer(const struct verification *verification,
    struct tls_peer *peer);

#endif
