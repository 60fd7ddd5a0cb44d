/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/post_handshake.h"

#include <stdlib.h>

#include "rig.h"
#include "tests.h"

#define KEY_UPDATE(request) ((const uint8_t[]){ 24, 0, 0, 1, request })

static bool
is_1_3(const struct rig *rig)
{
	return rig->server.suite->version == TLS_VERSION_1_3;
}

static int
alert(struct rig *rig, uint8_t level, uint8_t description)
{
	const uint8_t content[] = { level, description };

	return rig_exchange(rig, TLS_CONTENT_ALERT, content, 2);
}

static int
handshake(struct rig *rig, const void *content, size_t len)
{
	return rig_exchange(rig, TLS_CONTENT_HANDSHAKE, content, len);
}

/* The client updates its own key after it has sent a KeyUpdate. */
static int
key_update(struct rig *rig, uint8_t request)
{
	int status = handshake(rig, KEY_UPDATE(request), 5);

	tls_direction_update(rig->client.suite, &rig->client.state.send);
	tls_records_rest(&rig->client);
	return status;
}

/* The server pays what it owes; the client takes it. */
static int
pay(struct rig *rig, struct tls_record *record)
{
	uint8_t out[TLS_OWED_MAX];
	size_t len;

	ck_assert_int_eq(tls_owed_protect(&rig->server, out, &len), 0);
	ck_assert_uint_gt(len, 0);
	ck_assert_uint_le(len, sizeof(out));
	ck_assert(!tls_records_owe(&rig->server));
	return rig_client_take(rig, out, len, record);
}

START_TEST(close_notify_ends_the_reading) /* RFC 8446 s6.1, RFC 5246 s7.2.1 */
{
	struct rig *rig = rig_new(_i);

	/* Without it the end of the stream is a truncation: see is_closed. */
	ck_assert(!rig->server.state.receive.is_closed);
	ck_assert_int_eq(alert(rig, 1, 0), TLS_CLOSE_NOTIFY);
	ck_assert(rig->server.state.receive.is_closed);
	ck_assert(!rig->server.state.send.is_closed);
	rig_free(rig);
}
END_TEST

START_TEST(what_follows_close_notify_is_ignored) /* RFC 8446 s6.1 */
{
	struct rig *rig = rig_new(_i);
	uint8_t garbage[3] = { 1, 2, 3 };

	ck_assert_int_eq(alert(rig, 1, 0), TLS_CLOSE_NOTIFY);
	ck_assert_int_eq(tls_record_deprotect(&rig->server, garbage, 3,
			     &rig->record),
	    TLS_CLOSE_NOTIFY);
	ck_assert_uint_eq(rig->record.len, 3);
	ck_assert_uint_eq(rig->record.plaintext.len, 0);
	rig_free(rig);
}
END_TEST

START_TEST(close_notify_is_answered_and_then_nothing_is_sealed)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_ALERT_MAX];
	struct tls_record record;
	size_t len;

	ck_assert_int_eq(alert(rig, 1, 0), TLS_CLOSE_NOTIFY);
	ck_assert_int_eq(tls_alert_protect(&rig->server, TLS_ALERT_CLOSE_NOTIFY,
			     out, &len),
	    0);
	ck_assert_int_eq(rig_client_take(rig, out, len, &record),
	    TLS_CLOSE_NOTIFY);
	ck_assert(rig->server.state.send.is_closed);
	ck_assert_int_eq(tls_record_protect(&rig->server, BYTES_LITERAL("x"),
			     out, &len),
	    -TLS_ALERT_INTERNAL_ERROR);
	ck_assert_int_eq(tls_alert_protect(&rig->server, TLS_ALERT_CLOSE_NOTIFY,
			     out, &len),
	    -TLS_ALERT_INTERNAL_ERROR);
	rig_free(rig);
}
END_TEST

/* RFC 8446 s6.1: each direction closes alone. */
START_TEST(data_comes_in_after_our_own_close_notify)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_ALERT_MAX];
	size_t len;

	ck_assert_int_eq(tls_alert_protect(&rig->server, TLS_ALERT_CLOSE_NOTIFY,
			     out, &len),
	    0);
	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA, "data",
			     4),
	    0);
	ck_assert(bytes_equal(rig->record.plaintext, BYTES_LITERAL("data")));
	/* Nothing can be owed any more. */
	if (is_1_3(rig))
		ck_assert_int_eq(key_update(rig, 1), 0);
	else
		ck_assert_int_eq(handshake(rig, "\1\0\0\1x", 5), 0);
	ck_assert(!tls_records_owe(&rig->server));
	ck_assert(tls_records_are_quiet(&rig->server));
	ck_assert_int_eq(alert(rig, 1, 0), TLS_CLOSE_NOTIFY);
	rig_free(rig);
}
END_TEST

