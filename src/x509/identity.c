/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/identity.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

#include "x509/certificate.h"

/*
 * The next code point of UTF-8; returns its length, 0 if it is ill-formed
 * (RFC 3629 s4: also overlong forms, surrogates, beyond U+10FFFF).
 */
static size_t
next_code_point(struct bytes text, uint32_t *code_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = text.data[0];
	size_t len = first < 0x80             ? 1
		     : (first & 0xe0) == 0xc0 ? 2
		     : (first & 0xf0) == 0xe0 ? 3
		     : (first & 0xf8) == 0xf0 ? 4
					      : 0;
	uint32_t value = len == 1 ? first : first & (0x7fu >> len);

	if (len == 0 || len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (text.data[i] & 0x3f);
	}
	if (value < least[len] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code_point = value;
	return len;
}

static bool
is_control(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f);
}

static const char *
check_text(struct bytes text)
{
	while (text.len > 0) {
		uint32_t code_point;
		size_t len = next_code_point(text, &code_point);

		if (len == 0)
			return "not-utf-8";
		if (is_control(code_point))
			return "control-character";
		text = bytes_skip(text, len);
	}
	return NULL;
}

bool
x509_identity_is_text(struct bytes text)
{
	return check_text(text) == NULL;
}

static bool
has_byte(struct bytes text, uint8_t byte)
{
	return text.len > 0 && memchr(text.data, byte, text.len) != NULL;
}

const char *
x509_identity_check(enum config_identity kind, struct bytes text)
{
	if (text.len == 0)
		return "empty";
	if (text.len > X509_IDENTITY_MAX)
		return "too-long";
	if (has_byte(text, '+') || has_byte(text, '#') ||
	    (has_byte(text, '/') && kind != CONFIG_IDENTITY_SAN_URI))
		return "reserved-character";
	/* A name for many is nobody's. */
	if (kind == CONFIG_IDENTITY_SAN_DNS && has_byte(text, '*'))
		return "wildcard-name";
	return check_text(text);
}

static const char *
find_common_name(const mbedtls_x509_crt *certificate, struct bytes *name)
{
	const mbedtls_x509_name *found = NULL;

	for (const mbedtls_x509_name *at = &certificate->subject; at != NULL;
	     at = at->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &at->oid) != 0)
			continue;
		if (found != NULL)
			return "several-common-names";
		found = at;
	}
	if (found == NULL)
		return "no-common-name";
	if (found->val.tag != MBEDTLS_ASN1_UTF8_STRING &&
	    found->val.tag != MBEDTLS_ASN1_PRINTABLE_STRING)
		return "string-type";
	*name = bytes_of(found->val.p, found->val.len);
	return NULL;
}

/* An IA5String is ASCII (RFC 5280 s4.2.1.6). */
static bool
is_ascii(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] >= 0x80)
			return false;
	return true;
}

/* A name in subjectAltName, which is a list of all kinds as received. */
static const char *
find_alternative_name(const mbedtls_x509_crt *certificate, uint8_t tag,
    const char *const faults[2], struct bytes *name)
{
	const mbedtls_x509_buf *found = NULL;

	for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names;
	     at != NULL && at->buf.p != NULL; at = at->next) {
		if ((at->buf.tag & X509_SAN_TAG_MASK) != tag)
			continue;
		if (found != NULL)
			return faults[1];
		found = &at->buf;
	}
	if (found == NULL)
		return faults[0];
	*name = bytes_of(found->p, found->len);
	return is_ascii(*name) ? NULL : "string-type";
}

static const char *
find_name(enum config_identity kind, const mbedtls_x509_crt *certificate,
    struct bytes *name)
{
	static const char *const dns_faults[] = { "no-dns-name",
		"several-dns-names" };
	static const char *const uri_faults[] = { "no-uri", "several-uris" };
	static const char *const email_faults[] = { "no-email-address",
		"several-email-addresses" };

	switch (kind) {
	case CONFIG_IDENTITY_SUBJECT_CN:
		return find_common_name(certificate, name);
	case CONFIG_IDENTITY_SAN_DNS:
		return find_alternative_name(certificate, X509_SAN_TAG_DNS,
		    dns_faults, name);
	case CONFIG_IDENTITY_SAN_URI:
		return find_alternative_name(certificate, X509_SAN_TAG_URI,
		    uri_faults, name);
	case CONFIG_IDENTITY_SAN_EMAIL:
		return find_alternative_name(certificate, X509_SAN_TAG_EMAIL,
		    email_faults, name);
	default:
		return "unknown-kind";
	}
}

static void
append_fingerprint(const mbedtls_x509_crt *certificate, struct buffer *identity)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t fingerprint[TLS_HASH_LEN];

	x509_fingerprint(certificate, fingerprint);
	for (size_t i = 0; i < sizeof(fingerprint); i++) {
		const char byte[] = { digits[fingerprint[i] >> 4],
			digits[fingerprint[i] & 15] };

		buffer_append(identity, bytes_of(byte, sizeof(byte)));
	}
}

const char *
x509_identity_append(enum config_identity kind,
    const mbedtls_x509_crt *certificate, struct buffer *identity)
{
	struct bytes name = BYTES_NONE;
	const char *fault;

	if (kind == CONFIG_IDENTITY_FINGERPRINT) {
		append_fingerprint(certificate, identity);
		return NULL;
	}
	fault = find_name(kind, certificate, &name);
	if (fault == NULL)
		fault = x509_identity_check(kind, name);
	if (fault == NULL)
		buffer_append(identity, name);
	return fault;
}
