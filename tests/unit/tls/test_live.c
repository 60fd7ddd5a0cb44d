/* SPDX-License-Identifier: Apache-2.0 */
/* The record layer against OpenSSL: every suite, each back end. */
#include <openssl/err.h>
#include <stdlib.h>

#include "live.h"
#include "tls/handover.h"
#include "tls/key_limit.h"

static uint8_t pattern[50000];
static const struct live_options plain = { .ticket_count = 2 };

static void
setup(void)
{
	size_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 37 + (i >> 8));
}

static void
both_write(struct live *live, size_t len)
{
	live_client_writes(live, pattern, len);
	live_server_writes(live, pattern, len);
}

/* What the client says when it reads and there is no data. */
static int
client_reads_nothing(struct live *live)
{
	char byte;
	int result = SSL_read(live->client, &byte, 1);

	ck_assert_int_le(result, 0);
	return SSL_get_error(live->client, result);
}

START_TEST(data_goes_both_ways)
{
	static const size_t lens[] = { 1, 2, 15, 16, 17, 64, 100, 255, 256, 257,
		1000, 1024, 4096, 16383, 16384, 16385, 50000 };
	struct live *live = live_new(_i, plain);
	size_t i;

	for (i = 0; live && i < sizeof(lens) / sizeof(lens[0]); i++)
		both_write(live, lens[i]);
	live_free(live);
}
END_TEST

START_TEST(any_number_of_tickets_came_before)
{
	unsigned int count;

	for (count = 0; count < 4; count++) {
		struct live *live = live_new(_i,
		    (struct live_options){ .ticket_count = count });

		if (live != NULL)
			both_write(live, 100);
		live_free(live);
	}
}
END_TEST

START_TEST(records_come_byte_by_byte)
{
	struct live *live = live_new(_i, plain);
	uint8_t wire[1200];
	int len, have, status;

	if (live == NULL)
		return;
	ck_assert_int_eq(SSL_write(live->client, pattern, 1000), 1000);
	len = BIO_read(live->to_server, wire, sizeof(wire));
	for (have = 0; have <= len; have++) {
		status = tls_record_deprotect(&live->server, wire, (size_t)have,
		    &live->record);
		ck_assert_int_eq(status, have < len ? TLS_NEED_MORE : 0);
	}
	ck_assert(bytes_equal(live->record.plaintext, bytes_of(pattern, 1000)));
	live_free(live);
}
END_TEST

START_TEST(empty_records_reach_the_client)
{
	struct live *live = live_new(_i, plain);
	uint8_t out[64];
	size_t len;

	if (live == NULL)
		return;
	ck_assert_int_eq(tls_record_protect(&live->server, BYTES_NONE, out,
			     &len),
	    0);
	BIO_write(live->to_client, out, (int)len);
	both_write(live, 10);
	live_free(live);
}
END_TEST

START_TEST(client_pads_its_records) /* RFC 8446 s5.4 */
{
	struct live *live = live_new(_i,
	    (struct live_options){ .padding_block = 512 });

	if (live == NULL)
		return;
	both_write(live, 1);
	both_write(live, 511);
	both_write(live, 512);
	both_write(live, 20000);
	live_free(live);
}
END_TEST

START_TEST(fragments_are_limited_by_agreement) /* RFC 6066 s4 */
{
	struct live *live = live_new(_i,
	    (struct live_options){
		.fragment_code = TLSEXT_max_fragment_length_512 });

	if (live == NULL)
		return;
	both_write(live, 512);
	both_write(live, 5000);
	live_free(live);
}
END_TEST

START_TEST(client_updates_its_key) /* RFC 8446 s4.6.3 */
{
	struct live *live = live_new(_i, plain);
	int round;

	for (round = 0; live != NULL && round < 3; round++) {
		ck_assert_int_eq(SSL_key_update(live->client,
				     SSL_KEY_UPDATE_NOT_REQUESTED),
		    1);
		both_write(live, 100);
		ck_assert(!tls_records_owe(&live->server));
	}
	live_free(live);
}
END_TEST