START_TEST(alert_has_two_bytes) /* RFC 8446 s5.1 and s5.4, RFC 5246 s6.2.1 */
{
	static const struct {
		size_t len;
		int status;
	} rows[] = {
		{ 0, -TLS_ALERT_UNEXPECTED_MESSAGE },
		{ 1, -TLS_ALERT_DECODE_ERROR },
		{ 3, -TLS_ALERT_DECODE_ERROR },
		{ 4, -TLS_ALERT_DECODE_ERROR },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *rig = rig_new(_i);

		ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_ALERT,
				     "\1\0\1\0", rows[i].len),
		    rows[i].status);
		rig_free(rig);
	}
}
END_TEST

/* RFC 8446 s6.2, RFC 5246 s7.2.2: the peer's last word. */
START_TEST(fatal_alert_ends_the_connection)
{
	struct rig *rig = rig_new(_i);
	uint8_t garbage[3] = { 1, 2, 3 };

	ck_assert_int_eq(alert(rig, 2, TLS_ALERT_BAD_RECORD_MAC),
	    TLS_FATAL_ALERT);
	ck_assert_uint_eq(rig->record.alert, TLS_ALERT_BAD_RECORD_MAC);
	ck_assert(rig->server.state.receive.is_closed);
	ck_assert_int_eq(tls_record_deprotect(&rig->server, garbage, 3,
			     &rig->record),
	    TLS_CLOSE_NOTIFY);
	rig_free(rig);
}
END_TEST

START_TEST(fatal_alert_of_ours_closes_the_sending_direction)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_ALERT_MAX];
	struct tls_record record;
	size_t len;

	ck_assert_int_eq(tls_alert_protect(&rig->server,
			     TLS_ALERT_CERTIFICATE_REVOKED, out, &len),
	    0);
	ck_assert(rig->server.state.send.is_closed);
	ck_assert_int_eq(rig_client_take(rig, out, len, &record),
	    TLS_FATAL_ALERT);
	ck_assert_uint_eq(record.alert, TLS_ALERT_CERTIFICATE_REVOKED);
	rig_free(rig);
}
END_TEST

