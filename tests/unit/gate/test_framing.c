/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/framing.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mbedtls/ssl.h>

#include "test_gate.h"

static struct framing framing;
static int peer;

static void
set_up(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     fds),
	    0);
	framing_init(&framing, fds[0]);
	peer = fds[1];
}

static void
tear_down(void)
{
	framing_done(&framing);
	close(framing.fd);
	close(peer);
}

static void
put(const char *data, size_t len)
{
	ck_assert_int_eq(send(peer, data, len, 0), (ssize_t)len);
}
#define PUT(literal) put(literal, sizeof(literal) - 1)

/* One record as mbedTLS reads it, though it asks for all there is. */
static size_t
get_record(void)
{
	uint8_t data[1024];
	size_t got = 0;

	do {
		int len = framing_receive(&framing, data + got,
		    sizeof(data) - got);

		ck_assert_int_gt(len, 0);
		got += (size_t)len;
	} while (!framing_is_between_records(&framing));
	return got;
}

static int
get(void)
{
	uint8_t data[1024];

	return framing_receive(&framing, data, sizeof(data));
}

START_TEST(framing_leaves_what_follows_a_record_in_the_socket)
{
	uint8_t rest[64];

	PUT("\x16\x03\x03\x00\x02xy\x17\x03\x03\x00\x03"
	    "abc");
	ck_assert_uint_eq(get_record(), 7);
	ck_assert_int_eq(recv(framing.fd, rest, sizeof(rest), MSG_DONTWAIT), 8);
	ck_assert_mem_eq(rest,
	    "\x17\x03\x03\x00\x03"
	    "abc",
	    8);
}
END_TEST

START_TEST(framing_takes_records_byte_by_byte)
{
	static const char record[] = "\x16\x03\x01\x00\x04wxyz";

	for (size_t i = 0; i < sizeof(record) - 1; i++) {
		put(record + i, 1);
		ck_assert_int_eq(get(), 1);
		ck_assert_int_eq(framing_is_between_records(&framing),
		    i == sizeof(record) - 2);
	}
	ck_assert_int_eq(get(), MBEDTLS_ERR_SSL_WANT_READ);
}
END_TEST

START_TEST(framing_counts_what_comes_after_change_cipher_spec)
{
	PUT("\x16\x03\x03\x00\x01x\x14\x03\x03\x00\x01\x01"
	    "\x16\x03\x03\x00\x01y\x17\x03\x03\x00\x01z");
	get_record();
	get_record();
	ck_assert_uint_eq(framing.received, 0);
	get_record();
	ck_assert_uint_eq(framing.received, 1);
	get_record();
	ck_assert_uint_eq(framing.received, 2);
}
END_TEST

static const struct {
	struct bytes text;
} plaintexts[] = {
	{ CONSTANT("G") },                    /* HTTP */
	{ CONSTANT("\x10\x2b\0\x04MQTT") },   /* CONNECT */
	{ CONSTANT("\x80\x2e\x01\x03\x01") }, /* SSL 2.0 */
	{ CONSTANT("\x16\x02") },             /* a version there is not */
	{ CONSTANT("\0") },
};

START_TEST(framing_knows_plaintext_by_its_first_bytes)
{
	int result = 1;

	put((const char *)plaintexts[_i].text.data, plaintexts[_i].text.len);
	for (size_t i = 0; i < 5 && result > 0; i++) {
		uint8_t byte;

		result = framing_receive(&framing, &byte, 1);
	}
	ck_assert_int_eq(result, MBEDTLS_ERR_SSL_INVALID_RECORD);
	ck_assert_int_eq(framing.fault, REFUSAL_PLAINTEXT);
}
END_TEST

START_TEST(framing_refuses_a_strange_record_later_as_unexpected)
{
	PUT("\x16\x03\x03\x00\x01x\x18\x03\x03\x00\x01x");
	get_record();
	ck_assert_int_eq(get(), MBEDTLS_ERR_SSL_INVALID_RECORD);
	ck_assert_int_eq(framing.fault, REFUSAL_UNEXPECTED_MESSAGE);
}
END_TEST

