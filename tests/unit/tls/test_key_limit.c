/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/key_limit.h"

#include "rig.h"
#include "tests.h"

static bool
is_chacha(const struct rig *rig)
{
	return rig->server.suite->algorithm == TLS_AEAD_CHACHA20_POLY1305;
}

START_TEST(limits_lie_below_those_of_the_standard) /* RFC 8446 s5.5 */
{
	/* 2^24.5 records of 2^10 blocks: 2^34.5, squared 2^69. */
	__extension__ typedef unsigned __int128 wide;

	ck_assert((wide)TLS_BLOCKS_MAX * TLS_BLOCKS_MAX < (wide)1 << 69);
	ck_assert_uint_lt(TLS_BLOCKS_WORN, TLS_BLOCKS_MAX);
}
END_TEST

START_TEST(blocks_are_rounded_up_and_the_tag_is_one)
{
	struct tls_direction direction = { 0 };

	tls_key_count(&direction, 0);
	ck_assert_uint_eq(direction.protected_blocks, 1);
	tls_key_count(&direction, 1);
	ck_assert_uint_eq(direction.protected_blocks, 3);
	tls_key_count(&direction, 16);
	ck_assert_uint_eq(direction.protected_blocks, 5);
	tls_key_count(&direction, 17);
	ck_assert_uint_eq(direction.protected_blocks, 8);
	ck_assert_uint_eq(direction.sequence_number, 4);
}
END_TEST

START_TEST(records_are_counted_both_ways)
{
	struct rig *rig = rig_new(_i);

	rig_assert_alive(rig);
	ck_assert_uint_ge(rig->server.state.send.protected_blocks, 2);
	ck_assert_uint_ge(rig->server.state.receive.protected_blocks, 2);
	rig_free(rig);
}
END_TEST

static int
protect(struct rig *rig)
{
	uint8_t out[64];
	size_t len;

	return tls_record_protect(&rig->server, BYTES_LITERAL("data"), out,
	    &len);
}

/* RFC 9325 s4.4: TLS 1.2 has no new key, so the connection ends. */
START_TEST(worn_key_of_1_2_protects_no_more_data_but_alerts)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_ALERT_MAX];
	struct tls_record record;
	size_t len;

	rig->server.state.send.protected_blocks = TLS_BLOCKS_WORN - 2;
	ck_assert_int_eq(protect(rig), 0);
	if (is_chacha(rig)) {
		ck_assert_int_eq(protect(rig), 0);
	} else {
		ck_assert_int_eq(protect(rig), -TLS_ALERT_INTERNAL_ERROR);
		ck_assert(!tls_records_owe(&rig->server));
		rig->client.state.receive.sequence_number++;
		ck_assert_int_eq(tls_alert_protect(&rig->server,
				     TLS_ALERT_CLOSE_NOTIFY, out, &len),
		    0);
		ck_assert_int_eq(rig_client_take(rig, out, len, &record),
		    TLS_CLOSE_NOTIFY);
	}
	rig_free(rig);
}
END_TEST

START_TEST(worn_key_of_1_3_is_updated) /* RFC 8446 s5.5, s4.6.3 */
{
	struct rig *rig = rig_new(_i);
	struct tls_direction before;
	uint8_t out[TLS_OWED_MAX];
	struct tls_record record;
	size_t len;

	rig->server.state.send.protected_blocks = TLS_BLOCKS_WORN;
	ck_assert_int_eq(tls_records_owe(&rig->server), !is_chacha(rig));
	ck_assert_int_eq(tls_records_are_quiet(&rig->server), is_chacha(rig));
	if (!is_chacha(rig)) {
		/* What is under way still goes. */
		ck_assert_int_eq(protect(rig), 0);
		rig->client.state.receive.sequence_number++;
		before = rig->server.state.receive;
		ck_assert_int_eq(tls_owed_protect(&rig->server, out, &len), 0);
		ck_assert_uint_eq(len, 5 + 5 + 1 + 16);
		ck_assert(!tls_records_owe(&rig->server));
		ck_assert_uint_eq(rig->server.state.send.protected_blocks, 0);
		/* Its direction only, and nothing is asked of the peer. */
		ck_assert_mem_eq(&before, &rig->server.state.receive,
		    sizeof(before));
		ck_assert_int_eq(rig_client_take(rig, out, len, &record), 0);
		ck_assert(!tls_records_owe(&rig->client));
	}
	rig_assert_alive(rig);
	rig_free(rig);
}
END_TEST

START_TEST(used_up_key_protects_nothing)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_ALERT_MAX];
	size_t len;

	rig->server.state.send.protected_blocks = TLS_BLOCKS_MAX;
	if (!is_chacha(rig)) {
		ck_assert_int_eq(protect(rig), -TLS_ALERT_INTERNAL_ERROR);
		ck_assert_int_eq(tls_alert_protect(&rig->server,
				     TLS_ALERT_CLOSE_NOTIFY, out, &len),
		    -TLS_ALERT_INTERNAL_ERROR);
	}
	rig_free(rig);
}
END_TEST

START_TEST(used_up_key_takes_nothing)
{
	struct rig *rig = rig_new(_i);

	rig->server.state.receive.protected_blocks = TLS_BLOCKS_MAX;
	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA, "data",
			     4),
	    is_chacha(rig) ? 0 : -TLS_ALERT_INTERNAL_ERROR);
	rig_free(rig);
}
END_TEST