START_TEST(warnings_of_1_2_are_ignored_but_not_without_end)
{
	struct rig *rig = rig_new(_i);
	int i;

	for (i = 0; i < TLS_WARNINGS_MAX; i++)
		ck_assert_int_eq(alert(rig, 1,
				     i % 2 ? TLS_ALERT_USER_CANCELED
					   : TLS_ALERT_NO_RENEGOTIATION),
		    0);
	rig_assert_alive(rig);
	for (i = 0; i < TLS_WARNINGS_MAX; i++)
		ck_assert_int_eq(alert(rig, 1, 90), 0);
	ck_assert_int_eq(alert(rig, 1, 90), -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
}
END_TEST

START_TEST(alert_level_of_1_2_is_one_of_two) /* RFC 5246 s7.2 */
{
	static const uint8_t levels[] = { 0, 3, 255 };
	size_t i;

	for (i = 0; i < sizeof(levels); i++) {
		struct rig *rig = rig_new(_i);

		ck_assert_int_eq(alert(rig, levels[i], 0),
		    -TLS_ALERT_ILLEGAL_PARAMETER);
		rig_free(rig);
	}
}
END_TEST

START_TEST(alert_level_of_1_3_is_ignored) /* RFC 8446 s6 */
{
	static const uint8_t levels[] = { 0, 1, 2, 255 };
	size_t i;

	for (i = 0; i < sizeof(levels); i++) {
		struct rig *rig = rig_new(_i);

		ck_assert_int_eq(alert(rig, levels[i], 90), 0);
		ck_assert_int_eq(alert(rig, levels[i], 0), TLS_CLOSE_NOTIFY);
		rig_free(rig);
	}
}
END_TEST

/* RFC 8446 s6 and s6.2: whatever they are called, and those without a name. */
START_TEST(alerts_of_1_3_are_fatal_but_two)
{
	int description;

	for (description = 1; description < 256;
	     description = rig_next_byte(description)) {
		struct rig *rig = rig_new(_i);

		ck_assert_int_eq(alert(rig, 1, (uint8_t)description),
		    description == TLS_ALERT_USER_CANCELED ? 0
							   : TLS_FATAL_ALERT);
		rig_free(rig);
	}
}
END_TEST

START_TEST(user_canceled_is_tolerated_but_not_without_end)
{
	struct rig *rig = rig_new(_i);
	int i;

	for (i = 0; i < TLS_WARNINGS_MAX; i++)
		ck_assert_int_eq(alert(rig, 1, 90), 0);
	ck_assert_int_eq(alert(rig, 1, 90), -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
}
END_TEST

START_TEST(empty_handshake_fragment_is_unexpected)
/* RFC 8446 s5.1 and s5.4, RFC 5246 s6.2.1 */
{
	struct rig *rig = rig_new(_i);

	ck_assert_int_eq(handshake(rig, NULL, 0),
	    -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
}
END_TEST

START_TEST(nothing_comes_between_the_parts_of_a_message) /* RFC 8446 s5.1 */
{
	static const uint8_t types[] = { TLS_CONTENT_ALERT,
		TLS_CONTENT_APPLICATION_DATA };
	size_t i, cut;

	for (i = 0; i < sizeof(types); i++) {
		for (cut = 1; cut < 5; cut++) {
			struct rig *rig = rig_new(_i);

			ck_assert_int_eq(handshake(rig,
					     is_1_3(rig) ? "\30\0\0\1"
							 : "\1\0\0\5",
					     cut),
			    0);
			ck_assert(!tls_records_are_quiet(&rig->server));
			ck_assert_int_eq(rig_exchange(rig, types[i], "\1\0", 2),
			    -TLS_ALERT_UNEXPECTED_MESSAGE);
			rig_free(rig);
		}
	}
}
END_TEST

/* RFC 5246 s7.2.2 and s7.4.1.2, RFC 5746 s4.5 */
START_TEST(client_hello_is_refused_with_one_warning)
{
	struct rig *rig = rig_new(_i);
	uint8_t hello[200] = { 1, 0, 0, 196 };
	struct tls_record record;

	ck_assert_int_eq(handshake(rig, hello, sizeof(hello)), 0);
	ck_assert_uint_eq(rig->record.plaintext.len, 0);
	ck_assert(tls_records_owe(&rig->server));
	ck_assert(!tls_records_are_quiet(&rig->server));
	/* A warning, which the client counts and ignores. */
	ck_assert_int_eq(pay(rig, &record), 0);
	ck_assert_uint_eq(rig->client.warning_count, 1);
	ck_assert(tls_records_are_quiet(&rig->server));
	rig_assert_alive(rig);
	rig_free(rig);
}
END_TEST

START_TEST(client_hello_is_skipped_over_several_records)
{
	static uint8_t hello[40004] = { 1, 0, 40000 >> 8, 40000 & 255 };
	struct rig *rig = rig_new(_i);
	size_t lens[] = { 1, 2, 1, 16384, 16384, 7000, 0 };
	size_t i, pos = 0;

	lens[6] = sizeof(hello) - 4 - 16384 - 16384 - 7000;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		ck_assert(pos == 0 || !tls_records_are_quiet(&rig->server));
		ck_assert_int_eq(handshake(rig, hello + pos, lens[i]), 0);
		pos += lens[i];
		ck_assert_int_eq(tls_records_owe(&rig->server),
		    pos >= 4 ? 1 : 0);
	}
	ck_assert_uint_eq(pos, sizeof(hello));
	ck_assert_uint_eq(rig->server.handshake_skip, 0);
	rig_assert_alive(rig);
	rig_free(rig);
}
END_TEST

START_TEST(client_hellos_in_one_record_are_each_skipped)
{
	struct rig *rig = rig_new(_i);
	struct tls_record record;

	ck_assert_int_eq(handshake(rig, "\1\0\0\2ab\1\0\0\0\1\0\0\1c\1\0", 17),
	    0);
	ck_assert_uint_eq(rig->server.warning_count, 3);
	ck_assert_int_eq(pay(rig, &record), 0);
	ck_assert_uint_eq(rig->client.warning_count, 1);
	ck_assert(!tls_records_are_quiet(&rig->server));
	ck_assert_int_eq(handshake(rig, "\0\3xyz", 5), 0);
	ck_assert_uint_eq(rig->server.warning_count, 4);
	rig_free(rig);
}
END_TEST

START_TEST(client_hellos_come_not_without_end)
{
	struct rig *rig = rig_new(_i);
	int i;

	for (i = 0; i < TLS_WARNINGS_MAX; i++)
		ck_assert_int_eq(handshake(rig, "\1\0\0\1x", 5), 0);
	ck_assert_int_eq(handshake(rig, "\1\0\0\1x", 5),
	    -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
}
END_TEST

START_TEST(client_hello_beyond_measure_is_refused)
{
	struct rig *rig = rig_new(_i);

	ck_assert_int_eq(handshake(rig, "\1\1\0\0", 4), 0);
	ck_assert_uint_eq(rig->server.handshake_skip, TLS_CLIENT_HELLO_MAX);
	rig_free(rig);
	rig = rig_new(_i);
	ck_assert_int_eq(handshake(rig, "\1\1\0\1", 4),
	    -TLS_ALERT_ILLEGAL_PARAMETER);
	rig_free(rig);
}
END_TEST

START_TEST(other_handshake_messages_are_unexpected)
/* RFC 5246 s7.4.1; RFC 8446 s4.6.1, s4.6.2 */
{
	int type;

	for (type = 0; type < 256; type = rig_next_byte(type)) {
		struct rig *rig = rig_new(_i);
		uint8_t message[] = { (uint8_t)type, 0, 0, 1, 0 };

		if (type != (is_1_3(rig) ? 24 : 1)) {
			ck_assert_int_eq(handshake(rig, message, 5),
			    -TLS_ALERT_UNEXPECTED_MESSAGE);
			rig_free(rig);
			rig = rig_new(_i);
			/* Its first byte tells. */
			ck_assert_int_eq(handshake(rig, message, 1),
			    -TLS_ALERT_UNEXPECTED_MESSAGE);
		}
		rig_free(rig);
	}
}
END_TEST

START_TEST(key_update_changes_the_receiving_key_alone) /* RFC 8446 s4.6.3 */
{
	struct rig *rig = rig_new(_i);
	struct tls_direction send = rig->server.state.send;
	struct tls_direction receive = rig->server.state.receive;

	ck_assert_int_eq(key_update(rig, 0), 0);
	ck_assert_uint_eq(rig->record.plaintext.len, 0);
	ck_assert(!tls_records_owe(&rig->server));
	ck_assert_mem_eq(&rig->server.state.send, &send, sizeof(send));
	ck_assert_mem_ne(rig->server.state.receive.key, receive.key,
	    rig->server.suite->key_len);
	ck_assert_mem_ne(rig->server.state.receive.iv, receive.iv, 12);
	ck_assert_mem_ne(rig->server.state.receive.traffic_secret,
	    receive.traffic_secret, 32);
	ck_assert_uint_eq(rig->server.state.receive.sequence_number, 0);
	rig_assert_alive(rig);
	rig_free(rig);
}
END_TEST

START_TEST(key_update_is_answered_before_the_next_data) /* RFC 8446 s4.6.3 */
{
	struct rig *rig = rig_new(_i);
	uint8_t out[64];
	struct tls_record record;
	size_t len;

	ck_assert_int_eq(key_update(rig, 1), 0);
	ck_assert(tls_records_owe(&rig->server));
	ck_assert(!tls_records_are_quiet(&rig->server));
	ck_assert_int_eq(tls_record_protect(&rig->server, BYTES_LITERAL("x"),
			     out, &len),
	    -TLS_ALERT_INTERNAL_ERROR);
	ck_assert_int_eq(pay(rig, &record), 0);
	ck_assert_uint_eq(rig->server.state.send.sequence_number, 0);
	/* The answer asks for none. */
	ck_assert(!tls_records_owe(&rig->client));
	ck_assert(tls_records_are_quiet(&rig->server));
	rig_assert_alive(rig);
	rig_free(rig);
}
END_TEST

START_TEST(several_requests_have_one_answer) /* RFC 8446 s4.6.3 */
{
	struct rig *rig = rig_new(_i);
	struct tls_record record;

	ck_assert_int_eq(key_update(rig, 1), 0);
	ck_assert_int_eq(key_update(rig, 1), 0);
	ck_assert_int_eq(key_update(rig, 0), 0);
	ck_assert_int_eq(pay(rig, &record), 0);
	rig_assert_alive(rig);
	rig_free(rig);
}
END_TEST

START_TEST(nothing_owed_is_nothing_to_send)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_OWED_MAX];
	size_t len = 4711;

	ck_assert(!tls_records_owe(&rig->server));
	ck_assert_int_eq(tls_owed_protect(&rig->server, out, &len), 0);
	ck_assert_uint_eq(len, 0);
	rig_free(rig);
}
END_TEST

START_TEST(key_update_may_be_fragmented) /* RFC 8446 s5.1 */
{
	struct rig *rig = rig_new(_i);
	size_t i;

	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(handshake(rig, KEY_UPDATE(1) + i, 1), 0);
		ck_assert(!tls_records_are_quiet(&rig->server));
	}
	ck_assert_int_eq(handshake(rig, KEY_UPDATE(1) + 4, 1), 0);
	ck_assert(tls_records_owe(&rig->server));
	rig_free(rig);
}
END_TEST

