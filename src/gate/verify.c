/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/verify.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "proc/chain.h"
#include "x509/identity.h"
#include "x509/strict.h"

_Static_assert(CONFIG_IDENTITY_FINGERPRINT == TLS_IDENTITY_KIND_MAX,
    "an identity is handed over with its kind");

void
verification_init(struct verification *verification, enum config_identity kind,
    const struct ipc_trust_index *trust)
{
	*verification = (struct verification){ .kind = kind,
		.trust = trust,
		.not_after = INT64_MAX };
}

void
verification_done(struct verification *verification)
{
	buffer_done(&verification->identity);
	buffer_done(&verification->fields);
}

/* The first fault is the one that is told. */
static void
set_fault(struct verification *verification, enum refusal_reason fault,
    const char *detail)
{
	if (verification->fault != REFUSAL_NONE || fault == REFUSAL_NONE)
		return;
	verification->fault = fault;
	verification->detail = detail;
}

void
verification_judge_dates(struct verification *verification,
    const struct ipc_trust_authority *authority, int64_t now)
{
	if (now < authority->not_before)
		set_fault(verification, REFUSAL_CERTIFICATE_NOT_YET_VALID,
		    "an-authority's");
	if (now > authority->not_after)
		set_fault(verification, REFUSAL_CERTIFICATE_EXPIRED,
		    "an-authority's");
	if (authority->not_after < verification->not_after)
		verification->not_after = authority->not_after;
}

/* A link above what the library has seen. */
static void
add_known(struct verification *verification,
    const struct ipc_trust_index *trust,
    const struct ipc_trust_authority *authority, struct tls_certificate_id *id)
{
	struct ipc_trust_authority issuer;

	if (!ipc_trust_authority_at(trust, authority->parent, &issuer))
		panic("who leads to an anchor has an issuer");
	memcpy(id->issuer, issuer.id, TLS_ID_LEN);
	memcpy(id->certificate, authority->certificate, TLS_ID_LEN);
	verification->chain_count++;
}

/*
 * Rights may demand the anchor, whose name stands in tls.client_ca: any CA
 * below one can call itself as it likes. One without a name has no field.
 */
static void
add_anchor(struct verification *verification,
    const struct ipc_trust_authority *anchor)
{
	if (anchor->name_len > 0 &&
	    !tls_field_append(&verification->fields, TLS_FIELD_AUTHORITY_CN,
		bytes_of(anchor->name, anchor->name_len)))
		panic("an anchor's name is the first of the fields");
}

/*
 * The first certificate that is seen is one of ours, or the chain is not
 * trusted. An intermediate has others above it, which were verified when the
 * index was made.
 */
static void
begin_chain(struct verification *verification,
    const mbedtls_x509_crt *certificate, int depth)
{
	const struct ipc_trust_index *trust = verification->trust;
	struct ipc_trust_authority authority, issuer;
	uint8_t fingerprint[TLS_HASH_LEN];
	uint32_t number;

	verification->chain_count = (uint8_t)(depth + 1);
	x509_authority_id(certificate, verification->issuer);
	x509_fingerprint(certificate, fingerprint);
	if (!ipc_trust_authority_find(trust, fingerprint, &authority,
		&number)) {
		set_fault(verification, REFUSAL_UNKNOWN_CA, NULL);
		return;
	}
	if (depth - 1 > authority.length_max)
		set_fault(verification, REFUSAL_UNKNOWN_CA, "path-length");
	verification_judge_dates(verification, &authority,
	    clock_realtime_seconds());
	if (!ipc_trust_authority_at(trust, authority.parent, &issuer))
		panic("who leads to an anchor has an issuer");
	memcpy(verification->issuer, issuer.id, TLS_ID_LEN);
	while (authority.parent != number) {
		struct tls_certificate_id
		    *id = &verification->chain[verification->chain_count];

		if (verification->chain_count >= TLS_CHAIN_MAX) {
			set_fault(verification, REFUSAL_CHAIN_TOO_LONG, NULL);
			return;
		}
		number = authority.parent;
		if (!ipc_trust_authority_at(trust, number, &authority))
			panic("who leads to an anchor has an issuer");
		add_known(verification, trust, &authority, id);
	}
	add_anchor(verification, &authority);
}

