/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/effort.h"

#include "test_gate.h"
#include "x509/certificate.h"

/* Two authorities, and a key that a client has sent. */
static mbedtls_x509_crt authorities[2];
static mbedtls_pk_context sent;
static struct effort effort;

static void
set_up_rsa(mbedtls_pk_context *key, size_t bits, size_t exponent_bits)
{
	mbedtls_mpi modulus, exponent;

	mbedtls_pk_init(key);
	ck_assert_int_eq(mbedtls_pk_setup(key,
			     mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)),
	    0);
	mbedtls_mpi_init(&modulus);
	mbedtls_mpi_init(&exponent);
	mbedtls_mpi_lset(&modulus, 1);
	mbedtls_mpi_set_bit(&modulus, bits - 1, 1);
	mbedtls_mpi_lset(&exponent, 1);
	mbedtls_mpi_set_bit(&exponent, exponent_bits - 1, 1);
	ck_assert_int_eq(mbedtls_rsa_import(mbedtls_pk_rsa(*key), &modulus,
			     NULL, NULL, NULL, &exponent),
	    0);
	ck_assert_int_eq(mbedtls_rsa_complete(mbedtls_pk_rsa(*key)), 0);
	mbedtls_mpi_free(&modulus);
	mbedtls_mpi_free(&exponent);
}

static void
set_up_curve(mbedtls_pk_context *key, mbedtls_ecp_group_id curve)
{
	mbedtls_ecp_keypair *pair;

	mbedtls_pk_init(key);
	ck_assert_int_eq(mbedtls_pk_setup(key,
			     mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)),
	    0);
	pair = mbedtls_pk_ec(*key);
	ck_assert_int_eq(mbedtls_ecp_group_load(&pair->MBEDTLS_PRIVATE(grp),
			     curve),
	    0);
	ck_assert_int_eq(mbedtls_ecp_copy(&pair->MBEDTLS_PRIVATE(Q),
			     &pair->MBEDTLS_PRIVATE(grp).G),
	    0);
}

static void
set_up(void)
{
	compat_start();
	for (size_t i = 0; i < 2; i++) {
		mbedtls_x509_crt_init(&authorities[i]);
		mbedtls_pk_free(&authorities[i].pk);
		set_up_curve(&authorities[i].pk, MBEDTLS_ECP_DP_SECP256R1);
	}
	authorities[0].next = &authorities[1];
	set_up_curve(&sent, MBEDTLS_ECP_DP_SECP256R1);
	effort_init(&effort, authorities);
	effort_begin(&effort);
}

static void
tear_down(void)
{
	effort_end();
	for (size_t i = 0; i < 2; i++)
		mbedtls_pk_free(&authorities[i].pk);
	mbedtls_pk_free(&sent);
}

static const unsigned char hash[32];
/* The signature in a certificate, by the longest key of all; the next one is
 * another's. */
static const unsigned char signatures[8192 / 8 + 16];

/* As mbedTLS does it for the signature of a certificate. Was it let through? */
static bool
try(mbedtls_pk_context *key, size_t number)
{
	bool is_rsa = mbedtls_pk_can_do(key, MBEDTLS_PK_RSA);
	int error = mbedtls_pk_verify_ext(is_rsa ? MBEDTLS_PK_RSA
						 : MBEDTLS_PK_ECDSA,
	    NULL, key, MBEDTLS_MD_SHA256, hash, sizeof(hash),
	    signatures + number, mbedtls_pk_get_len(key));

	ck_assert_int_ne(error, 0);
	return error != MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
}

static void
expect(enum refusal_reason fault, const char *detail)
{
	ck_assert_int_eq(effort.fault, fault);
	ck_assert_pstr_eq(effort.detail, detail);
}

/* What of a chain is verified, from the leaf on: the kinds of its issuers' keys,
 * of which the last is an authority's. */
enum kind { NONE, RSA, P256, P384, P521 };

