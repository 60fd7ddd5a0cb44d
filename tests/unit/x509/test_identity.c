/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/identity.h"

#include <openssl/sha.h>

#include <stdio.h>

#include "pki.h"
#include "test_x509.h"

#define CN_KIND CONFIG_IDENTITY_SUBJECT_CN

#define CN(text, string_type)                                                  \
	{                                                                      \
		.value = CONSTANT(text), .type = (string_type)                 \
	}

static const struct {
	struct pki_name names[4];
	const char *identity;
	const char *fault;
} subjects[] = {
	{ { CN("pump-17", 0) }, "pump-17", NULL },
	{ { CN("pump 17", V_ASN1_PRINTABLESTRING) }, "pump 17", NULL },
	{ { CN("h\xc3\xb6lle \xe2\x82\xac \xf0\x9f\x98\x80", 0) },
	    "h\xc3\xb6lle \xe2\x82\xac \xf0\x9f\x98\x80", NULL },
	{ { CN("a*$b", 0) }, "a*$b", NULL },
	{ { { .nid = NID_organizationName, .value = CONSTANT("Works") },
	      CN("one", 0) },
	    "one", NULL },
	{ { { .nid = NID_organizationName, .value = CONSTANT("Works") } }, NULL,
	    "no-common-name" },
	{ { CN("one", 0), CN("two", 0) }, NULL, "several-common-names" },
	{ { CN("one", 0), CN("one", 0) }, NULL, "several-common-names" },
	{ { CN("one", V_ASN1_T61STRING) }, NULL, "string-type" },
	{ { CN("\0o\0n\0e", V_ASN1_BMPSTRING) }, NULL, "string-type" },
	{ { CN("one", V_ASN1_IA5STRING) }, NULL, "string-type" },
	{ { CN("", 0) }, NULL, "empty" },
	{ { CN("pump\0.evil", 0) }, NULL, "control-character" },
	{ { CN("pump\n", 0) }, NULL, "control-character" },
	{ { CN("pump\x7f", 0) }, NULL, "control-character" },
	{ { CN("pump\xc2\x85", 0) }, NULL, "control-character" },
	{ { CN("a/b", 0) }, NULL, "reserved-character" },
	{ { CN("+", 0) }, NULL, "reserved-character" },
};

static void
assert_identity(enum config_identity kind, const mbedtls_x509_crt *certificate,
    const char *expected, const char *fault)
{
	struct buffer identity = { .data = NULL };
	const char *found = x509_identity_append(kind, certificate, &identity);

	if (fault != NULL) {
		ck_assert_ptr_nonnull(found);
		ck_assert_str_eq(found, fault);
		ck_assert_ptr_null(identity.data);
		return;
	}
	ck_assert_ptr_null(found);
	ck_assert_mem_eq(identity.data, expected, strlen(expected));
	ck_assert_uint_eq(identity.len, strlen(expected));
	buffer_done(&identity);
}

/* Issue a certificate, and say what its identity is. */
static void
assert_identity_of(enum config_identity kind, const struct pki_spec *spec,
    const char *expected, const char *fault)
{
	struct buffer der = { .data = NULL };
	mbedtls_x509_crt certificate;
	struct pki_pair pair = pki_issue(spec, NULL);

	pki_append_der(pair.certificate, &der);
	mbedtls_x509_crt_init(&certificate);
	ck_assert_int_eq(mbedtls_x509_crt_parse(&certificate, der.data,
			     der.len),
	    0);
	assert_identity(kind, &certificate, expected, fault);
	mbedtls_x509_crt_free(&certificate);
	buffer_done(&der);
	pki_free(&pair);
}

START_TEST(identity_is_the_only_common_name)
{
	struct pki_spec spec = { .lasts_days = 1 };

	memcpy(spec.names, subjects[_i].names, sizeof(spec.names));
	assert_identity_of(CONFIG_IDENTITY_SUBJECT_CN, &spec,
	    subjects[_i].identity, subjects[_i].fault);
}
END_TEST

#define DNS   CONFIG_IDENTITY_SAN_DNS
#define URI   CONFIG_IDENTITY_SAN_URI
#define EMAIL CONFIG_IDENTITY_SAN_EMAIL

