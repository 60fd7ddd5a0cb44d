/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who comes back with a ticket: who it was, and whether it may still come in.
 * A ticket that is no good is no fault: a full handshake follows.
 */
#include "gate/resumption.h"

#include "fixture.h"
#include "test_gate.h"

static struct fixture fixture;
static struct client client;
static SSL_SESSION *session; /* of the first visit */

static const int versions[] = {
	TLS1_2_VERSION,
#if COMPAT_HAS_TLS_1_3
	TLS1_3_VERSION,
#endif
};
#define VERSION_COUNT ((int)(sizeof(versions) / sizeof(versions[0])))

/* A visit; whoever it was is in peer, if the gate let it in. */
static bool
visit(int version, SSL_SESSION *with, struct tls_handover *handover)
{
	struct client_spec spec = { .version = version,
		.pair = &fixture_pki.client,
		.session = with,
		.keeps_session = true };
	bool is_let_in;

	SSL_SESSION_free(client_take_session(&client));
	fixture_try(&fixture, &client, &spec);
	is_let_in = fixture.fd >= 0;
	if (is_let_in) {
		ck_assert_int_eq(tls_handover_decode(buffer_view(
							 &fixture.handover),
				     handover),
		    0);
		close(fixture.fd);
		fixture.fd = -1;
		client_join(&client);
	}
	return is_let_in;
}

/* The first visit, and a ticket from it. */
static void
begin(int version)
{
	struct tls_handover handover;

	fixture_start(&fixture, &fixture_pki.server, 60000);
	ck_assert(visit(version, NULL, &handover));
	ck_assert(!handover.peer.is_resumed);
	session = client_take_session(&client);
	ck_assert_ptr_nonnull(session);
}

static void
finish(void)
{
	SSL_SESSION_free(session);
	SSL_SESSION_free(client_take_session(&client));
	fixture_stop(&fixture);
}

static void
assert_is_full(int version)
{
	struct tls_handover handover;

	ck_assert(visit(version, session, &handover));
	ck_assert(!handover.peer.is_resumed);
	ck_assert(!client.is_resumed);
}

START_TEST(who_comes_back_is_who_it_was)
{
	struct tls_handover handover;
	struct tls_peer first;
	struct buffer kept = { .data = NULL };

	begin(versions[_i]);
	buffer_append(&kept, buffer_view(&fixture.handover));
	ck_assert_int_eq(tls_handover_decode(buffer_view(&kept), &handover), 0);
	first = handover.peer;
	ck_assert(visit(versions[_i], session, &handover));
	ck_assert(client.is_resumed);
	ck_assert(handover.peer.is_resumed);
	ck_assert(bytes_equal(handover.peer.identity, first.identity));
	ck_assert(bytes_equal(handover.peer.fields, first.fields));
	ck_assert_mem_eq(handover.peer.fingerprint, first.fingerprint,
	    TLS_HASH_LEN);
	ck_assert_uint_eq(handover.peer.chain_count, first.chain_count);
	ck_assert_mem_eq(handover.peer.chain, first.chain, sizeof(first.chain));
	ck_assert_int_eq(handover.peer.not_after, first.not_after);
	ck_assert_int_eq(handover.peer.authenticated_at,
	    first.authenticated_at);
	ck_assert_uint_ne(handover.peer.id, first.id);
	buffer_done(&kept);
	finish();
}
END_TEST

START_TEST(who_comes_back_again_and_again_needs_no_certificate)
{
	struct tls_handover handover;

	begin(versions[_i]);
	for (int i = 0; i < 3; i++) {
		SSL_SESSION *next;

		ck_assert(visit(versions[_i], session, &handover));
		ck_assert(handover.peer.is_resumed);
		next = client_take_session(&client);
		if (next == NULL)
			continue; /* TLS 1.2: the ticket stays */
		SSL_SESSION_free(session);
		session = next;
	}
	finish();
}
END_TEST

static void
use_trust(const struct pki_pair *ca, struct bytes revoked)
{
	struct buffer file = { .data = NULL };
	struct ipc_trust_index index;

	pki_append_pem(ca->certificate, &file);
	fixture_trust(buffer_view(&file), revoked, BYTES_NONE, &index);
	handshakes_trust(&fixture.handshakes, &index);
	buffer_done(&file);
}

START_TEST(who_was_revoked_meanwhile_is_refused)
{
	struct tls_handover handover;
	uint8_t id[TLS_ID_LEN];

	begin(versions[_i]);
	ck_assert_int_eq(tls_handover_decode(buffer_view(&fixture.handover),
			     &handover),
	    0);
	memcpy(id, handover.peer.chain[0].certificate, TLS_ID_LEN);
	use_trust(&fixture_pki.ca, bytes_of(id, sizeof(id)));
	ck_assert(!visit(versions[_i], session, &handover));
	ck_assert_int_eq(client.alert, TLS_ALERT_CERTIFICATE_REVOKED);
	ck_assert_uint_eq(fixture_log_count(&fixture,
			      "reason=certificate-revoked"),
	    1);
	finish();
}
END_TEST