static const struct {
	const char *label;
	enum kind kinds[9];
	bool is_let_through;
} chains[] = {
	{ "8 links with P-256", { P256, P256, P256, P256, P256, P256, P256 },
	    true },
	{ "9 links with P-256",
	    { P256, P256, P256, P256, P256, P256, P256, P256 }, false },
	{ "5 links with P-384", { P384, P384, P384, P384 }, true },
	{ "6 links with P-384", { P384, P384, P384, P384, P384 }, false },
	{ "4 links with P-521", { P521, P521, P521 }, true },
	{ "5 links with P-521", { P521, P521, P521, P521 }, false },
	{ "8 links with RSA", { RSA, RSA, RSA, RSA, RSA, RSA, RSA }, true },
	{ "P-256 below P-384 below P-521", { P256, P256, P384, P521 }, true },
	{ "P-521 at the root of P-256", { P256, P256, P256, P256, P521 },
	    true },
	{ "P-521 at the root of P-384", { P384, P384, P521 }, true },
	{ "a little more", { P384, P384, P384, P521 }, false },
	{ "RSA at the root of P-384", { P384, P384, P384, P384, RSA }, true },
	{ "P-384 among RSA", { RSA, RSA, P384, P384, P384, RSA, RSA, RSA },
	    true },
};

static void
set_up_kind(mbedtls_pk_context *key, enum kind kind)
{
	static const mbedtls_ecp_group_id curves[] = {
		[P256] = MBEDTLS_ECP_DP_SECP256R1,
		[P384] = MBEDTLS_ECP_DP_SECP384R1,
		[P521] = MBEDTLS_ECP_DP_SECP521R1,
	};

	mbedtls_pk_free(key);
	if (kind == RSA)
		set_up_rsa(key, X509_RSA_BITS_MAX, X509_RSA_EXPONENT_BITS_MAX);
	else
		set_up_curve(key, curves[kind]);
}

START_TEST(a_chain_may_cost_so_much)
{
	const enum kind *kind = chains[_i].kinds;
	bool is_let_through = true;

	for (size_t i = 0; is_let_through && kind[i] != NONE; i++) {
		mbedtls_pk_context *key = kind[i + 1] == NONE
					      ? &authorities[0].pk
					      : &sent;

		set_up_kind(key, kind[i]);
		is_let_through = try(key, i);
	}
	ck_assert_msg(is_let_through == chains[_i].is_let_through, "%s",
	    chains[_i].label);
	if (is_let_through)
		expect(REFUSAL_NONE, NULL);
	else
		expect(REFUSAL_CHAIN_TOO_LONG, "too-costly-signatures");
	ck_assert_uint_le(effort.cost, EFFORT_CHAIN_MAX);
}
END_TEST

START_TEST(what_is_spent_stays_spent)
{
	while (try(&sent, 0))
		;
	expect(REFUSAL_CHAIN_TOO_LONG, "too-costly-signatures");
	for (size_t i = 0; i < 100; i++)
		ck_assert(!try(&sent, 0));
	ck_assert_uint_le(effort.cost, EFFORT_CHAIN_MAX);
}
END_TEST

START_TEST(the_proof_of_the_client_comes_on_top)
{
	while (try(&sent, 0))
		;
	effort.fault = REFUSAL_NONE;
	effort_expect_proof(&effort);
	ck_assert_int_ne(mbedtls_pk_verify(&sent, MBEDTLS_MD_SHA256, hash,
			     sizeof(hash), signatures, 64),
	    MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE);
	ck_assert_int_eq(effort.fault, REFUSAL_NONE);
	ck_assert_uint_eq(effort.cost, EFFORT_P256);
}
END_TEST

START_TEST(a_certificate_is_held_against_all_authorities_of_a_name)
{
	for (size_t i = 0; i < 100; i++)
		ck_assert(try(&authorities[i % 2].pk, 0));
	expect(REFUSAL_NONE, NULL);
	ck_assert_uint_eq(effort.cost, EFFORT_P256);
}
END_TEST

START_TEST(few_certificates_are_held_against_authorities)
{
	size_t count = 0;

	while (try(&authorities[count % 2].pk, count))
		count++;
	ck_assert_uint_eq(count, EFFORT_CHAIN_MAX / EFFORT_P256);
	expect(REFUSAL_CHAIN_TOO_LONG, "too-costly-signatures");
}
END_TEST

static const struct {
	size_t bits, exponent_bits;
	const char *fault;
} rsa[] = {
	{ X509_RSA_BITS_MIN, 17, NULL },
	{ X509_RSA_BITS_MAX, 17, NULL },
	{ X509_RSA_BITS_MAX, X509_RSA_EXPONENT_BITS_MAX, NULL },
	{ X509_RSA_BITS_MAX + 1, 17, "rsa-modulus-length" },
	{ 8192, 8191, "rsa-modulus-length" },
	{ X509_RSA_BITS_MAX, X509_RSA_EXPONENT_BITS_MAX + 1,
	    "rsa-exponent-length" },
	{ X509_RSA_BITS_MIN, X509_RSA_BITS_MIN - 1, "rsa-exponent-length" },
};

