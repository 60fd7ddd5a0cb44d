/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/record.h"

#include <stdlib.h>

#include "rig.h"
#include "tests.h"
#include "tls/record_format.h"
#include "vector.h"

static const size_t edges[] = { 0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 257,
	1023, 1024, 1025, 4096, 16383, 16384 };
static uint8_t pattern[TLS_PLAINTEXT_MAX + 300];

static void
setup(void)
{
	size_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 31 + (i >> 8));
}

static bool
is_1_3(const struct rig *rig)
{
	return rig->server.suite->version == TLS_VERSION_1_3;
}

START_TEST(record_carries_data_of_every_length_both_ways)
{
	struct rig *rig = rig_new(_i);
	uint8_t *out = malloc(TLS_PLAINTEXT_MAX + TLS_PROTECT_OVERHEAD);
	struct tls_record record;
	size_t i, len;

	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA,
				     pattern, edges[i]),
		    0);
		ck_assert(bytes_equal(rig->record.plaintext,
		    bytes_of(pattern, edges[i])));
		ck_assert_int_eq(tls_record_protect(&rig->server,
				     bytes_of(pattern, edges[i]), out, &len),
		    0);
		ck_assert_uint_le(len, edges[i] + TLS_PROTECT_OVERHEAD);
		ck_assert_int_eq(rig_client_take(rig, out, len, &record), 0);
		ck_assert(
		    bytes_equal(record.plaintext, bytes_of(pattern, edges[i])));
	}
	free(out);
	rig_free(rig);
}
END_TEST

START_TEST(record_is_awaited_whole)
{
	struct rig *rig = rig_new(_i);
	uint8_t copy[256];
	size_t len;

	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, pattern, 100);
	memcpy(copy, rig->wire, rig->wire_len);
	rig->record.len = 4711;
	for (len = 0; len < rig->wire_len; len++) {
		ck_assert_int_eq(tls_record_deprotect(&rig->server, rig->wire,
				     len, &rig->record),
		    TLS_NEED_MORE);
		ck_assert_mem_eq(rig->wire, copy, rig->wire_len);
		ck_assert_uint_eq(rig->record.len, 4711);
	}
	ck_assert_int_eq(rig_take(rig), 0);
	ck_assert_uint_eq(rig->record.plaintext.len, 100);
	rig_free(rig);
}
END_TEST

START_TEST(record_leaves_what_follows_it_alone)
{
	struct rig *rig = rig_new(_i);
	size_t first_len;

	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "first", 5);
	first_len = rig->wire_len;
	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "second", 6);
	ck_assert_int_eq(rig_take(rig), 0);
	ck_assert_uint_eq(rig->record.len, first_len);
	ck_assert(bytes_equal(rig->record.plaintext, BYTES_LITERAL("first")));
	ck_assert_int_eq(rig_take(rig), 0);
	ck_assert(bytes_equal(rig->record.plaintext, BYTES_LITERAL("second")));
	rig_free(rig);
}
END_TEST

/* RFC 8446 s5.1 and s5.2, RFC 5246 s6.2.1 and s6.2.3 */
START_TEST(records_come_together_behind_what_is_there)
{
	static const uint8_t data[TLS_PLAINTEXT_MAX] = { 1, 2, 3 };
	struct rig *rig = rig_new(_i);
	struct buffer out = { NULL, 0, 0 };
	uint8_t *at = rig->wire;

	buffer_append(&out, BYTES_LITERAL("begin"));
	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, data, sizeof(data));
	rig_send(rig, TLS_CONTENT_ALERT, "\1\x5a", 2); /* user_canceled */
	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "end", 3);
	while (at < rig->wire + rig->wire_len) {
		ck_assert_int_eq(tls_record_deprotect_to(&rig->server, at,
				     (size_t)(rig->wire + rig->wire_len - at),
				     &out, &rig->record),
		    0);
		at += rig->record.len;
	}
	ck_assert_uint_eq(out.len, 5 + sizeof(data) + 3);
	ck_assert_mem_eq(out.data, "begin", 5);
	ck_assert_mem_eq(out.data + 5, data, sizeof(data));
	ck_assert_mem_eq(out.data + 5 + sizeof(data), "end", 3);
	buffer_done(&out);
	rig_free(rig);
}
END_TEST