static const struct {
	enum config_identity kind;
	const char *names; /* as openssl takes subjectAltName */
	const char *identity;
	const char *fault;
} alternative_names[] = {
	{ DNS, "DNS:pump.example", "pump.example", NULL },
	{ DNS, "DNS:Pump.Example", "Pump.Example", NULL },
	{ DNS, "IP:192.0.2.1,URI:urn:x,DNS:a.example,email:a@b", "a.example",
	    NULL },
	{ DNS, NULL, NULL, "no-dns-name" },
	{ DNS, "URI:urn:x", NULL, "no-dns-name" },
	{ DNS, "DNS:a.example,DNS:b.example", NULL, "several-dns-names" },
	{ DNS, "DNS:a.example,DNS:a.example", NULL, "several-dns-names" },
	{ DNS, "DNS:*.example", NULL, "wildcard-name" },
	{ DNS, "DNS:a/b", NULL, "reserved-character" },
	{ URI, "URI:spiffe://example.org/site/pump-17",
	    "spiffe://example.org/site/pump-17", NULL },
	{ URI, "URI:urn:dev:mac:0024befffe804ff1",
	    "urn:dev:mac:0024befffe804ff1", NULL },
	{ URI, "URI:spiffe://a/b,URI:spiffe://a/c", NULL, "several-uris" },
	{ URI, "DNS:a.example", NULL, "no-uri" },
	{ URI, "URI:spiffe://a/#b", NULL, "reserved-character" },
	{ URI, "URI:spiffe://a/+", NULL, "reserved-character" },
	{ URI, "URI:spiffe://a/*", "spiffe://a/*", NULL },
	{ EMAIL, "email:ops@example.com", "ops@example.com", NULL },
	{ EMAIL, "email:ops+x@example.com", NULL, "reserved-character" },
	{ EMAIL, "email:a@b,email:c@d", NULL, "several-email-addresses" },
	{ EMAIL, NULL, NULL, "no-email-address" },
};

START_TEST(identity_is_the_only_alternative_name_of_its_kind)
{
	struct pki_spec spec = {
		.common_name = CONSTANT("not asked for"),
		.alternative_names = alternative_names[_i].names,
	};

	assert_identity_of(alternative_names[_i].kind, &spec,
	    alternative_names[_i].identity, alternative_names[_i].fault);
}
END_TEST

START_TEST(identity_may_be_the_fingerprint)
{
	struct pki_spec spec = { .common_name = CONSTANT("a/b") };
	struct pki_pair pair = pki_issue(&spec, NULL);
	struct buffer der = { .data = NULL };
	mbedtls_x509_crt certificate;
	unsigned char hash[32];
	char expected[65];

	pki_append_der(pair.certificate, &der);
	ck_assert_ptr_nonnull(SHA256(der.data, der.len, hash));
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(expected + 2 * i, 3, "%02x", hash[i]);
	mbedtls_x509_crt_init(&certificate);
	ck_assert_int_eq(mbedtls_x509_crt_parse(&certificate, der.data,
			     der.len),
	    0);
	assert_identity(CONFIG_IDENTITY_FINGERPRINT, &certificate, expected,
	    NULL);
	mbedtls_x509_crt_free(&certificate);
	buffer_done(&der);
	pki_free(&pair);
}
END_TEST

/* RFC 3629 s3 and s4; a certificate with such a name is not made easily. */
static const struct {
	const char *text;
} ill_formed[] = {
	{ "\xff" },
	{ "a\x80" },
	{ "\xc0\xaf" },         /* '/' in two bytes */
	{ "\xe0\x80\xaf" },     /* and in three */
	{ "\xe2\x82" },         /* cut */
	{ "\xe2\x28\xa1" },     /* not continued */
	{ "\xed\xa0\x80" },     /* a surrogate */
	{ "\xf4\x90\x80\x80" }, /* beyond U+10FFFF */
	{ "\xf8\x88\x80\x80\x80" },
};

START_TEST(identity_is_well_formed_utf_8)
{
	ck_assert_str_eq(x509_identity_check(CN_KIND,
			     bytes_of_string(ill_formed[_i].text)),
	    "not-utf-8");
}
END_TEST

START_TEST(identity_has_at_most_512_bytes)
{
	uint8_t text[X509_IDENTITY_MAX + 1];

	memset(text, 'a', sizeof(text));
	ck_assert_ptr_null(
	    x509_identity_check(CN_KIND, bytes_of(text, X509_IDENTITY_MAX)));
	ck_assert_str_eq(x509_identity_check(CN_KIND,
			     bytes_of(text, X509_IDENTITY_MAX + 1)),
	    "too-long");
}
END_TEST

TCase *
identity_tests(void)
{
	TCase *tests = tcase_create("identity");

	tcase_add_loop_test(tests, identity_is_the_only_common_name, 0,
	    sizeof(subjects) / sizeof(subjects[0]));
	tcase_add_loop_test(tests,
	    identity_is_the_only_alternative_name_of_its_kind, 0,
	    sizeof(alternative_names) / sizeof(alternative_names[0]));
	tcase_add_test(tests, identity_may_be_the_fingerprint);
	tcase_add_loop_test(tests, identity_is_well_formed_utf_8, 0,
	    sizeof(ill_formed) / sizeof(ill_formed[0]));
	tcase_add_test(tests, identity_has_at_most_512_bytes);
	return tests;
}
