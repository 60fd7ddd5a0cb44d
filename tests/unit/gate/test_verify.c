/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/verify.h"

#include <time.h>

#include "../x509/pki.h"
#include "fixture.h"
#include "ipc/trust.h"
#include "lib/clock.h"
#include "test_gate.h"
#include "x509/certificate.h"

static struct verification verification;
static struct tls_peer peer;
static struct ipc_trust_index trust;

/* The ends of one that lasts so long are looked at. */
#define ENDS_DAYS 3

static int64_t shown_time; /* 0: the clock's */

/* mbedTLS finds this one first. */
time_t
time(time_t *at)
{
	time_t now = (time_t)(shown_time != 0 ? shown_time
					      : clock_realtime_seconds());

	if (at != NULL)
		*at = now;
	return now;
}

/* Verify a chain when the clock shows each end of the leaf's validity period,
 * and the seconds before and behind it. */
static void
verify_at_ends(mbedtls_x509_crt *chain, mbedtls_x509_crt *anchor)
{
	const int64_t from = x509_seconds(&chain->valid_from);
	const int64_t to = x509_seconds(&chain->valid_to);
	const struct {
		int64_t now;
		uint32_t flags;
	} moments[] = {
		{ from - 1, MBEDTLS_X509_BADCERT_FUTURE },
		{ from, 0 },
		{ to, 0 },
		{ to + 1, MBEDTLS_X509_BADCERT_EXPIRED },
	};

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		uint32_t flags = 0;

		shown_time = moments[i].now;
		mbedtls_x509_crt_verify(chain, anchor, NULL, NULL, &flags, NULL,
		    NULL);
		shown_time = 0;
		ck_assert_uint_eq(flags & (MBEDTLS_X509_BADCERT_FUTURE |
					      MBEDTLS_X509_BADCERT_EXPIRED),
		    moments[i].flags);
	}
}

/* Verify one certificate under one CA, as a handshake does. */
static uint32_t
verify(const struct pki_spec *spec)
{
	struct pki_pair ca = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("Test CA"),
		.is_ca = true,
		.lasts_days = 5 },
	    NULL);
	struct pki_pair leaf = pki_issue(spec, &ca);
	struct buffer leaf_der = { .data = NULL }, ca_der = { .data = NULL };
	mbedtls_x509_crt chain, anchor;
	uint32_t flags = 0;

	pki_append_der(leaf.certificate, &leaf_der);
	pki_append_der(ca.certificate, &ca_der);
	mbedtls_x509_crt_init(&chain);
	mbedtls_x509_crt_init(&anchor);
	mbedtls_x509_crt_parse(&chain, leaf_der.data, leaf_der.len);
	mbedtls_x509_crt_parse(&anchor, ca_der.data, ca_der.len);
	fixture_trust(buffer_view(&ca_der), BYTES_NONE, BYTES_NONE, &trust);
	mbedtls_x509_crt_verify(&chain, &anchor, NULL, NULL, &flags,
	    verification_on_certificate, &verification);
	if (spec->lasts_days == ENDS_DAYS)
		verify_at_ends(&chain, &anchor);
	mbedtls_x509_crt_free(&chain);
	mbedtls_x509_crt_free(&anchor);
	ipc_trust_unmap(&trust);
	buffer_done(&leaf_der);
	buffer_done(&ca_der);
	pki_free(&leaf);
	pki_free(&ca);
	return flags;
}

static void
set_up(void)
{
	compat_start();
	verification_init(&verification, CONFIG_IDENTITY_SUBJECT_CN, &trust);
}

static void
tear_down(void)
{
	verification_done(&verification);
}

static void
expect_field(size_t *pos, enum tls_field_type expected, const char *text)
{
	enum tls_field_type type;
	struct bytes value;

	ck_assert(tls_field_next(buffer_view(&verification.fields), pos, &type,
	    &value));
	ck_assert_int_eq(type, expected);
	ck_assert_uint_eq(value.len, strlen(text));
	ck_assert_mem_eq(value.data, text, value.len);
}

START_TEST(verification_keeps_the_fields_that_rights_speak_of)
{
	struct pki_spec spec = {
		.names = { { .nid = NID_organizationName,
			       .value = BYTES_LITERAL("Works") },
		    { .nid = NID_organizationalUnitName,
			.value = BYTES_LITERAL("pumps") },
		    { .value = BYTES_LITERAL("pump-17") } },
		.alternative_names = "DNS:pump.example,IP:192.0.2.1,"
				     "URI:spiffe://example/pump,"
				     "email:pump@example.org",
	};
	size_t pos = 0;
	enum tls_field_type type;
	struct bytes value;

	ck_assert_uint_eq(verify(&spec), 0);
	ck_assert(verification_peer(&verification, &peer));
	expect_field(&pos, TLS_FIELD_AUTHORITY_CN, "Test CA");
	expect_field(&pos, TLS_FIELD_SUBJECT_O, "Works");
	expect_field(&pos, TLS_FIELD_SUBJECT_OU, "pumps");
	expect_field(&pos, TLS_FIELD_SUBJECT_CN, "pump-17");
	expect_field(&pos, TLS_FIELD_SAN_DNS, "pump.example");
	expect_field(&pos, TLS_FIELD_SAN_URI, "spiffe://example/pump");
	expect_field(&pos, TLS_FIELD_SAN_EMAIL, "pump@example.org");
	expect_field(&pos, TLS_FIELD_ISSUER_CN, "Test CA");
	ck_assert(!tls_field_next(buffer_view(&verification.fields), &pos,
	    &type, &value));
}
END_TEST

