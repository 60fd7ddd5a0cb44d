/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "x509/identity.h"
#include "x509/pem.h"

/* 0 or an error of the library. */
static int
parse_one(mbedtls_x509_crt *certificates, struct bytes one, bool is_pem)
{
	/* mbedTLS takes PEM with a NUL behind it, DER without. */
	uint8_t *copy = memory_copy(one);
	int result = mbedtls_x509_crt_parse(certificates, copy,
	    is_pem ? one.len + 1 : one.len);

	free(copy);
	return result;
}

/* The library itself would leave out what is behind a cut one. */
int
x509_certificates_parse(mbedtls_x509_crt *certificates, struct bytes file,
    const char *setting, const struct x509_fault *fault)
{
	struct x509_pem pem = { .file = file };
	char place[X509_PEM_PLACE_MAX];
	struct bytes one;
	int found, result = 0;

	if (file.len == 0)
		return x509_fault_set(fault, "%s: the file is empty", setting);
	do {
		found = x509_pem_next(&pem, "CERTIFICATE", &one);
		if (found == 1)
			result = parse_one(certificates, one, pem.line > 0);
	} while (found == 1 && result == 0);
	if (result != 0)
		return x509_fault_set(fault,
		    "%s: %s cannot be read (mbedTLS -0x%04x)", setting,
		    x509_pem_place(&pem, "certificate", place),
		    (unsigned int)-result);
	if (found < 0)
		return x509_fault_set(fault,
		    "%s: %s has no end: the file is cut", setting,
		    x509_pem_place(&pem, "certificate", place));
	if (pem.count == 0)
		return x509_fault_set(fault,
		    "%s: there is no certificate in it", setting);
	return 0;
}

int
x509_certificates_check_dates(const mbedtls_x509_crt *certificates,
    const char *setting, int64_t now, const struct x509_fault *fault)
{
	for (; certificates != NULL; certificates = certificates->next) {
		const mbedtls_x509_time *end = &certificates->valid_to;
		int64_t left = x509_seconds(end) - now;
		char subject[X509_SUBJECT_MAX];

		x509_name_text(&certificates->subject, subject);
		if (x509_seconds(&certificates->valid_from) > now)
			x509_fault_set(fault, "%s: \"%s\" is not valid yet",
			    setting, subject);
		else if (left < 0)
			x509_fault_set(fault,
			    "%s: \"%s\" expired on %04d-%02d-%02d", setting,
			    subject, end->year, end->mon, end->day);
		else if (left < CLOCK_WARNING_SECONDS)
			x509_fault_set(fault,
			    "%s: \"%s\" expires on %04d-%02d-%02d, in %d days",
			    setting, subject, end->year, end->mon, end->day,
			    (int)(left / CLOCK_DAY_SECONDS));
		else
			continue;
		return 1;
	}
	return 0;
}

int64_t
x509_seconds(const mbedtls_x509_time *when)
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

void
x509_name_text(const mbedtls_x509_name *name, char text[X509_SUBJECT_MAX])
{
	if (mbedtls_x509_dn_gets(text, X509_SUBJECT_MAX, name) < 0)
		snprintf(text, X509_SUBJECT_MAX, "(cannot be shown)");
}

void
x509_fingerprint(const mbedtls_x509_crt *certificate,
    uint8_t fingerprint[TLS_HASH_LEN])
{
	compat_sha256(certificate->raw.p, certificate->raw.len, fingerprint);
}

/* SHA-256 of both, cut: 128 bits that nobody can meet by intent. */
static void
hash_pair(struct bytes first, struct bytes second, uint8_t id[TLS_ID_LEN])
{
	struct buffer both = { NULL, 0, 0 };
	uint8_t hash[TLS_HASH_LEN];

	buffer_reserve(&both, first.len + second.len);
	buffer_append(&both, first);
	buffer_append(&both, second);
	compat_sha256(both.data, both.len, hash);
	memcpy(id, hash, TLS_ID_LEN);
	buffer_done(&both);
}

void
x509_authority_id(const mbedtls_x509_crt *certificate, uint8_t id[TLS_ID_LEN])
{
	/* Both are DER: where the first ends is said in it. */
	hash_pair(bytes_of(certificate->subject_raw.p,
		      certificate->subject_raw.len),
	    bytes_of(certificate->pk_raw.p, certificate->pk_raw.len), id);
}