/* RFC 8446 s4.6.3: ask once, then wait for the answer. */
START_TEST(worn_key_of_the_peer_is_asked_to_change_once)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_OWED_MAX];
	struct tls_record record;
	size_t len;

	rig->server.state.receive.protected_blocks = TLS_BLOCKS_WORN;
	if (is_chacha(rig)) {
		ck_assert(!tls_records_owe(&rig->server));
		rig_free(rig);
		return;
	}
	ck_assert_int_eq(tls_owed_protect(&rig->server, out, &len), 0);
	ck_assert_int_eq(rig_client_take(rig, out, len, &record), 0);
	ck_assert(!tls_records_owe(&rig->server));
	ck_assert(rig->server.state.is_update_awaited);
	/* Data under the old key still comes. */
	ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_APPLICATION_DATA, "data",
			     4),
	    0);
	ck_assert(!tls_records_owe(&rig->server));
	/* The peer answers. */
	ck_assert(tls_records_owe(&rig->client));
	ck_assert_int_eq(tls_owed_protect(&rig->client, out, &len), 0);
	ck_assert_int_eq(tls_record_deprotect(&rig->server, out, len, &record),
	    0);
	ck_assert(!rig->server.state.is_update_awaited);
	ck_assert_uint_eq(rig->server.state.receive.protected_blocks, 0);
	rig_assert_alive(rig);
	rig_free(rig);
}
END_TEST

START_TEST(both_worn_keys_change_with_one_message)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_OWED_MAX];
	size_t len;

	rig->server.state.receive.sequence_number = TLS_SEQUENCE_WORN;
	rig->server.state.send.sequence_number = TLS_SEQUENCE_WORN;
	ck_assert_int_eq(tls_owed_protect(&rig->server, out, &len), 0);
	ck_assert_uint_eq(len, 5 + 5 + 1 + 16);
	ck_assert(rig->server.state.is_update_awaited);
	ck_assert_uint_eq(rig->server.state.send.sequence_number, 0);
	rig_free(rig);
}
END_TEST

/* An answer asks nothing; the request of our own goes behind it. */
START_TEST(owed_answer_and_own_request_are_two_messages)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_OWED_MAX];
	struct tls_record record;
	size_t len;

	rig->server.state.receive.sequence_number = TLS_SEQUENCE_WORN;
	rig->server.is_update_owed = true;
	ck_assert_int_eq(tls_owed_protect(&rig->server, out, &len), 0);
	ck_assert_uint_eq(len, 2 * (5 + 5 + 1 + 16));
	ck_assert_int_eq(tls_record_deprotect(&rig->client, out, len, &record),
	    0);
	ck_assert(!tls_records_owe(&rig->client));
	ck_assert_int_eq(rig_client_take(rig, out + record.len,
			     len - record.len, &record),
	    0);
	ck_assert(tls_records_owe(&rig->client));
	ck_assert(!tls_records_owe(&rig->server));
	rig_free(rig);
}
END_TEST

/* RFC 8446 s5.3, RFC 5246 s6.1 */
START_TEST(sequence_number_does_not_wrap)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[TLS_ALERT_MAX];
	size_t len;

	rig->server.state.send.sequence_number = TLS_SEQUENCE_MAX;
	ck_assert_int_eq(protect(rig), -TLS_ALERT_INTERNAL_ERROR);
	ck_assert_int_eq(tls_alert_protect(&rig->server, TLS_ALERT_CLOSE_NOTIFY,
			     out, &len),
	    -TLS_ALERT_INTERNAL_ERROR);
	ck_assert_uint_eq(rig->server.state.send.sequence_number,
	    TLS_SEQUENCE_MAX);
	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "data", 4);
	rig->server.state.receive.sequence_number = TLS_SEQUENCE_MAX;
	ck_assert_int_eq(rig_take(rig), -TLS_ALERT_INTERNAL_ERROR);
	rig_free(rig);
}
END_TEST

START_TEST(sequence_number_near_its_end_asks_for_a_new_key)
{
	struct rig *rig = rig_new(_i);

	rig->server.state.send.sequence_number = TLS_SEQUENCE_WORN;
	if (rig->server.suite->version == TLS_VERSION_1_3)
		ck_assert(tls_records_owe(&rig->server));
	else
		ck_assert_int_eq(protect(rig), -TLS_ALERT_INTERNAL_ERROR);
	rig_free(rig);
}
END_TEST

TCase *
test_key_limit(void)
{
	TCase *tcase = tcase_create("key_limit");

	tcase_add_test(tcase, limits_lie_below_those_of_the_standard);
	tcase_add_test(tcase, blocks_are_rounded_up_and_the_tag_is_one);
	rig_add(tcase, records_are_counted_both_ways);
	rig_add_1_2(tcase, worn_key_of_1_2_protects_no_more_data_but_alerts);
	rig_add_1_3(tcase, worn_key_of_1_3_is_updated);
	rig_add(tcase, used_up_key_protects_nothing);
	rig_add(tcase, used_up_key_takes_nothing);
	rig_add_1_3(tcase, worn_key_of_the_peer_is_asked_to_change_once);
	rig_add_1_3(tcase, both_worn_keys_change_with_one_message);
	rig_add_1_3(tcase, owed_answer_and_own_request_are_two_messages);
	rig_add(tcase, sequence_number_does_not_wrap);
	rig_add(tcase, sequence_number_near_its_end_asks_for_a_new_key);
	return tcase;
}