START_TEST(a_record_that_is_not_whole_or_forged_adds_nothing)
{
	struct rig *rig = rig_new(_i);
	struct buffer out = { NULL, 0, 0 };

	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "some data", 9);
	for (size_t len = 0; len < rig->wire_len; len++)
		ck_assert_int_eq(tls_record_deprotect_to(&rig->server,
				     rig->wire, len, &out, &rig->record),
		    TLS_NEED_MORE);
	ck_assert_uint_eq(out.capacity, 0);
	rig->wire[rig->wire_len - 1] ^= 1;
	ck_assert_int_eq(tls_record_deprotect_to(&rig->server, rig->wire,
			     rig->wire_len, &out, &rig->record),
	    -TLS_ALERT_BAD_RECORD_MAC);
	ck_assert_uint_eq(out.len, 0);
	buffer_done(&out);
	rig_free(rig);
}
END_TEST

START_TEST(record_of_more_than_2_14_bytes_is_overflow)
{
	struct rig *rig = rig_new(_i);

	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, pattern,
	    TLS_PLAINTEXT_MAX + 1);
	ck_assert_int_eq(rig_take(rig), -TLS_ALERT_RECORD_OVERFLOW);
	ck_assert(rig->server.state.receive.is_closed);
	rig_free(rig);
}
END_TEST

START_TEST(record_beyond_the_negotiated_limit_is_overflow) /* RFC 6066 s4 */
{
	struct rig *rig = rig_new(_i);

	rig->server.state.receive_max = 512;
	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA,
			     pattern, 512),
	    0);
	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA,
			     pattern, 513),
	    -TLS_ALERT_RECORD_OVERFLOW);
	rig_free(rig);
}
END_TEST

START_TEST(record_that_announces_too_much_is_overflow_at_once)
{
	struct rig *rig = rig_new(_i);
	bool has_explicit_nonce = rig->server.suite->iv_len == 4;
	size_t most = TLS_PLAINTEXT_MAX +
		      (is_1_3(rig) ? 256u
				   : 16u + (has_explicit_nonce ? 8u : 0u));
	uint8_t header[5] = { TLS_CONTENT_APPLICATION_DATA, 3, 3,
		(uint8_t)(most >> 8), (uint8_t)most };

	ck_assert_int_eq(tls_record_deprotect(&rig->server, header, 5,
			     &rig->record),
	    TLS_NEED_MORE);
	header[3] = (uint8_t)((most + 1) >> 8);
	header[4] = (uint8_t)(most + 1);
	ck_assert_int_eq(tls_record_deprotect(&rig->server, header, 5,
			     &rig->record),
	    -TLS_ALERT_RECORD_OVERFLOW);
	rig_free(rig);
}
END_TEST

START_TEST(record_too_short_for_a_tag_is_bad_record_mac)
{
	struct rig *rig = rig_new(_i);
	size_t least = rig->server.suite->iv_len == 4 ? 8 + 16
						      : TLS_AEAD_TAG_LEN;
	uint8_t header[5] = { TLS_CONTENT_APPLICATION_DATA, 3, 3, 0,
		(uint8_t)(least - 1) };

	ck_assert_int_eq(tls_record_deprotect(&rig->server, header, 5,
			     &rig->record),
	    -TLS_ALERT_BAD_RECORD_MAC);
	rig_free(rig);
}
END_TEST

