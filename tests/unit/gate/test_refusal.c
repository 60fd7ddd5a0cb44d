/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each client that is refused learns why by the alert of the standard, and the
 * operator by one line.
 */
#include "gate/refusal.h"

#include <stdio.h>
#include <unistd.h>

#include "fixture.h"
#include "test_gate.h"

static struct fixture fixture;
static struct client client;

static const int versions[] = {
	TLS1_2_VERSION,
#if COMPAT_HAS_TLS_1_3
	TLS1_3_VERSION,
#endif
};
#define VERSION_COUNT ((int)(sizeof(versions) / sizeof(versions[0])))

static const struct {
	const char *reason;
	int alert_1_2;
	int alert_1_3;
	struct pki_spec spec;
	bool is_of_other_ca;
	bool has_no_certificate;
} certificates[] = {
	{ .reason = "no-certificate",
	    .alert_1_2 = 40, /* RFC 5246 s7.4.6 */
	    .alert_1_3 = 116,
	    .has_no_certificate = true },
	{ .reason = "unknown-ca",
	    .alert_1_2 = 48,
	    .alert_1_3 = 48,
	    .is_of_other_ca = true,
	    .spec = { .common_name = CONSTANT("pump") } },
	{ .reason = "certificate-expired",
	    .alert_1_2 = 45,
	    .alert_1_3 = 45,
	    .spec = { .common_name = CONSTANT("pump"),
		.begins_in_days = -10,
		.lasts_days = -1 } },
	{ .reason = "certificate-not-yet-valid",
	    .alert_1_2 = 45,
	    .alert_1_3 = 45,
	    .spec = { .common_name = CONSTANT("pump"), .begins_in_days = 10 } },
	{ .reason = "wrong-extended-key-usage",
	    .alert_1_2 = 43,
	    .alert_1_3 = 43,
	    .spec = { .common_name = CONSTANT("pump"),
		.extended_key_usage = "serverAuth" } },
	{ .reason = "wrong-key-usage",
	    .alert_1_2 = 43,
	    .alert_1_3 = 43,
	    .spec = { .common_name = CONSTANT("pump"),
		.key_usage = "keyEncipherment" } },
	{ .reason = "identity-invalid detail=reserved-character",
	    .alert_1_2 = 46,
	    .alert_1_3 = 46,
	    .spec = { .common_name = CONSTANT("pump/17") } },
	{ .reason = "malformed-certificate detail=characters-in-a-name",
	    .alert_1_2 = 42,
	    .alert_1_3 = 42,
	    .spec = { .common_name = CONSTANT("pump"),
		.names = { { .nid = NID_organizationName,
		    .value = CONSTANT("a\0b") } } } },
};
#define CERTIFICATE_COUNT                                                      \
	((int)(sizeof(certificates) / sizeof(certificates[0])))

static void
assert_refused(const char *reason, int alert)
{
	char text[128];

	snprintf(text, sizeof(text), "event=refused reason=%s", reason);
	ck_assert_msg(fixture_log_count(&fixture, text) == 1,
	    "%s is not in the log:\n%s", text, fixture.log);
	ck_assert_uint_eq(fixture_log_count(&fixture, "event="), 1);
	ck_assert_uint_eq(fixture_log_count(&fixture, "peer=127.0.0.1:40000"),
	    1);
	ck_assert_int_eq(client.alert, alert);
	snprintf(text, sizeof(text), " alert=%s",
	    alert < 0 ? "none" : tls_alert_name((unsigned int)alert));
	ck_assert_msg(fixture_log_count(&fixture, text) == 1,
	    "%s is not in the log:\n%s", text, fixture.log);
	ck_assert_uint_eq(fixture.authenticated, 0);
	/* counted once, and as nothing else */
	for (int i = 0; i < REFUSAL_REASON_COUNT; i++) {
		const char *word = refusal_word((enum refusal_reason)i);
		bool is_it = strlen(word) == strcspn(reason, " ") &&
			     strncmp(word, reason, strlen(word)) == 0;

		ck_assert_uint_eq(fixture.refused[i], is_it ? 1 : 0);
	}
	buffer_done(&client.reply);
}

/* After whatever it was, a good client still gets in. */
static void
assert_unharmed(void)
{
	struct client_spec spec = { .pair = &fixture_pki.client };

	fixture_try(&fixture, &client, &spec);
	ck_assert_uint_eq(fixture.authenticated, 1);
	close(fixture.fd);
	fixture.fd = -1;
	client_join(&client);
}

