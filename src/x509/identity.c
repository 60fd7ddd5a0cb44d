/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/identity.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

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

const char *
x509_identity_check(struct bytes text)
{
	if (text.len == 0)
		return "empty";
	if (text.len > X509_IDENTITY_MAX)
		return "too-long";
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '/' || text.data[i] == '+' ||
		    text.data[i] == '#')
			return "reserved-character";
	return check_text(text);
}

static const char *
find_common_name(const mbedtls_x509_crt *certificate, struct bytes *identity)
{
	const mbedtls_x509_name *found = NULL;
	const char *fault;
	struct bytes text;

	for (const mbedtls_x509_name *name = &certificate->subject;
	     name != NULL; name = name->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) != 0)
			continue;
		if (found != NULL)
			return "several-common-names";
		found = name;
	}
	if (found == NULL)
		return "no-common-name";
	if (found->val.tag != MBEDTLS_ASN1_UTF8_STRING &&
	    found->val.tag != MBEDTLS_ASN1_PRINTABLE_STRING)
		return "string-type";
	text = bytes_of(found->val.p, found->val.len);
	fault = x509_identity_check(text);
	if (fault == NULL)
		*identity = text;
	return fault;
}

const char *
x509_identity_find(enum config_identity kind,
    const mbedtls_x509_crt *certificate, struct bytes *identity)
{
	switch (kind) {
	case CONFIG_IDENTITY_SUBJECT_CN:
		return find_common_name(certificate, identity);
	}
	return "unknown-kind";
}
