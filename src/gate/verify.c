/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/verify.h"

#include <stdio.h>
#include <time.h>

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

#include "gate/identity.h"

/* The tags of GeneralName (RFC 5280 s4.2.1.6). */
#define SAN_TAG_MASK  0x1f
#define SAN_TAG_EMAIL 1
#define SAN_TAG_DNS   2
#define SAN_TAG_URI   6

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

int64_t
verification_seconds(const mbedtls_x509_time *when)
{
	struct tm utc = {
		.tm_year = when->year - 1900,
		.tm_mon = when->mon - 1,
		.tm_mday = when->day,
		.tm_hour = when->hour,
		.tm_min = when->min,
		.tm_sec = when->sec,
	};

	return timegm(&utc);
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
	int64_t not_after = verification_seconds(&certificate->valid_to);
	struct tls_certificate_id *id;

	if (depth < 0 || depth >= TLS_CHAIN_MAX) {
		set_fault(verification, REFUSAL_CHAIN_TOO_LONG, NULL);
		return;
	}
	if (depth >= verification->chain_count)
		verification->chain_count = (uint8_t)(depth + 1);
	if (not_after < verification->not_after)
		verification->not_after = not_after;
	id = &verification->chain[depth];
	if (certificate->serial.len == 0 ||
	    certificate->serial.len > TLS_SERIAL_MAX) {
		set_fault(verification, REFUSAL_MALFORMED_CERTIFICATE,
		    "serial-number-length");
		return;
	}
	id->serial_len = (uint8_t)certificate->serial.len;
	memcpy(id->serial, certificate->serial.p, certificate->serial.len);
	compat_sha256(certificate->issuer_raw.p, certificate->issuer_raw.len,
	    id->issuer_hash);
}

static void
add_field(struct verification *verification, enum tls_field_type type,
    const mbedtls_x509_buf *value)
{
	struct bytes text = bytes_of(value->p, value->len);

	/* A NUL or the like is there to make two readers see two names. */
	if (!identity_is_text(text)) {
		set_fault(verification, REFUSAL_MALFORMED_CERTIFICATE,
		    "characters-in-a-name");
		return;
	}
	if (!tls_field_append(&verification->fields, type, text))
		set_fault(verification, REFUSAL_TOO_MANY_FIELDS, NULL);
}

/* Rights are written in UTF-8: other encodings of a name are left out. */
static bool
is_text_tag(int tag)
{
	return tag == MBEDTLS_ASN1_UTF8_STRING ||
	       tag == MBEDTLS_ASN1_PRINTABLE_STRING ||
	       tag == MBEDTLS_ASN1_IA5_STRING;
}

static void
add_subject(struct verification *verification, const mbedtls_x509_name *name)
{
	for (; name != NULL; name = name->next) {
		if (!is_text_tag(name->val.tag))
			continue;
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) == 0)
			add_field(verification, TLS_FIELD_SUBJECT_CN,
			    &name->val);
		else if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORGANIZATION,
			     &name->oid) == 0)
			add_field(verification, TLS_FIELD_SUBJECT_O,
			    &name->val);
		else if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORG_UNIT, &name->oid) ==
			 0)
			add_field(verification, TLS_FIELD_SUBJECT_OU,
			    &name->val);
	}
}

/*
 * The list is walked as it was received: what the library parses of it
 * differs between its versions.
 */
static void
add_alternative_names(struct verification *verification,
    const mbedtls_x509_sequence *san)
{
	for (; san != NULL && san->buf.p != NULL; san = san->next) {
		switch (san->buf.tag & SAN_TAG_MASK) {
		case SAN_TAG_EMAIL:
			add_field(verification, TLS_FIELD_SAN_EMAIL, &san->buf);
			break;
		case SAN_TAG_DNS:
			add_field(verification, TLS_FIELD_SAN_DNS, &san->buf);
			break;
		case SAN_TAG_URI:
			add_field(verification, TLS_FIELD_SAN_URI, &san->buf);
			break;
		default:
			break;
		}
	}
}

static void
add_issuer(struct verification *verification, const mbedtls_x509_name *name)
{
	for (; name != NULL; name = name->next)
		if (is_text_tag(name->val.tag) &&
		    MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) == 0)
			add_field(verification, TLS_FIELD_ISSUER_CN,
			    &name->val);
}

static void
add_leaf(struct verification *verification, const mbedtls_x509_crt *certificate)
{
	struct bytes identity = BYTES_NONE;
	const char *fault;

	verification->has_leaf = true;
	if (mbedtls_x509_dn_gets(verification->subject,
		sizeof(verification->subject), &certificate->subject) < 0)
		snprintf(verification->subject, sizeof(verification->subject),
		    "(too long)");
	compat_sha256(certificate->raw.p, certificate->raw.len,
	    verification->fingerprint);
	fault = identity_find(verification->kind, certificate, &identity);
	if (fault != NULL)
		set_fault(verification, REFUSAL_IDENTITY_INVALID, fault);
	buffer_append(&verification->identity, identity);
	add_subject(verification, &certificate->subject);
	add_alternative_names(verification, &certificate->subject_alt_names);
	add_issuer(verification, &certificate->issuer);
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
