/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/verify.h"

#include "x509/identity.h"

void
verification_init(struct verification *verification, enum config_identity kind)
{
	*verification = (struct verification){ .kind = kind,
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
	if (verification->fault != REFUSAL_NONE)
		return;
	verification->fault = fault;
	verification->detail = detail;
}

static void
add_link(struct verification *verification, const mbedtls_x509_crt *certificate,
    int depth)
{
	int64_t not_after = x509_seconds(&certificate->valid_to);

	if (depth < 0 || depth >= TLS_CHAIN_MAX) {
		set_fault(verification, REFUSAL_CHAIN_TOO_LONG, NULL);
		return;
	}
	if (depth >= verification->chain_count)
		verification->chain_count = (uint8_t)(depth + 1);
	if (not_after < verification->not_after)
		verification->not_after = not_after;
	if (!x509_certificate_id(certificate, &verification->chain[depth]))
		set_fault(verification, REFUSAL_MALFORMED_CERTIFICATE,
		    "serial-number-length");
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
	x509_fingerprint(certificate, verification->fingerprint);
	fault = x509_identity_append(verification->kind, certificate,
	    &verification->identity);
	if (fault != NULL)
		set_fault(verification, REFUSAL_IDENTITY_INVALID, fault);
	add_fields(verification, certificate);
}

int
verification_on_certificate(void *context, mbedtls_x509_crt *certificate,
    int depth, uint32_t *flags)
{
	struct verification *verification = context;

	add_link(verification, certificate, depth);
	if (depth == 0 && !verification->has_leaf)
		add_leaf(verification, certificate);
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

enum refusal_reason
verification_reason(const struct verification *verification, uint32_t flags)
{
	if (flags == UINT32_MAX)
		return REFUSAL_NONE; /* nothing was verified */
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (flags & verdicts[i].flag)
			return verdicts[i].reason;
	if (verification->fault != REFUSAL_NONE)
		return verification->fault;
	return flags == 0 ? REFUSAL_NONE : REFUSAL_MALFORMED_CERTIFICATE;
}

bool
verification_is_complete(const struct verification *verification)
{
	return verification->has_leaf && verification->flags == 0 &&
	       verification->fault == REFUSAL_NONE &&
	       verification->chain_count > 0 && verification->identity.len > 0;
}