START_TEST(whose_authority_is_gone_is_refused)
{
	struct tls_handover handover;

	begin(versions[_i]);
	use_trust(&fixture_pki.other_ca, BYTES_NONE);
	ck_assert(!visit(versions[_i], session, &handover));
	ck_assert_int_eq(client.alert, TLS_ALERT_UNKNOWN_CA);
	finish();
}
END_TEST

START_TEST(a_ticket_of_an_unknown_key_leads_to_a_full_handshake)
{
	begin(versions[_i]);
	fixture_use_ticket_key(&fixture, 2);
	assert_is_full(versions[_i]);
	finish();
}
END_TEST

START_TEST(a_ticket_ends_with_its_time)
{
	struct tls_handover handover;

	begin(versions[_i]);
	SSL_SESSION_free(session);
	fixture.settings->resumptions.ticket_seconds = 0;
	ck_assert(visit(versions[_i], NULL, &handover));
	session = client_take_session(&client);
	ck_assert_ptr_nonnull(session);
	assert_is_full(versions[_i]);
	finish();
}
END_TEST

START_TEST(a_ticket_of_before_ends_with_the_time_of_now)
{
	begin(versions[_i]);
	fixture.settings->resumptions.ticket_seconds = 0;
	assert_is_full(versions[_i]);
	finish();
}
END_TEST

START_TEST(a_ticket_ends_with_the_certificate) /* RFC 5280, 4.1.2.5 */
{
	ck_assert_int_eq(resumption_end(1000, 60, 1060), 1060);
	ck_assert_int_eq(resumption_end(1000, 60, 1059), 1060);
	ck_assert_int_eq(resumption_end(1000, 60, 1058), 1059);
	ck_assert_int_eq(resumption_end(1000, 60, 1000), 1001);
	ck_assert_int_eq(resumption_end(1000, 60, INT64_MAX), 1060);
}
END_TEST

START_TEST(a_ticket_says_what_the_identity_was_taken_from)
{
	begin(versions[_i]);
	fixture.settings->resumptions.identity = (enum config_identity)200;
	assert_is_full(versions[_i]);
	finish();
}
END_TEST

START_TEST(without_keys_there_are_no_tickets)
{
	struct tls_handover handover;

	begin(versions[_i]);
	resumptions_use(&fixture.settings->resumptions,
	    &(struct ipc_ticket_keys){ .count = 0 });
	assert_is_full(versions[_i]);
	ck_assert(visit(versions[_i], NULL, &handover));
	finish();
}
END_TEST

/* A reload makes settings anew: their keys are those of before, and what the
 * configuration says is what it says now. */
START_TEST(keys_are_inherited_and_nothing_else)
{
	struct resumptions *now, before;
	struct tls_handover handover;

	begin(versions[_i]);
	now = &fixture.settings->resumptions;
	before = *now;
	fixture_use_ticket_key(&fixture, 2);
	assert_is_full(versions[_i]);
	before.ticket_seconds = 1;
	before.identity = (enum config_identity)200;
	resumptions_inherit(now, &before);
	ck_assert_uint_ne(now->ticket_seconds, before.ticket_seconds);
	ck_assert_int_ne(now->identity, before.identity);
	ck_assert(visit(versions[_i], session, &handover));
	ck_assert(handover.peer.is_resumed);
	finish();
}
END_TEST

TCase *
resumption_tests(void)
{
	TCase *tests = tcase_create("resumption");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_unchecked_fixture(tests, fixture_make_pki, fixture_free_pki);
	tcase_add_loop_test(tests, who_comes_back_is_who_it_was, 0,
	    VERSION_COUNT);
	tcase_add_loop_test(tests,
	    who_comes_back_again_and_again_needs_no_certificate, 0,
	    VERSION_COUNT);
	tcase_add_loop_test(tests, who_was_revoked_meanwhile_is_refused, 0,
	    VERSION_COUNT);
	tcase_add_loop_test(tests, whose_authority_is_gone_is_refused, 0,
	    VERSION_COUNT);
	tcase_add_loop_test(tests,
	    a_ticket_of_an_unknown_key_leads_to_a_full_handshake, 0,
	    VERSION_COUNT);
	tcase_add_test(tests, a_ticket_ends_with_the_certificate);
	tcase_add_loop_test(tests, a_ticket_ends_with_its_time, 0,
	    VERSION_COUNT);
	tcase_add_loop_test(tests, a_ticket_of_before_ends_with_the_time_of_now,
	    0, VERSION_COUNT);
	tcase_add_loop_test(tests,
	    a_ticket_says_what_the_identity_was_taken_from, 0, VERSION_COUNT);
	tcase_add_loop_test(tests, without_keys_there_are_no_tickets, 0,
	    VERSION_COUNT);
	tcase_add_loop_test(tests, keys_are_inherited_and_nothing_else, 0,
	    VERSION_COUNT);
	return tests;
}