static void
add_link(struct verification *verification, const mbedtls_x509_crt *certificate,
    int depth)
{
	int64_t not_after = x509_seconds(&certificate->valid_to);
	bool is_first = verification->chain_count == 0;

	if (depth < 0 || depth >= TLS_CHAIN_MAX) {
		set_fault(verification, REFUSAL_CHAIN_TOO_LONG, NULL);
		return;
	}
	if (not_after < verification->not_after)
		verification->not_after = not_after;
	if (is_first)
		begin_chain(verification, certificate, depth);
	x509_certificate_id(certificate, verification->issuer,
	    &verification->chain[depth]);
	x509_authority_id(certificate, verification->issuer);
}

static void
add_fields(struct verification *verification,
    const mbedtls_x509_crt *certificate)
{
	switch (x509_fields_append(certificate, &verification->fields)) {
	case X509_FIELDS_COMPLETE:
		break;
	case X509_FIELDS_MALFORMED:
		set_fault(verification, REFUSAL_MALFORMED_CERTIFICATE,
		    "characters-in-a-name");
		break;
	case X509_FIELDS_TOO_MANY:
		set_fault(verification, REFUSAL_TOO_MANY_FIELDS, NULL);
		break;
	}
}

static void
add_leaf(struct verification *verification, const mbedtls_x509_crt *certificate)
{
	const char *fault;

	verification->has_leaf = true;
	x509_name_text(&certificate->subject, verification->subject);
	x509_name_text(&certificate->issuer, verification->issuer_name);
	x509_fingerprint(certificate, verification->fingerprint);
	verification->serial_len = (uint8_t)(certificate->serial.len <
						     VERIFICATION_SERIAL_MAX
						 ? certificate->serial.len
						 : VERIFICATION_SERIAL_MAX);
	memcpy(verification->serial, certificate->serial.p,
	    verification->serial_len);
	fault = x509_public_key_fault(&certificate->pk);
	if (fault != NULL)
		set_fault(verification, REFUSAL_UNSUPPORTED_KEY, fault);
	fault = x509_identity_append(verification->kind, certificate,
	    &verification->identity);
	if (fault != NULL)
		set_fault(verification, REFUSAL_IDENTITY_INVALID, fault);
	add_fields(verification, certificate);
}

static enum refusal_reason
reason_of(enum ipc_trust_verdict verdict)
{
	switch (verdict) {
	case IPC_TRUST_GOOD:
		break;
	case IPC_TRUST_REVOKED:
		return REFUSAL_CERTIFICATE_REVOKED;
	case IPC_TRUST_ANCHOR_GONE:
		return REFUSAL_UNKNOWN_CA;
	case IPC_TRUST_CRL_MISSING:
		return REFUSAL_CRL_MISSING;
	case IPC_TRUST_CRL_ENDED:
		return REFUSAL_CRL_EXPIRED;
	}
	return REFUSAL_NONE;
}

/* The whole chain is known: what do the CRLs say of it? */
static void
judge_chain(struct verification *verification, uint32_t *flags)
{
	enum ipc_trust_verdict verdict = proc_chain_check(verification->trust,
	    verification->chain, verification->chain_count,
	    clock_realtime_seconds());

	if (verdict == IPC_TRUST_REVOKED)
		*flags |= MBEDTLS_X509_BADCERT_REVOKED;
	set_fault(verification, reason_of(verdict),
	    verdict != IPC_TRUST_REVOKED ? NULL
	    : ipc_trust_is_revoked(verification->trust,
		  verification->chain[0].certificate)
		? "the-client's-own"
		: "an-authority's");
}