START_TEST(client_requests_an_update) /* RFC 8446 s4.6.3 */
{
	struct live *live = live_new(_i, plain);
	int round;

	for (round = 0; live != NULL && round < 3; round++) {
		SSL_key_update(live->client, SSL_KEY_UPDATE_REQUESTED);
		live_client_writes(live, pattern, 100);
		live_server_pays(live);
		live_server_writes(live, pattern, 100);
	}
	live_free(live);
}
END_TEST

START_TEST(we_update_our_key) /* RFC 8446 s5.5 */
{
	struct live *live = live_new(_i, plain);
	int round;

	for (round = 0; live != NULL && round < 3; round++) {
		live->server.state.send.protected_blocks = TLS_BLOCKS_WORN;
		if (!tls_records_owe(&live->server))
			break; /* ChaCha20-Poly1305 */
		live_server_pays(live);
		both_write(live, 100);
	}
	live_free(live);
}
END_TEST

START_TEST(we_request_an_update) /* RFC 8446 s4.6.3 */
{
	struct live *live = live_new(_i, plain);

	if (live == NULL)
		return;
	live->server.state.receive.protected_blocks = TLS_BLOCKS_WORN;
	if (tls_records_owe(&live->server)) {
		live_server_pays(live);
		ck_assert(live->server.state.is_update_awaited);
		live_server_writes(live, pattern, 100);
		live_client_writes(live, pattern, 100);
		ck_assert(!live->server.state.is_update_awaited);
		ck_assert_uint_lt(live->server.state.receive.protected_blocks,
		    100);
	}
	both_write(live, 100);
	live_free(live);
}
END_TEST

START_TEST(requests_cross_on_the_way) /* RFC 8446 s4.6.3 */
{
	struct live *live = live_new(_i, plain);

	if (live == NULL)
		return;
	live->server.state.receive.protected_blocks = TLS_BLOCKS_WORN;
	SSL_key_update(live->client, SSL_KEY_UPDATE_REQUESTED);
	if (tls_records_owe(&live->server))
		live_server_pays(live);
	live_client_writes(live, pattern, 10);
	live_server_pays(live);
	live_server_writes(live, pattern, 10);
	both_write(live, 100);
	live_free(live);
}
END_TEST

START_TEST(client_closes) /* RFC 8446 s6.1, RFC 5246 s7.2.1 */
{
	struct live *live = live_new(_i, plain);

	if (live == NULL)
		return;
	both_write(live, 100);
	ck_assert_int_eq(SSL_shutdown(live->client), 0);
	ck_assert_int_eq(live_take(live), TLS_CLOSE_NOTIFY);
	live_server_alerts(live, TLS_ALERT_CLOSE_NOTIFY);
	ck_assert_int_eq(SSL_shutdown(live->client), 1);
	live_free(live);
}
END_TEST

START_TEST(we_close) /* RFC 8446 s6.1, RFC 5246 s7.2.1 */
{
	struct live *live = live_new(_i, plain);

	if (live == NULL)
		return;
	live_server_alerts(live, TLS_ALERT_CLOSE_NOTIFY);
	ck_assert_int_eq(client_reads_nothing(live), SSL_ERROR_ZERO_RETURN);
	ck_assert_int_eq(SSL_get_shutdown(live->client), SSL_RECEIVED_SHUTDOWN);
	/* The client may still say what it has to. */
	if (live_is_1_3(live))
		live_client_writes(live, pattern, 100);
	SSL_shutdown(live->client);
	ck_assert_int_eq(live_take(live), TLS_CLOSE_NOTIFY);
	live_free(live);
}
END_TEST

START_TEST(client_hears_our_alert) /* RFC 8446 s6.2, RFC 5246 s7.2.2 */
{
	struct live *live = live_new(_i, plain);
	unsigned long error;

	if (live == NULL)
		return;
	ERR_clear_error();
	live_server_alerts(live, TLS_ALERT_CERTIFICATE_REVOKED);
	ck_assert_int_eq(client_reads_nothing(live), SSL_ERROR_SSL);
	error = ERR_get_error();
	ck_assert_int_eq(ERR_GET_REASON(error),
	    SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED);
	live_free(live);
}
END_TEST