START_TEST(framing_takes_a_bounded_number_of_records_in_a_turn)
{
	for (size_t i = 0; i <= FRAMING_TURN_MAX; i++)
		PUT("\x16\x03\x03\x00\x01x");
	for (size_t i = 0; i < FRAMING_TURN_MAX; i++)
		get_record();
	ck_assert_int_eq(get(), MBEDTLS_ERR_SSL_WANT_READ);
	framing_turn(&framing);
	get_record();
}
END_TEST

START_TEST(framing_takes_a_bounded_number_of_records_in_all)
{
	for (size_t i = 0; i < FRAMING_RECORDS_MAX; i++) {
		framing_turn(&framing);
		PUT("\x16\x03\x03\x00\x00");
		get_record();
	}
	framing_turn(&framing);
	PUT("\x16\x03\x03\x00\x00");
	ck_assert_int_lt(get(), 0);
	ck_assert_int_eq(framing.fault, REFUSAL_HANDSHAKE_TOO_LONG);
}
END_TEST

START_TEST(framing_reads_an_alert_in_plaintext)
{
	PUT("\x15\x03\x03\0\x02\x02\x30");
	for (size_t i = 0; i < 6; i++)
		ck_assert_int_eq(framing_receive(&framing,
				     (unsigned char[1]){ 0 }, 1),
		    1);
	ck_assert_int_lt(get(), 0);
	ck_assert_int_eq(framing.fault, REFUSAL_ALERT_BY_PEER);
	ck_assert_int_eq(framing.alert_received, TLS_ALERT_UNKNOWN_CA);
}
END_TEST

START_TEST(framing_tells_that_the_peer_is_gone)
{
	shutdown(peer, SHUT_WR);
	ck_assert_int_eq(get(), 0);
	ck_assert(framing.is_peer_gone);
}
END_TEST

#define ZEROES_16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
/* ServerHello without session_id and extensions, suite C02B */
#define HELLO_1_2(len, extensions)                                             \
	"\x16\x03\x03\0" len "\x02\0\0"                                        \
	"\x2a\x03\x03" ZEROES_16 ZEROES_16 "\0\xc0\x2b\0" extensions

static int
push(const char *data, size_t len)
{
	return framing_send(&framing, (const unsigned char *)data, len);
}
#define PUSH(literal) push(literal, sizeof(literal) - 1)

START_TEST(framing_refuses_tls_1_2_without_extended_master_secret)
{ /* RFC 7627 s5.2 */
	ck_assert_int_lt(PUSH(HELLO_1_2("\x2a", "")), 0);
	ck_assert_int_eq(framing.fault, REFUSAL_NO_EXTENDED_MASTER_SECRET);
	ck_assert_uint_eq(framing.output.len, 0);
}
END_TEST

START_TEST(framing_reads_version_suite_and_extended_master_secret)
{
	ck_assert_int_gt(PUSH(HELLO_1_2("\x30", "\0\x04\0\x17\0\0")), 0);
	ck_assert_uint_eq(framing.version, TLS_VERSION_1_2);
	ck_assert_uint_eq(framing.cipher_suite, 0xc02b);
	ck_assert(framing.has_extended_master_secret);
}
END_TEST

START_TEST(framing_reads_tls_1_3_from_supported_versions)
{
	ck_assert_int_gt(PUSH(HELLO_1_2("\x32", "\0\x06\0\x2b\0\x02\x03\x04")),
	    0);
	ck_assert_uint_eq(framing.version, TLS_VERSION_1_3);
	ck_assert(!framing_is_plain(&framing));
}
END_TEST

START_TEST(framing_holds_a_fatal_alert_until_it_is_chosen)
{
	uint8_t sent[16];

	ck_assert_int_eq(PUSH("\x15\x03\x02\0\x02\x02\x28"), 7);
	ck_assert_uint_eq(framing.output.len, 0);
	framing_push_alert(&framing, TLS_ALERT_UNKNOWN_CA);
	ck_assert_int_eq(framing_flush(&framing), 0);
	ck_assert_int_eq(recv(peer, sent, sizeof(sent), 0), 7);
	ck_assert_mem_eq(sent, "\x15\x03\x02\0\x02\x02\x30", 7);
}
END_TEST