START_TEST(verification_keeps_what_revokes_each_link)
{
	struct pki_spec spec = { .common_name = BYTES_LITERAL("pump-17") };

	verify(&spec);
	ck_assert_uint_eq(verification.chain_count, 2);
	ck_assert_uint_eq(verification.serial_len, 2);
	/* The CA issued both, so their issuer is the same. */
	ck_assert_mem_eq(verification.chain[0].issuer,
	    verification.chain[1].issuer, TLS_ID_LEN);
	ck_assert_mem_ne(verification.chain[0].certificate,
	    verification.chain[1].certificate, TLS_ID_LEN);
}
END_TEST

START_TEST(verification_ends_with_the_first_of_the_chain)
{
	struct pki_spec spec = { .common_name = BYTES_LITERAL("pump-17"),
		.lasts_days = 100 };
	int64_t days;

	verify(&spec); /* its CA lasts 5 days */
	days = (verification.not_after - time(NULL)) / 86400;
	ck_assert_int_le(days, 5);
	ck_assert_int_ge(days, 4);
}
END_TEST

START_TEST(both_ends_belong_to_the_validity_period) /* RFC 5280, 4.1.2.5 */
{
	struct pki_spec spec = { .common_name = BYTES_LITERAL("pump-17"),
		.lasts_days = ENDS_DAYS };

	ck_assert_uint_eq(verify(&spec), 0);
}
END_TEST

static const struct {
	int64_t now;
	enum refusal_reason fault;
} moments[] = {
	{ 99, REFUSAL_CERTIFICATE_NOT_YET_VALID },
	{ 100, REFUSAL_NONE },
	{ 200, REFUSAL_NONE },
	{ 201, REFUSAL_CERTIFICATE_EXPIRED },
};

START_TEST(both_ends_belong_to_an_authority_s) /* RFC 5280, 4.1.2.5 */
{
	const struct ipc_trust_authority authority = { .not_before = 100,
		.not_after = 200 };

	verification_judge_dates(&verification, &authority, moments[_i].now);
	ck_assert_int_eq(verification.fault, moments[_i].fault);
	ck_assert_int_eq(verification.not_after, 200);
}
END_TEST

START_TEST(verification_refuses_too_many_fields)
{
	struct buffer names = { .data = NULL };
	struct pki_spec spec = { .common_name = BYTES_LITERAL("pump-17") };

	for (int i = 0; i < TLS_FIELDS_MAX; i++)
		buffer_append(&names,
		    BYTES_LITERAL("DNS:a.example,DNS:b.example,"));
	buffer_append(&names, BYTES_LITERAL("DNS:c.example"));
	buffer_append(&names, bytes_of("", 1));
	spec.alternative_names = (const char *)names.data;
	ck_assert_uint_ne(verify(&spec), 0);
	ck_assert_int_eq(verification.fault, REFUSAL_TOO_MANY_FIELDS);
	ck_assert(!verification_peer(&verification, &peer));
	buffer_done(&names);
}
END_TEST

START_TEST(verification_tells_what_weighs_most)
{
	static const struct {
		uint32_t flags;
		enum refusal_reason reason;
	} rows[] = {
		{ 0, REFUSAL_NONE },
		{ MBEDTLS_X509_BADCERT_EXPIRED |
			MBEDTLS_X509_BADCERT_NOT_TRUSTED,
		    REFUSAL_UNKNOWN_CA },
		{ MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_REVOKED,
		    REFUSAL_CERTIFICATE_REVOKED },
		{ MBEDTLS_X509_BADCERT_FUTURE |
			MBEDTLS_X509_BADCERT_EXT_KEY_USAGE,
		    REFUSAL_CERTIFICATE_NOT_YET_VALID },
		{ MBEDTLS_X509_BADCRL_EXPIRED, REFUSAL_MALFORMED_CERTIFICATE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_int_eq(verification_reason(&verification,
				     rows[i].flags),
		    rows[i].reason);
}
END_TEST

TCase *
verify_tests(void)
{
	TCase *tests = tcase_create("verify");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests,
	    verification_keeps_the_fields_that_rights_speak_of);
	tcase_add_test(tests, verification_keeps_what_revokes_each_link);
	tcase_add_test(tests, verification_ends_with_the_first_of_the_chain);
	tcase_add_test(tests, both_ends_belong_to_the_validity_period);
	tcase_add_loop_test(tests, both_ends_belong_to_an_authority_s, 0,
	    sizeof(moments) / sizeof(moments[0]));
	tcase_add_test(tests, verification_refuses_too_many_fields);
	tcase_add_test(tests, verification_tells_what_weighs_most);
	return tests;
}