START_TEST(we_hear_the_alert_of_the_client) /* RFC 8446 s6.2 */
{
	struct live *live = live_new(_i, plain);
	uint8_t out[64];
	size_t len;

	if (live == NULL)
		return;
	ck_assert_int_eq(tls_record_protect(&live->server,
			     BYTES_LITERAL("data"), out, &len),
	    0);
	out[len - 1] ^= 1;
	BIO_write(live->to_client, out, (int)len);
	ck_assert_int_eq(client_reads_nothing(live), SSL_ERROR_SSL);
	ck_assert_int_eq(live_take(live), TLS_FATAL_ALERT);
	ck_assert_uint_eq(live->record.alert, TLS_ALERT_BAD_RECORD_MAC);
	live_free(live);
}
END_TEST

START_TEST(renegotiation_is_refused) /* RFC 5246 s7.2.2, RFC 5746 s4.5 */
{
	struct live *live = live_new(_i, plain);
	unsigned long error;

	if (live == NULL)
		return;
	ERR_clear_error();
	ck_assert_int_eq(SSL_renegotiate(live->client), 1);
	SSL_do_handshake(live->client);
	ck_assert_int_eq(live_take(live), 0);
	live_server_pays(live);
	ck_assert_int_le(SSL_do_handshake(live->client), 0);
	error = ERR_get_error();
	ck_assert_int_eq(ERR_GET_REASON(error), SSL_R_NO_RENEGOTIATION);
	live_free(live);
}
END_TEST

START_TEST(client_does_not_notice_that_we_move)
{
	struct live *live = live_new(_i, plain);
	struct tls_handover sent = { .peer = { .chain_count = 1,
					 .identity = BYTES_LITERAL("x") } };
	struct tls_handover taken;
	struct buffer message = { 0 };
	int round;

	sent.peer.address.ss_family = AF_INET;
	for (round = 0; live != NULL && round < 6; round++) {
		both_write(live, 1000);
		if (live_is_1_3(live) && round % 2) {
			SSL_key_update(live->client, SSL_KEY_UPDATE_REQUESTED);
			live_client_writes(live, pattern, 10);
			live_server_pays(live);
		}
		ck_assert(tls_records_are_quiet(&live->server));
		sent.state = live->server.state;
		tls_handover_encode(&sent, &message);
		tls_records_done(&live->server);
		ck_assert_int_eq(tls_handover_decode(buffer_view(&message),
				     &taken),
		    0);
		if (rig_backend(round % 2) != NULL)
			tls_aead_start_with(rig_backend(round % 2));
		ck_assert_int_eq(tls_records_init(&live->server, &taken.state),
		    0);
		message.len = 0;
	}
	if (live != NULL)
		both_write(live, 1000);
	buffer_wipe(&message);
	live_free(live);
}
END_TEST

static Suite *
live_suite(void)
{
	Suite *suite = suite_create("tls live");
	TCase *tcase = tcase_create("openssl");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 120);
	rig_add(tcase, data_goes_both_ways);
	rig_add_1_3(tcase, any_number_of_tickets_came_before);
	rig_add(tcase, records_come_byte_by_byte);
	rig_add(tcase, empty_records_reach_the_client);
	rig_add_1_3(tcase, client_pads_its_records);
	rig_add(tcase, fragments_are_limited_by_agreement);
	rig_add_1_3(tcase, client_updates_its_key);
	rig_add_1_3(tcase, client_requests_an_update);
	rig_add_1_3(tcase, we_update_our_key);
	rig_add_1_3(tcase, we_request_an_update);
	rig_add_1_3(tcase, requests_cross_on_the_way);
	rig_add(tcase, client_closes);
	rig_add(tcase, we_close);
	rig_add(tcase, client_hears_our_alert);
	rig_add(tcase, we_hear_the_alert_of_the_client);
	rig_add_1_2(tcase, renegotiation_is_refused);
	rig_add(tcase, client_does_not_notice_that_we_move);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(live_suite());
	int failed_count;

	live_start();
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	live_end();
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