START_TEST(framing_drops_what_tls_1_3_clients_cannot_read)
{
	PUSH(HELLO_1_2("\x32", "\0\x06\0\x2b\0\x02\x03\x04"));
	buffer_consume(&framing.output, framing.output.len);
	PUSH("\x17\x03\x03\0\x01x");
	ck_assert_uint_eq(framing.output.len, 6);
	framing.has_application_secrets = true;
	PUSH("\x17\x03\x03\0\x01x"); /* Finished */
	ck_assert_uint_eq(framing.output.len, 12);
	ck_assert_int_eq(get(), MBEDTLS_ERR_SSL_WANT_READ);
	PUSH("\x17\x03\x03\0\x01x");
	ck_assert_uint_eq(framing.output.len, 12);
}
END_TEST

START_TEST(framing_lets_a_ticket_of_tls_1_3_pass)
{ /* RFC 8446 s4.6.1: behind the client's Finished */
	static const char alert[TLS_HEADER_LEN + 32] = "\x17\x03\x03\0\x20";
	static const char ticket[TLS_HEADER_LEN + 90] = "\x17\x03\x03\0\x5a";

	PUSH(HELLO_1_2("\x32", "\0\x06\0\x2b\0\x02\x03\x04"));
	buffer_consume(&framing.output, framing.output.len);
	framing.has_application_secrets = true;
	ck_assert_int_eq(get(), MBEDTLS_ERR_SSL_WANT_READ);
	push(alert, sizeof(alert));
	ck_assert_uint_eq(framing.output.len, 0);
	push(ticket, sizeof(ticket));
	ck_assert_uint_eq(framing.output.len, sizeof(ticket));
}
END_TEST

START_TEST(framing_keeps_what_the_socket_does_not_take)
{
	static char record[TLS_HEADER_LEN + 16384] = "\x16\x03\x03\x40\0";
	size_t queued = 0;

	while (framing_flush(&framing) == 0) {
		ck_assert_int_eq(push(record, sizeof(record)),
		    (int)sizeof(record));
		queued += sizeof(record);
	}
	ck_assert_int_eq(framing_flush(&framing), -EAGAIN);
	while (framing.output.len > 0) {
		ssize_t len = recv(peer, record, sizeof(record), 0);

		if (len > 0)
			queued -= (size_t)len;
		framing_flush(&framing);
	}
	while (queued > 0)
		queued -= (size_t)recv(peer, record, sizeof(record), 0);
}
END_TEST

TCase *
framing_tests(void)
{
	TCase *tests = tcase_create("framing");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests,
	    framing_leaves_what_follows_a_record_in_the_socket);
	tcase_add_test(tests, framing_takes_records_byte_by_byte);
	tcase_add_test(tests,
	    framing_counts_what_comes_after_change_cipher_spec);
	tcase_add_loop_test(tests, framing_knows_plaintext_by_its_first_bytes,
	    0, sizeof(plaintexts) / sizeof(plaintexts[0]));
	tcase_add_test(tests,
	    framing_refuses_a_strange_record_later_as_unexpected);
	tcase_add_test(tests,
	    framing_takes_a_bounded_number_of_records_in_a_turn);
	tcase_add_test(tests, framing_takes_a_bounded_number_of_records_in_all);
	tcase_add_test(tests, framing_reads_an_alert_in_plaintext);
	tcase_add_test(tests, framing_tells_that_the_peer_is_gone);
	tcase_add_test(tests,
	    framing_refuses_tls_1_2_without_extended_master_secret);
	tcase_add_test(tests,
	    framing_reads_version_suite_and_extended_master_secret);
	tcase_add_test(tests, framing_reads_tls_1_3_from_supported_versions);
	tcase_add_test(tests, framing_holds_a_fatal_alert_until_it_is_chosen);
	tcase_add_test(tests, framing_drops_what_tls_1_3_clients_cannot_read);
	tcase_add_test(tests, framing_lets_a_ticket_of_tls_1_3_pass);
	tcase_add_test(tests, framing_keeps_what_the_socket_does_not_take);
	return tests;
}
