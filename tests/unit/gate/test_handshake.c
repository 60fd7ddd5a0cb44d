/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From accept to hand-over, and that what is handed over is the session: the
 * record layer continues it both ways.
 */
#include "gate/handshake.h"

#include <fcntl.h>
#include <unistd.h>

#include "fixture.h"
#include "test_gate.h"
#include "tls/record.h"

static struct fixture fixture;
static struct client client;

static const struct {
	int version;
	unsigned int cipher_suite;
	const char *name;
	bool is_rsa;
} suites[] = {
	{ TLS1_2_VERSION, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	    "ECDHE-ECDSA-AES128-GCM-SHA256", false },
	{ TLS1_2_VERSION, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	    "ECDHE-RSA-AES256-GCM-SHA384", true },
	{ TLS1_2_VERSION, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	    "ECDHE-ECDSA-CHACHA20-POLY1305", false },
	{ TLS1_2_VERSION, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	    "ECDHE-RSA-AES128-GCM-SHA256", true },
	{ TLS1_2_VERSION, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	    "ECDHE-ECDSA-AES256-GCM-SHA384", false },
	{ TLS1_2_VERSION, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	    "ECDHE-RSA-CHACHA20-POLY1305", true },
#if COMPAT_HAS_TLS_1_3
	{ TLS1_3_VERSION, TLS_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256",
	    false },
	{ TLS1_3_VERSION, TLS_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384",
	    true },
	{ TLS1_3_VERSION, TLS_CHACHA20_POLY1305_SHA256,
	    "TLS_CHACHA20_POLY1305_SHA256", false },
#endif
};
#define SUITE_COUNT ((int)(sizeof(suites) / sizeof(suites[0])))

/*
 * All cases, or the first few where each instruction takes many, and a
 * handshake seconds (see tests/lib/step): two suites have both kinds of key.
 */
static int
some(int all, int few)
{
	return getenv("SIGNET_TESTS_ARE_SLOWED") == NULL ? all : few;
}

static struct client_spec
spec_of(int i)
{
	bool is_1_3 = suites[i].version == TLS1_3_VERSION;

	return (struct client_spec){
		.version = suites[i].version,
		.ciphers = is_1_3 ? NULL : suites[i].name,
		.suites = is_1_3 ? suites[i].name : NULL,
		.pair = &fixture_pki.client,
		.first = BYTES_LITERAL("first words"),
	};
}

/* What a worker does: from the hand-over alone. */
struct end {
	struct tls_handover handover;
	struct tls_records records;
	uint8_t input[2 * TLS_RECORD_MAX];
	size_t len;
};
static struct end end;

static void
open_end(void)
{
	ck_assert_int_ge(fixture.fd, 0);
	ck_assert_int_eq(tls_handover_decode(buffer_view(&fixture.handover),
			     &end.handover),
	    0);
	ck_assert_int_eq(tls_records_init(&end.records, &end.handover.state),
	    0);
	fcntl(fixture.fd, F_SETFL, 0);
}

/* The next status that is not TLS_NEED_MORE. */
static int
receive_record(struct tls_record *record)
{
	int status;

	while ((status = tls_record_deprotect(&end.records, end.input, end.len,
		    record)) == TLS_NEED_MORE) {
		ssize_t len = read(fixture.fd, end.input + end.len,
		    sizeof(end.input) - end.len);

		ck_assert_int_gt(len, 0);
		end.len += (size_t)len;
	}
	return status;
}

static void
drop_record(const struct tls_record *record)
{
	end.len -= record->len;
	memmove(end.input, end.input + record->len, end.len);
}

static void
expect_text(const char *text)
{
	struct tls_record record;

	ck_assert_int_eq(receive_record(&record), 0);
	ck_assert_uint_eq(record.plaintext.len, strlen(text));
	ck_assert_mem_eq(record.plaintext.data, text, strlen(text));
	drop_record(&record);
}

static void
say(const char *text)
{
	uint8_t out[256];
	size_t len = 0;

	ck_assert_int_eq(tls_record_protect(&end.records, bytes_of_string(text),
			     out, &len),
	    0);
	ck_assert_int_eq(write(fixture.fd, out, len), (ssize_t)len);
}