void
x509_serial_id(const uint8_t issuer[TLS_ID_LEN], struct bytes serial,
    uint8_t id[TLS_ID_LEN])
{
	while (serial.len > 1 && serial.data[0] == 0)
		serial = bytes_skip(serial, 1);
	hash_pair(bytes_of(issuer, TLS_ID_LEN), serial, id);
}

void
x509_certificate_id(const mbedtls_x509_crt *certificate,
    const uint8_t issuer[TLS_ID_LEN], struct tls_certificate_id *id)
{
	memcpy(id->issuer, issuer, TLS_ID_LEN);
	x509_serial_id(issuer,
	    bytes_of(certificate->serial.p, certificate->serial.len),
	    id->certificate);
}

bool
x509_is_self_issued(const mbedtls_x509_crt *certificate)
{
	return bytes_equal(bytes_of(certificate->issuer_raw.p,
			       certificate->issuer_raw.len),
	    bytes_of(certificate->subject_raw.p, certificate->subject_raw.len));
}

/* Fields, and the first fault that was found in them. */
struct harvest {
	struct buffer *fields;
	enum x509_fields_result result;
};

static void
add_field(struct harvest *harvest, enum tls_field_type type,
    const mbedtls_x509_buf *value)
{
	struct bytes text = bytes_of(value->p, value->len);
	enum x509_fields_result result = X509_FIELDS_COMPLETE;

	/* A NUL or the like is there to make two readers see two names. */
	if (!x509_identity_is_text(text))
		result = X509_FIELDS_MALFORMED;
	else if (!tls_field_append(harvest->fields, type, text))
		result = X509_FIELDS_TOO_MANY;
	if (harvest->result == X509_FIELDS_COMPLETE)
		harvest->result = result;
}

/* Rights are written in UTF-8: other encodings of a name are left out. */
static bool
is_text_tag(int tag)
{
	return tag == MBEDTLS_ASN1_UTF8_STRING ||
	       tag == MBEDTLS_ASN1_PRINTABLE_STRING ||
	       tag == MBEDTLS_ASN1_IA5_STRING;
}

struct bytes
x509_common_name(const mbedtls_x509_crt *certificate)
{
	const mbedtls_x509_name *name = &certificate->subject;
	struct bytes found = BYTES_NONE;
	size_t count = 0;

	for (; name != NULL; name = name->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) != 0)
			continue;
		count++;
		if (is_text_tag(name->val.tag))
			found = bytes_of(name->val.p, name->val.len);
	}
	return count == 1 && x509_identity_is_text(found) ? found : BYTES_NONE;
}

static void
add_subject(struct harvest *harvest, const mbedtls_x509_name *name)
{
	for (; name != NULL; name = name->next) {
		if (!is_text_tag(name->val.tag))
			continue;
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) == 0)
			add_field(harvest, TLS_FIELD_SUBJECT_CN, &name->val);
		else if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORGANIZATION,
			     &name->oid) == 0)
			add_field(harvest, TLS_FIELD_SUBJECT_O, &name->val);
		else if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORG_UNIT, &name->oid) ==
			 0)
			add_field(harvest, TLS_FIELD_SUBJECT_OU, &name->val);
	}
}

/*
 * The list is walked as it was received: what the library parses of it
 * differs between its versions.
 */
static void
add_alternative_names(struct harvest *harvest, const mbedtls_x509_sequence *san)
{
	for (; san != NULL && san->buf.p != NULL; san = san->next) {
		switch (san->buf.tag & X509_SAN_TAG_MASK) {
		case X509_SAN_TAG_EMAIL:
			add_field(harvest, TLS_FIELD_SAN_EMAIL, &san->buf);
			break;
		case X509_SAN_TAG_DNS:
			add_field(harvest, TLS_FIELD_SAN_DNS, &san->buf);
			break;
		case X509_SAN_TAG_URI:
			add_field(harvest, TLS_FIELD_SAN_URI, &san->buf);
			break;
		default:
			break;
		}
	}
}

static void
add_issuer(struct harvest *harvest, const mbedtls_x509_name *name)
{
	for (; name != NULL; name = name->next)
		if (is_text_tag(name->val.tag) &&
		    MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) == 0)
			add_field(harvest, TLS_FIELD_ISSUER_CN, &name->val);
}

enum x509_fields_result
x509_fields_append(const mbedtls_x509_crt *certificate, struct buffer *fields)
{
	struct harvest harvest = { fields, X509_FIELDS_COMPLETE };

	add_subject(&harvest, &certificate->subject);
	add_alternative_names(&harvest, &certificate->subject_alt_names);
	add_issuer(&harvest, &certificate->issuer);
	return harvest.result;
}