START_TEST(key_update_ends_its_record) /* RFC 8446 s5.1 */
{
	struct rig *rig = rig_new(_i);
	const uint8_t two[] = { 24, 0, 0, 1, 0, 24, 0, 0, 1, 0 };

	ck_assert_int_eq(handshake(rig, two, 10),
	    -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
	rig = rig_new(_i);
	ck_assert_int_eq(handshake(rig, two, 3), 0);
	ck_assert_int_eq(handshake(rig, two + 3, 3),
	    -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
}
END_TEST

START_TEST(key_update_has_one_byte) /* RFC 8446 s4.6.3, s6.2 */
{
	static const uint8_t lens[][3] = { { 0, 0, 0 }, { 0, 0, 2 },
		{ 0, 1, 1 }, { 1, 0, 1 }, { 255, 255, 255 } };
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct rig *rig = rig_new(_i);
		uint8_t message[] = { 24, lens[i][0], lens[i][1], lens[i][2], 0,
			0 };

		ck_assert_int_eq(handshake(rig, message, 4),
		    -TLS_ALERT_DECODE_ERROR);
		rig_free(rig);
	}
}
END_TEST

START_TEST(key_update_request_is_0_or_1) /* RFC 8446 s4.6.3 */
{
	int value;

	for (value = 2; value < 256; value = rig_next_byte(value)) {
		struct rig *rig = rig_new(_i);

		ck_assert_int_eq(handshake(rig, KEY_UPDATE((uint8_t)value), 5),
		    -TLS_ALERT_ILLEGAL_PARAMETER);
		rig_free(rig);
	}
}
END_TEST

START_TEST(key_updates_come_not_without_end)
{
	struct rig *rig = rig_new(_i);
	int i;

	for (i = 0; i < TLS_UPDATES_MAX; i++)
		ck_assert_int_eq(key_update(rig, 0), 0);
	rig_assert_alive(rig);
	for (i = 0; i < TLS_UPDATES_MAX; i++)
		ck_assert_int_eq(key_update(rig, 0), 0);
	ck_assert_int_eq(key_update(rig, 0), -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
}
END_TEST

TCase *
test_post_handshake(void)
{
	TCase *tcase = tcase_create("post_handshake");

	rig_add(tcase, close_notify_ends_the_reading);
	rig_add(tcase, what_follows_close_notify_is_ignored);
	rig_add(tcase, close_notify_is_answered_and_then_nothing_is_sealed);
	rig_add(tcase, data_comes_in_after_our_own_close_notify);
	rig_add(tcase, alert_has_two_bytes);
	rig_add(tcase, fatal_alert_ends_the_connection);
	rig_add(tcase, fatal_alert_of_ours_closes_the_sending_direction);
	rig_add_1_2(tcase, warnings_of_1_2_are_ignored_but_not_without_end);
	rig_add_1_2(tcase, alert_level_of_1_2_is_one_of_two);
	rig_add_1_3(tcase, alert_level_of_1_3_is_ignored);
	rig_add_1_3(tcase, alerts_of_1_3_are_fatal_but_two);
	rig_add_1_3(tcase, user_canceled_is_tolerated_but_not_without_end);
	rig_add(tcase, empty_handshake_fragment_is_unexpected);
	rig_add(tcase, nothing_comes_between_the_parts_of_a_message);
	rig_add_1_2(tcase, client_hello_is_refused_with_one_warning);
	rig_add_1_2(tcase, client_hello_is_skipped_over_several_records);
	rig_add_1_2(tcase, client_hellos_in_one_record_are_each_skipped);
	rig_add_1_2(tcase, client_hellos_come_not_without_end);
	rig_add_1_2(tcase, client_hello_beyond_measure_is_refused);
	rig_add(tcase, other_handshake_messages_are_unexpected);
	rig_add_1_3(tcase, key_update_changes_the_receiving_key_alone);
	rig_add_1_3(tcase, key_update_is_answered_before_the_next_data);
	rig_add_1_3(tcase, several_requests_have_one_answer);
	rig_add(tcase, nothing_owed_is_nothing_to_send);
	rig_add_1_3(tcase, key_update_may_be_fragmented);
	rig_add_1_3(tcase, key_update_ends_its_record);
	rig_add_1_3(tcase, key_update_has_one_byte);
	rig_add_1_3(tcase, key_update_request_is_0_or_1);
	rig_add_1_3(tcase, key_updates_come_not_without_end);
	return tcase;
}