int
verification_on_certificate(void *context, mbedtls_x509_crt *certificate,
    int depth, uint32_t *flags)
{
	struct verification *verification = context;
	const char *fault = NULL;

	/* mbedTLS leaves a certificate out that is signed in an unknown way. */
	if (certificate->raw.len == 0)
		set_fault(verification, REFUSAL_UNSUPPORTED_SIGNATURE, NULL);
	else
		fault = x509_strict_fault(certificate);
	if (fault != NULL)
		set_fault(verification, REFUSAL_MALFORMED_CERTIFICATE, fault);
	if (certificate->raw.len > 0) {
		add_link(verification, certificate, depth);
		if (depth == 0 && !verification->has_leaf)
			add_leaf(verification, certificate);
	}
	if (depth == 0 && verification->chain_count > 0)
		judge_chain(verification, flags);
	if (depth == 0)
		effort_expect_proof(&verification->effort);
	if (verification->fault != REFUSAL_NONE)
		*flags |= MBEDTLS_X509_BADCERT_OTHER;
	verification->flags |= *flags;
	return 0;
}

/* What weighs most comes first: an unknown CA's dates mean nothing. */
static const struct {
	uint32_t flag;
	enum refusal_reason reason;
} verdicts[] = {
	{ MBEDTLS_X509_BADCERT_MISSING, REFUSAL_NO_CERTIFICATE },
	{ MBEDTLS_X509_BADCERT_NOT_TRUSTED, REFUSAL_UNKNOWN_CA },
	{ MBEDTLS_X509_BADCERT_REVOKED, REFUSAL_CERTIFICATE_REVOKED },
	{ MBEDTLS_X509_BADCERT_EXPIRED, REFUSAL_CERTIFICATE_EXPIRED },
	{ MBEDTLS_X509_BADCERT_FUTURE, REFUSAL_CERTIFICATE_NOT_YET_VALID },
	{ MBEDTLS_X509_BADCERT_BAD_MD, REFUSAL_WEAK_SIGNATURE_HASH },
	{ MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY,
	    REFUSAL_WEAK_KEY },
	{ MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
		MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
	    REFUSAL_WRONG_EXTENDED_KEY_USAGE },
	{ MBEDTLS_X509_BADCERT_KEY_USAGE, REFUSAL_WRONG_KEY_USAGE },
};

static enum refusal_reason
reason_of_flags(uint32_t flags)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (flags & verdicts[i].flag)
			return verdicts[i].reason;
	return REFUSAL_NONE;
}

enum refusal_reason
verification_reason(const struct verification *verification, uint32_t flags)
{
	enum refusal_reason reason;

	if (flags == UINT32_MAX)
		return REFUSAL_NONE; /* nothing was verified */
	if (verification->fault == REFUSAL_UNSUPPORTED_SIGNATURE)
		return verification->fault;
	/* It is not trusted because of that, or might be but for that. */
	if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) &&
	    verification->effort.fault != REFUSAL_NONE)
		return verification->effort.fault;
	reason = reason_of_flags(flags);
	/* mbedTLS calls those too short and the others alike. */
	if (reason == REFUSAL_WEAK_KEY &&
	    verification->fault == REFUSAL_UNSUPPORTED_KEY)
		return verification->fault;
	if (reason != REFUSAL_NONE)
		return reason;
	if (verification->fault != REFUSAL_NONE)
		return verification->fault;
	return flags == 0 ? REFUSAL_NONE : REFUSAL_MALFORMED_CERTIFICATE;
}

const char *
verification_detail(const struct verification *verification,
    enum refusal_reason reason)
{
	if (reason == verification->fault)
		return verification->detail;
	if (reason == verification->effort.fault)
		return verification->effort.detail;
	return NULL;
}

static bool
is_complete(const struct verification *verification)
{
	return verification->has_leaf && verification->flags == 0 &&
	       verification->fault == REFUSAL_NONE &&
	       verification->chain_count > 0 && verification->identity.len > 0;
}

bool
verification_peer(const struct verification *verification,
    struct tls_peer *peer)
{
	if (!is_complete(verification))
		return false;
	*peer = (struct tls_peer){
		.not_after = verification->not_after,
		.identity_kind = (uint8_t)verification->kind,
		.identity = buffer_view(&verification->identity),
		.chain_count = verification->chain_count,
		.fields = buffer_view(&verification->fields),
	};
	memcpy(peer->fingerprint, verification->fingerprint, TLS_HASH_LEN);
	memcpy(peer->chain, verification->chain, sizeof(peer->chain));
	return true;
}