START_TEST(refusal_tells_what_is_wrong_with_a_certificate)
{
	int row = _i / VERSION_COUNT;
	struct client_spec spec = { .version = versions[_i % VERSION_COUNT] };
	struct pki_pair pair = pki_issue(&certificates[row].spec,
	    certificates[row].is_of_other_ca ? &fixture_pki.other_ca
					     : &fixture_pki.ca);

	if (!certificates[row].has_no_certificate)
		spec.pair = &pair;
	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &spec);
	assert_refused(certificates[row].reason,
	    spec.version == TLS1_2_VERSION ? certificates[row].alert_1_2
					   : certificates[row].alert_1_3);
	ck_assert_uint_eq(fixture_log_count(&fixture, "serial=10"),
	    certificates[row].has_no_certificate ? 0 : 1);
	ck_assert_uint_eq(fixture_log_count(&fixture, "fingerprint="),
	    certificates[row].has_no_certificate ? 0 : 1);
	assert_unharmed();
	fixture_stop(&fixture);
	pki_free(&pair);
}
END_TEST

START_TEST(refusal_of_weak_keys_and_hashes)
{
	EVP_PKEY *small = EVP_RSA_gen(1024);
	struct pki_spec specs[] = {
		{ .common_name = BYTES_LITERAL("pump"), .key = small },
		{ .common_name = BYTES_LITERAL("pump"), .digest = EVP_sha1() },
	};
	static const char *const reasons[] = { "weak-key",
		"weak-signature-hash" };
	struct pki_pair pair = pki_issue(&specs[_i], &fixture_pki.ca);
	struct client_spec spec = { .version = TLS1_2_VERSION, .pair = &pair };

	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &spec);
	assert_refused(reasons[_i], 42);
	fixture_stop(&fixture);
	pki_free(&pair);
	EVP_PKEY_free(small);
}
END_TEST

START_TEST(refusal_of_a_signature_by_another_key)
{ /* RFC 5246 s7.4.8, s7.2.2 */
	struct client_spec spec = { .version = TLS1_2_VERSION,
		.is_forging = true,
		.pair = &fixture_pki.client };

	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &spec);
	assert_refused("bad-signature", TLS_ALERT_DECRYPT_ERROR);
	assert_unharmed();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(refusal_of_an_intermediate_that_is_not_sent)
{
	struct pki_pair pair = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("below") },
	    &fixture_pki.intermediate);
	struct client_spec spec = { .pair = &pair };

	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &spec);
	assert_refused("unknown-ca", 48);
	fixture_stop(&fixture);
	pki_free(&pair);
}
END_TEST

static const struct {
	const char *reason;
	int alert;
	struct client_spec spec;
} offers[] = {
	{ "protocol-version", 70, { .version = TLS1_VERSION } },
	{ "protocol-version", 70, { .version = TLS1_1_VERSION } },
	{ "no-common-cipher", 40,
	    { .version = TLS1_2_VERSION,
		.ciphers = "ECDHE-ECDSA-AES128-SHA" } },
	{ "no-common-cipher", 40,
	    { .version = TLS1_2_VERSION,
		.ciphers = "ECDHE-ECDSA-AES128-SHA256" } },
	{ "no-common-cipher", 40,
	    { .version = TLS1_2_VERSION, .ciphers = "AES128-GCM-SHA256" } },
	/* of a key that our certificate does not have */
	{ "no-common-cipher", 40,
	    { .version = TLS1_2_VERSION,
		.ciphers = "ECDHE-RSA-AES128-GCM-SHA256" } },
	{ "no-extended-master-secret", 40,
	    { .version = TLS1_2_VERSION,
		.options = SSL_OP_NO_EXTENDED_MASTER_SECRET } },
};

START_TEST(refusal_tells_what_is_wrong_with_an_offer)
{
	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &offers[_i].spec);
	assert_refused(offers[_i].reason, offers[_i].alert);
	assert_unharmed();
	fixture_stop(&fixture);
}
END_TEST

static const struct {
	const char *reason;
	int alert;
	struct bytes text;
} texts[] = {
	{ "plaintext", 10, CONSTANT("GET / HTTP/1.1\r\n\r\n") },
	{ "plaintext", 10, CONSTANT("\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0") },
	{ "plaintext", 10, CONSTANT("x") },
	{ "malformed-handshake", 50,
	    CONSTANT("\x16\x03\x01\0\x06\x01\0\0\x02\x03\x03") },
};

START_TEST(refusal_of_other_application_protocols)
{ /* RFC 7301 s3.2 */
	struct client_spec spec = { .version = versions[_i],
		.alpn = BYTES_LITERAL("\x02h2\x03imq"),
		.pair = &fixture_pki.client };

	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &spec);
	assert_refused("no-application-protocol", 120);
	assert_unharmed();
	fixture_stop(&fixture);
}
END_TEST

/* Raw clients get their alert in plaintext. */
START_TEST(refusal_of_what_is_no_handshake)
{
	struct client_spec spec = { .raw = texts[_i].text };

	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &spec);
	ck_assert_uint_eq(client.reply.len, 7);
	ck_assert_uint_eq(client.reply.data[0], TLS_CONTENT_ALERT);
	ck_assert_uint_eq(client.reply.data[5], TLS_ALERT_LEVEL_FATAL);
	client.alert = client.reply.data[6];
	assert_refused(texts[_i].reason, texts[_i].alert);
	assert_unharmed();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(refusal_after_the_deadline)
{
	struct client_spec spec = { .has_nothing_to_do = true };

	fixture_start(&fixture, &fixture_pki.server, 50);
	fixture_try(&fixture, &client, &spec);
	assert_refused("handshake-timeout", -1);
	fixture_stop(&fixture);
}
END_TEST