/* RFC 8446 s5.2, RFC 5246 s7.2.2 */
START_TEST(record_that_was_changed_is_bad_record_mac_and_the_end)
{
	uint8_t fresh[64], out[TLS_ALERT_MAX];
	struct rig *rig;
	size_t at, len;

	for (at = TLS_HEADER_LEN;; at++) {
		rig = rig_new(_i);
		rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "data", 4);
		if (at == rig->wire_len)
			break;
		memcpy(fresh, rig->wire, rig->wire_len);
		rig->wire[at] ^= 0x10;
		ck_assert_int_eq(rig_take(rig), -TLS_ALERT_BAD_RECORD_MAC);
		/* Even the true record comes too late. */
		ck_assert_int_eq(tls_record_deprotect(&rig->server, fresh,
				     rig->wire_len, &rig->record),
		    TLS_CLOSE_NOTIFY);
		ck_assert_uint_eq(rig->record.len, rig->wire_len);
		/* But the alert can be told. */
		ck_assert_int_eq(tls_alert_protect(&rig->server,
				     TLS_ALERT_BAD_RECORD_MAC, out, &len),
		    0);
		rig_free(rig);
	}
	rig_free(rig);
}
END_TEST

/* RFC 8446 s5.3, RFC 5246 s6.1: the sequence number is authentic. */
START_TEST(record_that_is_repeated_is_bad_record_mac)
{
	struct rig *rig = rig_new(_i);
	uint8_t copy[64];
	size_t len;

	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "data", 4);
	len = rig->wire_len;
	memcpy(copy, rig->wire, len);
	ck_assert_int_eq(rig_take(rig), 0);
	ck_assert_int_eq(tls_record_deprotect(&rig->server, copy, len,
			     &rig->record),
	    -TLS_ALERT_BAD_RECORD_MAC);
	rig_free(rig);
}
END_TEST

START_TEST(record_out_of_order_is_bad_record_mac)
{
	struct rig *rig = rig_new(_i);
	size_t first_len;

	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "first", 5);
	first_len = rig->wire_len;
	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "second", 6);
	rig->wire_start = first_len;
	ck_assert_int_eq(rig_take(rig), -TLS_ALERT_BAD_RECORD_MAC);
	rig_free(rig);
}
END_TEST

/* RFC 8446 s5.3, RFC 5246 s6.1 */
START_TEST(sequence_numbers_count_each_direction_alone)
{
	struct rig *rig = rig_new(_i);
	uint64_t received = rig->server.state.receive.sequence_number;
	uint64_t sent = rig->server.state.send.sequence_number;
	uint8_t out[64];
	size_t len;

	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA, "1",
			     1),
	    0);
	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA, "2",
			     1),
	    0);
	ck_assert_int_eq(tls_record_protect(&rig->server, BYTES_LITERAL("3"),
			     out, &len),
	    0);
	ck_assert_uint_eq(rig->server.state.receive.sequence_number,
	    received + 2);
	ck_assert_uint_eq(rig->server.state.send.sequence_number, sent + 1);
	rig_free(rig);
}
END_TEST

START_TEST(content_of_an_unknown_type_is_unexpected) /* RFC 8446 s5 */
{
	static const uint8_t types[] = { 0, 19, 24, 255 };
	size_t i;

	for (i = 0; i < sizeof(types); i++) {
		struct rig *rig = rig_new(_i);

		if (is_1_3(rig) && types[i] == 0)
			rig_send_inner(rig, "x\0\0", 2); /* 'x' is the type */
		else
			rig_send(rig, types[i], "x", 1);
		ck_assert_int_eq(rig_take(rig), -TLS_ALERT_UNEXPECTED_MESSAGE);
		rig_free(rig);
	}
}
END_TEST

/* RFC 5246 s7.1, RFC 8446 s5: no second handshake, no compatibility mode. */
START_TEST(change_cipher_spec_is_unexpected)
{
	struct rig *rig = rig_new(_i);
	uint8_t plain[] = { TLS_CONTENT_CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1 };

	ck_assert_int_eq(tls_record_deprotect(&rig->server, plain,
			     sizeof(plain), &rig->record),
	    -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
	rig = rig_new(_i);
	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_CHANGE_CIPHER_SPEC, "\1",
			     1),
	    -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
}
END_TEST