START_TEST(an_rsa_key_that_was_sent_has_bounds)
{
	mbedtls_pk_context key;

	set_up_rsa(&key, rsa[_i].bits, rsa[_i].exponent_bits);
	ck_assert(try(&key, 0) == (rsa[_i].fault == NULL));
	expect(rsa[_i].fault == NULL ? REFUSAL_NONE : REFUSAL_UNSUPPORTED_KEY,
	    rsa[_i].fault);
	ck_assert_uint_eq(effort.cost, rsa[_i].fault == NULL ? EFFORT_RSA : 0);
	mbedtls_pk_free(&key);
}
END_TEST

START_TEST(an_authority_s_key_may_be_longer)
{
	mbedtls_pk_free(&authorities[1].pk);
	set_up_rsa(&authorities[1].pk, 8192, 17);
	ck_assert(try(&authorities[1].pk, 0));
	expect(REFUSAL_NONE, NULL);
	ck_assert_uint_eq(effort.cost, EFFORT_RSA_LONG);
}
END_TEST

static const struct {
	mbedtls_ecp_group_id id;
	bool is_allowed;
} curves[] = {
	{ MBEDTLS_ECP_DP_SECP256R1, true },
	{ MBEDTLS_ECP_DP_SECP384R1, true },
	{ MBEDTLS_ECP_DP_SECP521R1, true },
	{ MBEDTLS_ECP_DP_SECP224R1, false },
	{ MBEDTLS_ECP_DP_SECP256K1, false },
	{ MBEDTLS_ECP_DP_BP256R1, false },
	{ MBEDTLS_ECP_DP_BP512R1, false },
};

START_TEST(a_curve_that_was_sent_is_one_of_three)
{
	mbedtls_pk_context key;

	set_up_curve(&key, curves[_i].id);
	ck_assert(try(&key, 0) == curves[_i].is_allowed);
	expect(curves[_i].is_allowed ? REFUSAL_NONE : REFUSAL_UNSUPPORTED_KEY,
	    curves[_i].is_allowed ? NULL : "elliptic-curve");
	mbedtls_pk_free(&key);
}
END_TEST

START_TEST(the_first_fault_is_told)
{
	mbedtls_pk_context key;

	set_up_curve(&key, MBEDTLS_ECP_DP_BP512R1);
	ck_assert(!try(&key, 0));
	while (try(&sent, 0))
		;
	expect(REFUSAL_UNSUPPORTED_KEY, "elliptic-curve");
	mbedtls_pk_free(&key);
}
END_TEST

START_TEST(outside_of_a_handshake_nothing_is_counted)
{
	effort_end();
	for (size_t i = 0; i < 2 * EFFORT_CHAIN_MAX / EFFORT_P256; i++)
		ck_assert(try(&sent, i));
	expect(REFUSAL_NONE, NULL);
	ck_assert_uint_eq(effort.cost, 0);
}
END_TEST

TCase *
effort_tests(void)
{
	TCase *tests = tcase_create("effort");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_chain_may_cost_so_much, 0,
	    sizeof(chains) / sizeof(chains[0]));
	tcase_add_test(tests, what_is_spent_stays_spent);
	tcase_add_test(tests, the_proof_of_the_client_comes_on_top);
	tcase_add_test(tests,
	    a_certificate_is_held_against_all_authorities_of_a_name);
	tcase_add_test(tests, few_certificates_are_held_against_authorities);
	tcase_add_loop_test(tests, an_rsa_key_that_was_sent_has_bounds, 0,
	    sizeof(rsa) / sizeof(rsa[0]));
	tcase_add_test(tests, an_authority_s_key_may_be_longer);
	tcase_add_loop_test(tests, a_curve_that_was_sent_is_one_of_three, 0,
	    sizeof(curves) / sizeof(curves[0]));
	tcase_add_test(tests, the_first_fault_is_told);
	tcase_add_test(tests, outside_of_a_handshake_nothing_is_counted);
	return tests;
}