START_TEST(refusal_of_who_leaves_is_no_warning)
{
	struct client_spec spec = { .is_gone = true };

	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &spec);
	assert_refused("closed-by-peer", -1);
	ck_assert_uint_eq(fixture_log_count(&fixture, " info gate/0 "), 1);
	fixture_stop(&fixture);
}
END_TEST

START_TEST(refusal_by_the_client_is_told_by_name)
{
	struct client_spec spec = { .version = versions[_i],
		.is_distrustful = true,
		.pair = &fixture_pki.client };

	fixture_start(&fixture, &fixture_pki.server, 60000);
	fixture_try(&fixture, &client, &spec);
	assert_refused("alert-by-peer", -1);
	ck_assert_uint_eq(fixture_log_count(&fixture,
			      "alert_received=unknown_ca"),
	    1);
	assert_unharmed();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(refusal_when_no_worker_comes)
{
	struct client_spec spec = { .version = versions[_i],
		.pair = &fixture_pki.client };

	/* Longer where the handshake alone takes so long. */
	for (uint64_t limit_ms = 300; limit_ms < 60000; limit_ms *= 5) {
		fixture_start(&fixture, &fixture_pki.server, limit_ms);
		fixture.has_worker = false;
		fixture_try(&fixture, &client, &spec);
		if (fixture.authenticated > 0)
			break;
		fixture_stop(&fixture);
	}
	ck_assert_uint_eq(fixture.authenticated, 1);
	fixture.authenticated = 0;
	assert_refused("no-worker", TLS_ALERT_INTERNAL_ERROR);
	fixture_stop(&fixture);
}
END_TEST

START_TEST(refusal_when_nothing_is_signed)
{
	struct client_spec spec = { .version = versions[_i],
		.pair = &fixture_pki.client };

	fixture_start(&fixture, &fixture_pki.rsa_server, 60000);
	fixture.sign_fault = "key-process-down";
	fixture_try(&fixture, &client, &spec);
	if (versions[_i] == TLS1_3_VERSION) {
		/* Behind ServerHello mbedTLS alone can say something. */
		ck_assert_int_eq(client.alert, TLS_ALERT_HANDSHAKE_FAILURE);
		ck_assert_uint_eq(fixture_log_count(&fixture,
				      "event=refused reason=no-signature"),
		    1);
		ck_assert_uint_eq(fixture.authenticated, 0);
	} else {
		assert_refused("no-signature", TLS_ALERT_INTERNAL_ERROR);
	}
	ck_assert_uint_eq(fixture_log_count(&fixture,
			      "detail=key-process-down"),
	    1);
	ck_assert_uint_eq(fixture.signed_count, 0);
	fixture.sign_fault = NULL;
	assert_unharmed();
	ck_assert_uint_eq(fixture.signed_count, 1);
	fixture_stop(&fixture);
}
END_TEST

START_TEST(refusal_of_every_reason_has_a_word)
{
	for (int i = 0; i < REFUSAL_REASON_COUNT; i++)
		ck_assert_ptr_nonnull(refusal_word((enum refusal_reason)i));
}
END_TEST

TCase *
refusal_tests(void)
{
	TCase *tests = tcase_create("refusal");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_unchecked_fixture(tests, fixture_make_pki, fixture_free_pki);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests,
	    refusal_tells_what_is_wrong_with_a_certificate, 0,
	    CERTIFICATE_COUNT * VERSION_COUNT);
	tcase_add_loop_test(tests, refusal_of_weak_keys_and_hashes, 0, 2);
	tcase_add_loop_test(tests, refusal_of_other_application_protocols, 0,
	    VERSION_COUNT);
	tcase_add_test(tests, refusal_of_a_signature_by_another_key);
	tcase_add_test(tests, refusal_of_an_intermediate_that_is_not_sent);
	tcase_add_loop_test(tests, refusal_tells_what_is_wrong_with_an_offer, 0,
	    sizeof(offers) / sizeof(offers[0]));
	tcase_add_loop_test(tests, refusal_of_what_is_no_handshake, 0,
	    sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tests, refusal_after_the_deadline);
	tcase_add_test(tests, refusal_of_who_leaves_is_no_warning);
	tcase_add_loop_test(tests, refusal_by_the_client_is_told_by_name, 0,
	    VERSION_COUNT);
	tcase_add_loop_test(tests, refusal_when_no_worker_comes, 0,
	    VERSION_COUNT);
	tcase_add_loop_test(tests, refusal_when_nothing_is_signed, 0,
	    VERSION_COUNT);
	tcase_add_test(tests, refusal_of_every_reason_has_a_word);
	return tests;
}