START_TEST(empty_data_is_allowed_but_not_without_end) /* RFC 8446 s5.1 */
{
	struct rig *rig = rig_new(_i);
	int i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < TLS_WARNINGS_MAX; i++)
			ck_assert_int_eq(rig_exchange(rig,
					     TLS_CONTENT_APPLICATION_DATA, NULL,
					     0),
			    0);
		rig_assert_alive(rig);
	}
	for (i = 0; i < TLS_WARNINGS_MAX; i++)
		ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA,
				     NULL, 0),
		    0);
	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA, NULL,
			     0),
	    -TLS_ALERT_UNEXPECTED_MESSAGE);
	rig_free(rig);
}
END_TEST

START_TEST(protect_refuses_more_than_the_peer_takes) /* RFC 6066 s4 */
{
	struct rig *rig = rig_new(_i);
	uint8_t out[600];
	size_t len = 4711;

	rig->server.state.send_max = 512;
	ck_assert_int_eq(tls_record_protect(&rig->server,
			     bytes_of(pattern, 513), out, &len),
	    -TLS_ALERT_INTERNAL_ERROR);
	ck_assert_uint_eq(len, 4711);
	ck_assert_int_eq(tls_record_protect(&rig->server,
			     bytes_of(pattern, 512), out, &len),
	    0);
	rig_free(rig);
}
END_TEST

START_TEST(init_refuses_what_is_no_possible_state)
{
	struct rig *rig = rig_new(0);
	struct tls_state good = rig->server.state, bad;
	struct tls_records records;

	ck_assert_int_eq(tls_records_init(&records, &good), 0);
	bad = good;
	bad.version = TLS_VERSION_1_2;
	ck_assert_int_eq(tls_records_init(&records, &bad),
	    -TLS_ALERT_INTERNAL_ERROR);
	bad = good;
	bad.cipher_suite = 0x1304;
	ck_assert_int_eq(tls_records_init(&records, &bad),
	    -TLS_ALERT_INTERNAL_ERROR);
	bad = good;
	bad.send_max = 0;
	ck_assert_int_eq(tls_records_init(&records, &bad),
	    -TLS_ALERT_INTERNAL_ERROR);
	bad = good;
	bad.receive_max = TLS_PLAINTEXT_MAX + 1;
	ck_assert_int_eq(tls_records_init(&records, &bad),
	    -TLS_ALERT_INTERNAL_ERROR);
	rig_free(rig);
}
END_TEST

START_TEST(rest_costs_nothing_but_time)
{
	struct rig *rig = rig_new(_i);

	ck_assert_ptr_null(rig->server.send_aead);
	rig_assert_alive(rig);
	ck_assert_ptr_nonnull(rig->server.send_aead);
	ck_assert_ptr_nonnull(rig->server.receive_aead);
	tls_records_rest(&rig->server);
	ck_assert_ptr_null(rig->server.send_aead);
	ck_assert_ptr_null(rig->server.receive_aead);
	rig_assert_alive(rig);
	/* What an idle connection keeps of TLS. */
	ck_assert_uint_le(sizeof(rig->server), 320);
	rig_free(rig);
}
END_TEST

START_TEST(done_wipes_the_keys)
{
	struct rig *rig = rig_new(_i);
	static const uint8_t zeros[sizeof(struct tls_records)];

	rig_assert_alive(rig);
	tls_records_done(&rig->server);
	ck_assert_mem_eq(&rig->server, zeros, sizeof(zeros));
	rig_free(rig);
}
END_TEST