static void
say_goodbye(void)
{
	struct tls_record record;
	uint8_t out[TLS_ALERT_MAX];
	size_t len = 0;

	tls_alert_protect(&end.records, TLS_ALERT_CLOSE_NOTIFY, out, &len);
	ck_assert_int_eq(write(fixture.fd, out, len), (ssize_t)len);
	ck_assert_int_eq(receive_record(&record), TLS_CLOSE_NOTIFY);
	tls_records_done(&end.records);
	close(fixture.fd);
	fixture.fd = -1;
	client_join(&client);
}

static void
assert_session_goes_on(void)
{
	open_end();
	expect_text("first words");
	say("last ");
	say("words");
	say_goodbye();
	ck_assert(client.is_connected);
	ck_assert_uint_eq(client.reply.len, 10);
	ck_assert_mem_eq(client.reply.data, "last words", 10);
	ck_assert(client.is_closed_orderly);
	buffer_done(&client.reply);
	end.len = 0;
}

static void
start(bool is_rsa)
{
	fixture_start(&fixture,
	    is_rsa ? &fixture_pki.rsa_server : &fixture_pki.server, 60000);
}

START_TEST(handshake_hands_over_a_session_of_each_suite)
{
	struct client_spec spec = spec_of(_i);

	start(suites[_i].is_rsa);
	fixture_try(&fixture, &client, &spec);
	open_end();
	ck_assert_uint_eq(end.handover.state.cipher_suite,
	    suites[_i].cipher_suite);
	ck_assert_int_eq(end.handover.state.version, suites[_i].version);
	tls_records_done(&end.records);
	assert_session_goes_on();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(handshake_loses_nothing_that_follows_finished)
{
	struct client_spec spec = spec_of(_i);

	spec.is_coalesced = true;
	start(suites[_i].is_rsa);
	fixture_try(&fixture, &client, &spec);
	assert_session_goes_on();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(handshake_takes_a_client_byte_by_byte)
{
	struct client_spec spec = spec_of(_i);

	spec.is_dribbled = true;
	start(suites[_i].is_rsa);
	fixture_try(&fixture, &client, &spec);
	assert_session_goes_on();
	fixture_stop(&fixture);
}
END_TEST

static const struct {
	struct bytes offer;
	const char *chosen;
} protocols[] = {
	{ CONSTANT("\x04mqtt"), "mqtt" },
	{ CONSTANT("\x0ex-amzn-mqtt-ca"), "x-amzn-mqtt-ca" },
	{ CONSTANT("\x02h2\x08http/1.1"), "http/1.1" },
	{ CONSTANT("\x08http/1.1\x04mqtt"), "mqtt" },
	{ { NULL, 0 }, "" },
};
#define PROTOCOL_COUNT ((int)(sizeof(protocols) / sizeof(protocols[0])))

START_TEST(handshake_agrees_on_an_application_protocol)
{ /* RFC 7301 s3.2 */
	struct client_spec spec = { .pair = &fixture_pki.client,
		.first = BYTES_LITERAL("first words"),
		.alpn = protocols[_i].offer };

	start(false);
	fixture_try(&fixture, &client, &spec);
	assert_session_goes_on();
	ck_assert_str_eq(client.alpn, protocols[_i].chosen);
	fixture_stop(&fixture);
}
END_TEST

START_TEST(handshake_takes_other_groups)
{
	static const char *const groups[] = { "P-256", "X25519", "P-384",
		"P-521" };
	struct client_spec spec = {
		.groups = groups[_i],
		.pair = &fixture_pki.client,
		.first = BYTES_LITERAL("first words"),
	};

	start(true);
	fixture_try(&fixture, &client, &spec);
	assert_session_goes_on();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(handshake_survives_a_hello_retry_request)
{ /* RFC 8446 s4.1.4: the share is of a group that we do not have */
	struct client_spec spec = {
		.groups = "X448:P-256",
		.pair = &fixture_pki.client,
		.first = BYTES_LITERAL("first words"),
	};

	start(false);
	fixture_try(&fixture, &client, &spec);
	assert_session_goes_on();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(handshake_asserts_who_the_peer_is)
{
	struct client_spec spec = spec_of(_i);
	const struct tls_peer *peer = &end.handover.peer;
	uint8_t fingerprint[TLS_HASH_LEN];

	start(suites[_i].is_rsa);
	fixture_try(&fixture, &client, &spec);
	open_end();
	X509_digest(fixture_pki.client.certificate, EVP_sha256(), fingerprint,
	    NULL);
	ck_assert_mem_eq(peer->fingerprint, fingerprint, TLS_HASH_LEN);
	ck_assert_uint_eq(peer->identity.len, 7);
	ck_assert_mem_eq(peer->identity.data, "pump-17", 7);
	ck_assert_uint_eq(peer->chain_count, 2);
	ck_assert_int_eq(peer->address.ss_family, AF_INET);
	ck_assert(!peer->is_resumed);
	ck_assert_int_gt(peer->not_after, peer->authenticated_at);
	tls_records_done(&end.records);
	assert_session_goes_on();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(handshake_takes_the_intermediates_that_a_client_sends)
{
	struct pki_pair leaf = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("below") },
	    &fixture_pki.intermediate);
	struct client_spec spec = spec_of(_i);

	spec.pair = &leaf;
	spec.intermediate = &fixture_pki.intermediate;
	start(suites[_i].is_rsa);
	fixture_try(&fixture, &client, &spec);
	open_end();
	ck_assert_uint_eq(end.handover.peer.chain_count, 3);
	tls_records_done(&end.records);
	assert_session_goes_on();
	fixture_stop(&fixture);
	pki_free(&leaf);
}
END_TEST

START_TEST(handshake_leaves_nothing_with_the_event_loop)
{
	struct client_spec spec = spec_of(_i);

	start(suites[_i].is_rsa);
	fixture_try(&fixture, &client, &spec);
	/* Something waits in the socket: a forgotten registration would ring. */
	uv_run(&fixture.loop, UV_RUN_NOWAIT);
	uv_run(&fixture.loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(fixture.handshakes.count, 0);
	assert_session_goes_on();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(handshake_waits_for_a_worker)
{
	struct client_spec spec = spec_of(_i);

	start(suites[_i].is_rsa);
	fixture.has_worker = false;
	fixture_connect(&fixture, &client, &spec);
	while (fixture.authenticated == 0)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	ck_assert_uint_eq(fixture.handshakes.waiting, 1);
	fixture.has_worker = true;
	handshakes_offer(&fixture.handshakes);
	ck_assert_uint_eq(fixture.handshakes.waiting, 0);
	assert_session_goes_on();
	fixture_stop(&fixture);
}
END_TEST

START_TEST(handshake_of_one_is_not_held_by_others)
{
	static struct client silent[40];
	struct client_spec nothing = { .has_nothing_to_do = true };
	struct client_spec spec = spec_of(0);

	start(false);
	for (size_t i = 0; i < 40; i++)
		fixture_connect(&fixture, &silent[i], &nothing);
	fixture_try(&fixture, &client, &spec);
	ck_assert_uint_eq(fixture.handshakes.count, 40);
	assert_session_goes_on();
	fixture_stop(&fixture);
	for (size_t i = 0; i < 40; i++)
		client_join(&silent[i]);
}
END_TEST

START_TEST(handshake_is_abandoned_at_the_end)
{
	static struct client silent;
	struct client_spec nothing = { .has_nothing_to_do = true };

	start(false);
	fixture_connect(&fixture, &silent, &nothing);
	fixture_stop(&fixture);
	client_join(&silent);
}
END_TEST

TCase *
handshake_tests(void)
{
	TCase *tests = tcase_create("handshake");
	int suite_count = some(SUITE_COUNT, 2);

	tcase_add_unchecked_fixture(tests, fixture_make_pki, fixture_free_pki);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, handshake_hands_over_a_session_of_each_suite,
	    0, SUITE_COUNT);
	tcase_add_loop_test(tests,
	    handshake_loses_nothing_that_follows_finished, 0, suite_count);
	tcase_add_loop_test(tests, handshake_takes_a_client_byte_by_byte, 0,
	    suite_count);
	tcase_add_loop_test(tests, handshake_agrees_on_an_application_protocol,
	    0, some(PROTOCOL_COUNT, 3));
	tcase_add_loop_test(tests, handshake_takes_other_groups, 0, some(4, 2));
	tcase_add_test(tests, handshake_survives_a_hello_retry_request);
	tcase_add_loop_test(tests, handshake_asserts_who_the_peer_is, 0,
	    suite_count);
	tcase_add_loop_test(tests,
	    handshake_takes_the_intermediates_that_a_client_sends, 0,
	    suite_count);
	tcase_add_loop_test(tests, handshake_leaves_nothing_with_the_event_loop,
	    0, suite_count);
	tcase_add_loop_test(tests, handshake_waits_for_a_worker, 0,
	    suite_count);
	tcase_add_test(tests, handshake_of_one_is_not_held_by_others);
	tcase_add_test(tests, handshake_is_abandoned_at_the_end);
	return tests;
}