/* Records of RFC 8448 s3 as the server of the trace sends and takes them. */
START_TEST(records_are_those_of_the_trace)
{
	struct tls_state state = {
		.version = TLS_VERSION_1_3,
		.cipher_suite = TLS_AES_128_GCM_SHA256,
		.send_max = TLS_PLAINTEXT_MAX,
		.receive_max = TLS_PLAINTEXT_MAX,
	};
	uint8_t content[512], wire[512], out[512];
	struct tls_records records;
	struct vector vector, contents;
	struct tls_record record;
	size_t len, out_len;

	if (rig_backend(_i) == NULL)
		return;
	tls_aead_start_with(rig_backend(_i));
	vector_get("rfc8448.txt", "client", &vector);
	vector_hex(&vector, "traffic_secret", state.receive.traffic_secret, 48);
	vector_get("rfc8448.txt", "server", &vector);
	vector_hex(&vector, "traffic_secret", state.send.traffic_secret, 48);
	tls_direction_derive(tls_suite_find(state.cipher_suite),
	    &state.receive);
	tls_direction_derive(tls_suite_find(state.cipher_suite), &state.send);
	ck_assert_int_eq(tls_records_init(&records, &state), 0);
	vector_get("rfc8448.txt", "contents", &contents);

	vector_get("rfc8448.txt", "client records", &vector);
	len = vector_hex(&vector, "application_data", wire, sizeof(wire));
	ck_assert_int_eq(tls_record_deprotect(&records, wire, len, &record), 0);
	ck_assert_uint_eq(record.len, len);
	len = vector_hex(&contents, "application_data", content,
	    sizeof(content));
	ck_assert(bytes_equal(record.plaintext, bytes_of(content, len)));
	len = vector_hex(&vector, "close_notify", wire, sizeof(wire));
	ck_assert_int_eq(tls_record_deprotect(&records, wire, len, &record),
	    TLS_CLOSE_NOTIFY);

	vector_get("rfc8448.txt", "server records", &vector);
	len = vector_hex(&contents, "new_session_ticket", content,
	    sizeof(content));
	ck_assert_int_eq(tls_content_protect(&records, TLS_CONTENT_HANDSHAKE,
			     bytes_of(content, len), out, &out_len),
	    0);
	len = vector_hex(&vector, "new_session_ticket", wire, sizeof(wire));
	ck_assert(bytes_equal(bytes_of(out, out_len), bytes_of(wire, len)));
	len = vector_hex(&contents, "application_data", content,
	    sizeof(content));
	ck_assert_int_eq(tls_record_protect(&records, bytes_of(content, len),
			     out, &out_len),
	    0);
	len = vector_hex(&vector, "application_data", wire, sizeof(wire));
	ck_assert(bytes_equal(bytes_of(out, out_len), bytes_of(wire, len)));
	ck_assert_int_eq(tls_alert_protect(&records, TLS_ALERT_CLOSE_NOTIFY,
			     out, &out_len),
	    0);
	len = vector_hex(&vector, "close_notify", wire, sizeof(wire));
	ck_assert(bytes_equal(bytes_of(out, out_len), bytes_of(wire, len)));
	tls_records_done(&records);
}
END_TEST

TCase *
test_record(void)
{
	TCase *tcase = tcase_create("record");

	tcase_add_checked_fixture(tcase, setup, NULL);
	rig_add(tcase, record_carries_data_of_every_length_both_ways);
	rig_add(tcase, record_is_awaited_whole);
	rig_add(tcase, record_leaves_what_follows_it_alone);
	rig_add(tcase, records_come_together_behind_what_is_there);
	rig_add(tcase, a_record_that_is_not_whole_or_forged_adds_nothing);
	rig_add(tcase, record_of_more_than_2_14_bytes_is_overflow);
	rig_add(tcase, record_beyond_the_negotiated_limit_is_overflow);
	rig_add(tcase, record_that_announces_too_much_is_overflow_at_once);
	rig_add(tcase, record_too_short_for_a_tag_is_bad_record_mac);
	rig_add(tcase, record_that_was_changed_is_bad_record_mac_and_the_end);
	rig_add(tcase, record_that_is_repeated_is_bad_record_mac);
	rig_add(tcase, record_out_of_order_is_bad_record_mac);
	rig_add(tcase, sequence_numbers_count_each_direction_alone);
	rig_add(tcase, content_of_an_unknown_type_is_unexpected);
	rig_add(tcase, change_cipher_spec_is_unexpected);
	rig_add(tcase, empty_data_is_allowed_but_not_without_end);
	rig_add(tcase, protect_refuses_more_than_the_peer_takes);
	tcase_add_test(tcase, init_refuses_what_is_no_possible_state);
	rig_add(tcase, rest_costs_nothing_but_time);
	rig_add(tcase, done_wipes_the_keys);
	tcase_add_loop_test(tcase, records_are_those_of_the_trace, 0,
	    RIG_BACKENDS_MAX);
	return tcase;
}
