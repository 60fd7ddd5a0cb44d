/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/handover.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "lib/pack.h"
#include "rig.h"
#include "tests.h"

static struct buffer fields;
static struct buffer encoded;

static void
setup(void)
{
	ck_assert(tls_field_append(&fields, TLS_FIELD_SUBJECT_CN,
	    BYTES_LITERAL("pump-7")));
	ck_assert(tls_field_append(&fields, TLS_FIELD_SUBJECT_OU, BYTES_NONE));
	ck_assert(tls_field_append(&fields, TLS_FIELD_ISSUER_CN,
	    BYTES_LITERAL("Plant CA")));
}

static void
teardown(void)
{
	buffer_done(&fields);
	buffer_wipe(&encoded);
}

static void
address_set(struct sockaddr_storage *address, bool is_v6)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(50123) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(50124),
		.sin6_flowinfo = htonl(7),
		.sin6_scope_id = 3 };

	inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
	memset(address, 0, sizeof(*address));
	if (is_v6)
		memcpy(address, &v6, sizeof(v6));
	else
		memcpy(address, &v4, sizeof(v4));
}

static struct tls_handover
example(int case_number)
{
	struct rig *rig = rig_new(case_number);
	struct tls_handover handover = { .state = rig->server.state };
	struct tls_peer *peer = &handover.peer;
	size_t i;

	rig_free(rig);
	handover.state.send_max = 16383;
	handover.state.send.sequence_number = 0x1122334455667788;
	handover.state.receive.protected_blocks = 99;
	handover.state.is_update_awaited = case_number % 2;
	peer->id = 0x9f2c00000000a1b3;
	address_set(&peer->address, case_number % 2);
	peer->authenticated_at = 1700000000;
	peer->not_after = 4102444800;
	peer->is_resumed = true;
	peer->identity_kind = 3;
	peer->identity = BYTES_LITERAL("pump-7");
	peer->chain_count = 2;
	for (i = 0; i < 2; i++) {
		memset(peer->chain[i].issuer, (int)(0xa0 + i), TLS_ID_LEN);
		memset(peer->chain[i].certificate, (int)(0x70 + i), TLS_ID_LEN);
	}
	memset(peer->fingerprint, 0xfe, sizeof(peer->fingerprint));
	peer->fields = buffer_view(&fields);
	return handover;
}

static void
encode(const struct tls_handover *handover)
{
	encoded.len = 0;
	tls_handover_encode(handover, &encoded);
}

static void
direction_assert_equal(const struct tls_direction *a,
    const struct tls_direction *b)
{
	ck_assert_mem_eq(a->key, b->key, sizeof(a->key));
	ck_assert_mem_eq(a->iv, b->iv, sizeof(a->iv));
	ck_assert_int_eq(a->is_closed, b->is_closed);
	ck_assert_uint_eq(a->sequence_number, b->sequence_number);
	ck_assert_uint_eq(a->protected_blocks, b->protected_blocks);
}

START_TEST(handover_arrives_as_it_left)
{
	struct tls_handover sent = example(_i), taken = { 0 };

	sent.state.receive.is_closed = _i % 2;
	encode(&sent);
	ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded), &taken), 0);
	ck_assert_uint_eq(taken.state.version, sent.state.version);
	ck_assert_uint_eq(taken.state.cipher_suite, sent.state.cipher_suite);
	ck_assert_uint_eq(taken.state.send_max, 16383);
	ck_assert_uint_eq(taken.state.receive_max, 16384);
	ck_assert_int_eq(taken.state.is_update_awaited, _i % 2);
	direction_assert_equal(&taken.state.send, &sent.state.send);
	direction_assert_equal(&taken.state.receive, &sent.state.receive);
	if (sent.state.version == TLS_VERSION_1_3)
		ck_assert_mem_eq(taken.state.send.traffic_secret,
		    sent.state.send.traffic_secret, TLS_SECRET_MAX);

	ck_assert_uint_eq(taken.peer.id, sent.peer.id);
	ck_assert_mem_eq(&taken.peer.address, &sent.peer.address,
	    sizeof(sent.peer.address));
	ck_assert_int_eq(taken.peer.authenticated_at, 1700000000);
	ck_assert_int_eq(taken.peer.not_after, 4102444800);
	ck_assert(taken.peer.is_resumed);
	ck_assert_mem_eq(taken.peer.fingerprint, sent.peer.fingerprint, 32);
	ck_assert_uint_eq(taken.peer.identity_kind, 3);
	ck_assert(bytes_equal(taken.peer.identity, sent.peer.identity));
	ck_assert_uint_eq(taken.peer.chain_count, 2);
	ck_assert_mem_eq(taken.peer.chain, sent.peer.chain,
	    sizeof(sent.peer.chain));
	ck_assert(bytes_equal(taken.peer.fields, sent.peer.fields));
}
END_TEST

START_TEST(handover_cut_at_any_length_is_refused)
{
	struct tls_handover sent = example(_i), taken, before;
	uint8_t *exact;
	size_t len;

	encode(&sent);
	memset(&taken, 0x5a, sizeof(taken));
	before = taken;
	for (len = 0; len < encoded.len; len++) {
		/* So that a sanitizer sees a step too far. */
		exact = malloc(len + 1);
		memcpy(exact + 1, encoded.data, len);
		ck_assert_int_eq(tls_handover_decode(bytes_of(exact + 1, len),
				     &taken),
		    -TLS_ALERT_DECODE_ERROR);
		free(exact);
	}
	ck_assert_mem_eq(&taken, &before, sizeof(taken));
}
END_TEST

START_TEST(peer_alone_arrives_as_it_left)
{
	struct tls_handover sent = example(_i);
	struct tls_peer taken, before;
	uint8_t *exact;
	size_t len;

	encoded.len = 0;
	tls_peer_encode(&sent.peer, &encoded);
	memset(&taken, 0x5a, sizeof(taken));
	before = taken;
	for (len = 0; len < encoded.len; len++) {
		exact = malloc(len + 1);
		memcpy(exact + 1, encoded.data, len);
		ck_assert_int_eq(tls_peer_decode(bytes_of(exact + 1, len),
				     &taken),
		    -TLS_ALERT_DECODE_ERROR);
		free(exact);
	}
	ck_assert_mem_eq(&taken, &before, sizeof(taken));
	ck_assert_int_eq(tls_peer_decode(buffer_view(&encoded), &taken), 0);
	ck_assert_uint_eq(taken.id, sent.peer.id);
	ck_assert(bytes_equal(taken.identity, sent.peer.identity));
	ck_assert(bytes_equal(taken.fields, sent.peer.fields));
	ck_assert_mem_eq(taken.chain, sent.peer.chain, sizeof(taken.chain));
	ck_assert_mem_eq(&taken.address, &sent.peer.address,
	    sizeof(taken.address));
}
END_TEST

START_TEST(handover_with_more_behind_it_is_refused)
{
	struct tls_handover sent = example(0), taken;

	encode(&sent);
	pack_u8(&encoded, 0);
	ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded), &taken),
	    -TLS_ALERT_DECODE_ERROR);
}
END_TEST

START_TEST(handover_of_another_format_is_refused)
{
	struct tls_handover sent = example(0), taken;
	int version;

	encode(&sent);
	for (version = 0; version < 256; version++) {
		encoded.data[3] = (uint8_t)version;
		ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded),
				     &taken),
		    version == 3 ? 0 : -TLS_ALERT_PROTOCOL_VERSION);
	}
	encoded.data[3] = 1;
	encoded.data[0] ^= 1;
	ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded), &taken),
	    -TLS_ALERT_DECODE_ERROR);
}
END_TEST

/* Where fields lie in example(0): AES-128-GCM of TLS 1.3 and IPv4. */
enum offset {
	AT_VERSION = 4,
	AT_SUITE = 6,
	AT_SEND_MAX = 8,
	AT_RECEIVE_MAX = 10,
	AT_AWAITED = 12,
	AT_SEND = 13,
	DIRECTION_LEN = 1 + 8 + 8 + 16 + 12 + 32,
	AT_RECEIVE = AT_SEND + DIRECTION_LEN,
	AT_ID = AT_RECEIVE + DIRECTION_LEN,
	AT_FAMILY = AT_ID + 8,
	AT_AUTHENTICATED = AT_FAMILY + 1 + 2 + 4,
	AT_NOT_AFTER = AT_AUTHENTICATED + 8,
	AT_RESUMED = AT_NOT_AFTER + 8,
	AT_IDENTITY_KIND = AT_RESUMED + 1 + 32,
	AT_IDENTITY = AT_IDENTITY_KIND + 1,
	AT_CHAIN_COUNT = AT_IDENTITY + 4 + 6,
	AT_FIELDS = AT_CHAIN_COUNT + 1 + 2 * 2 * TLS_ID_LEN,
	AT_FIELD_TYPE = AT_FIELDS + 4,
	AT_FIELD_LEN = AT_FIELD_TYPE + 1,
};

START_TEST(handover_with_a_field_out_of_range_is_refused)
{
	static const struct {
		const char *name;
		size_t at;
		size_t len;
		uint64_t value;
	} rows[] = {
		{ "version TLS 1.1", AT_VERSION, 2, 0x0302 },
		{ "version of another suite", AT_VERSION, 2, 0x0303 },
		{ "suite unknown", AT_SUITE, 2, 0x1304 },
		{ "suite of another version", AT_SUITE, 2, 0xc02f },
		{ "send_max 0", AT_SEND_MAX, 2, 0 },
		{ "send_max beyond", AT_SEND_MAX, 2, 16385 },
		{ "receive_max 0", AT_RECEIVE_MAX, 2, 0 },
		{ "receive_max beyond", AT_RECEIVE_MAX, 2, 16385 },
		{ "awaited 2", AT_AWAITED, 1, 2 },
		{ "send closed 2", AT_SEND, 1, 2 },
		{ "receive closed 255", AT_RECEIVE, 1, 255 },
		{ "family 0", AT_FAMILY, 1, 0 },
		{ "family 5", AT_FAMILY, 1, 5 },
		{ "authenticated before 1970", AT_AUTHENTICATED, 8,
		    UINT64_MAX },
		{ "not_after before 1970", AT_NOT_AFTER, 8, (uint64_t)1 << 63 },
		{ "resumed 2", AT_RESUMED, 1, 2 },
		{ "identity by no setting", AT_IDENTITY_KIND, 1,
		    TLS_IDENTITY_KIND_MAX + 1 },
		{ "identity empty", AT_IDENTITY, 4, 0 },
		{ "identity beyond", AT_IDENTITY, 4, TLS_IDENTITY_MAX + 1 },
		{ "identity far beyond", AT_IDENTITY, 4, UINT32_MAX },
		{ "chain empty", AT_CHAIN_COUNT, 1, 0 },
		{ "chain beyond", AT_CHAIN_COUNT, 1, TLS_CHAIN_MAX + 1 },
		{ "chain far beyond", AT_CHAIN_COUNT, 1, 255 },
		{ "fields shorter", AT_FIELDS, 4, 3 },
		{ "fields beyond", AT_FIELDS, 4, TLS_FIELDS_LEN_MAX + 1 },
		{ "field type 0", AT_FIELD_TYPE, 1, 0 },
		{ "field type beyond", AT_FIELD_TYPE, 1,
		    TLS_FIELD_AUTHORITY_CN + 1 },
		{ "field value beyond", AT_FIELD_LEN, 4,
		    TLS_FIELD_VALUE_MAX + 1 },
	};
	struct tls_handover sent = example(0), taken;
	size_t i;

	encode(&sent);
	ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded), &taken), 0);
	for (i = 0; i < rows[_i].len; i++)
		encoded.data[rows[_i].at + i] = (uint8_t)(rows[_i].value >>
							  8 * (rows[_i].len -
								  1 - i));
	ck_assert_msg(tls_handover_decode(buffer_view(&encoded), &taken) ==
			  -TLS_ALERT_DECODE_ERROR,
	    "%s", rows[_i].name);
}
END_TEST
#define FAULTS_COUNT 28

START_TEST(handover_of_what_cannot_be_is_a_broken_promise)
{
	struct tls_handover sent = example(0);

	switch (_i) {
	case 0:
		sent.state.cipher_suite = 0;
		break;
	case 1:
		sent.peer.identity = BYTES_NONE;
		break;
	case 2:
		sent.peer.chain_count = TLS_CHAIN_MAX + 1;
		break;
	case 3:
		sent.peer.identity_kind = TLS_IDENTITY_KIND_MAX + 1;
		break;
	default:
		sent.peer.address.ss_family = AF_UNIX;
	}
	encode(&sent);
}
END_TEST

START_TEST(handover_at_its_largest_goes_through)
{
	struct tls_handover sent = example(2), taken;
	static uint8_t text[TLS_IDENTITY_MAX];
	size_t i;

	memset(text, 'i', sizeof(text));
	address_set(&sent.peer.address, true);
	sent.peer.identity = bytes_of(text, sizeof(text));
	sent.peer.chain_count = TLS_CHAIN_MAX;
	buffer_done(&fields);
	for (i = 0; i < TLS_FIELDS_MAX; i++)
		ck_assert(tls_field_append(&fields, TLS_FIELD_SAN_URI,
		    bytes_of(text, TLS_FIELD_VALUE_MAX)));
	ck_assert_uint_eq(fields.len, TLS_FIELDS_LEN_MAX);
	sent.peer.fields = buffer_view(&fields);
	encode(&sent);
	ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded), &taken), 0);
	ck_assert(bytes_equal(taken.peer.fields, sent.peer.fields));
}
END_TEST

START_TEST(handover_reserves_once_for_all_it_holds)
{
	struct tls_handover sent = example(3);
	uint8_t *data;

	buffer_reserve(&encoded, 100000);
	data = encoded.data;
	encode(&sent);
	ck_assert_ptr_eq(encoded.data, data);
	/* What a connection of a device costs on the way. */
	ck_assert_uint_le(encoded.len, 512);
}
END_TEST

START_TEST(connection_goes_on_where_it_arrives)
{
	struct rig *rig = rig_new(_i);
	struct tls_handover sent = example(_i), taken;
	uint8_t head[20];
	int round;

	for (round = 0; round < 4; round++) {
		rig_assert_alive(rig);
		/* A record that is half here goes along, beside the state. */
		rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "on the way", 10);
		memcpy(head, rig->wire, sizeof(head));
		ck_assert_int_eq(tls_record_deprotect(&rig->server, rig->wire,
				     sizeof(head), &rig->record),
		    TLS_NEED_MORE);
		ck_assert(tls_records_are_quiet(&rig->server));
		sent.state = rig->server.state;
		encode(&sent);
		tls_records_done(&rig->server);
		ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded),
				     &taken),
		    0);
		/* There the other back end may do the work. */
		tls_records_rest(&rig->client);
		if (rig_backend(round % 2) != NULL)
			tls_aead_start_with(rig_backend(round % 2));
		ck_assert_int_eq(tls_records_init(&rig->server, &taken.state),
		    0);
		memcpy(rig->wire, head, sizeof(head));
		ck_assert_int_eq(rig_take(rig), 0);
		ck_assert(bytes_equal(rig->record.plaintext,
		    BYTES_LITERAL("on the way")));
	}
	rig_assert_alive(rig);
	rig_free(rig);
}
END_TEST

/* RFC 8446 s4.6.3: the secrets of the generation that is reached go along. */
START_TEST(connection_can_update_its_keys_after_it_moved)
{
	struct rig *rig = rig_new(_i);
	struct tls_handover sent = example(_i), taken;
	const uint8_t update[] = { 24, 0, 0, 1, 1 };
	uint8_t out[TLS_OWED_MAX];
	struct tls_record record;
	size_t len;
	int round;

	for (round = 0; round < 3; round++) {
		ck_assert_int_eq(rig_exchange(rig, TLS_CONTENT_HANDSHAKE,
				     update, 5),
		    0);
		tls_direction_update(rig->client.suite,
		    &rig->client.state.send);
		tls_records_rest(&rig->client);
		/* What is owed is paid first. */
		ck_assert(!tls_records_are_quiet(&rig->server));
		ck_assert_int_eq(tls_owed_protect(&rig->server, out, &len), 0);
		ck_assert_int_eq(rig_client_take(rig, out, len, &record), 0);
		sent.state = rig->server.state;
		encode(&sent);
		tls_records_done(&rig->server);
		tls_handover_decode(buffer_view(&encoded), &taken);
		ck_assert_int_eq(tls_records_init(&rig->server, &taken.state),
		    0);
		rig_assert_alive(rig);
	}
	rig_free(rig);
}
END_TEST

START_TEST(closed_directions_stay_closed)
{
	struct tls_handover sent = example(_i), taken;
	uint8_t out[TLS_ALERT_MAX];
	struct tls_records records;
	struct tls_record record;
	size_t len;

	sent.state.send.is_closed = true;
	sent.state.receive.is_closed = true;
	encode(&sent);
	tls_handover_decode(buffer_view(&encoded), &taken);
	ck_assert_int_eq(tls_records_init(&records, &taken.state), 0);
	ck_assert_int_eq(tls_alert_protect(&records, TLS_ALERT_CLOSE_NOTIFY,
			     out, &len),
	    -TLS_ALERT_INTERNAL_ERROR);
	ck_assert_int_eq(tls_record_deprotect(&records, out, 1, &record),
	    TLS_CLOSE_NOTIFY);
	tls_records_done(&records);
}
END_TEST

START_TEST(fields_are_walked_in_their_order)
{
	enum tls_field_type type;
	struct bytes value;
	size_t pos = 0;

	ck_assert(tls_field_next(buffer_view(&fields), &pos, &type, &value));
	ck_assert_int_eq(type, TLS_FIELD_SUBJECT_CN);
	ck_assert(bytes_equal(value, BYTES_LITERAL("pump-7")));
	ck_assert(tls_field_next(buffer_view(&fields), &pos, &type, &value));
	ck_assert_int_eq(type, TLS_FIELD_SUBJECT_OU);
	ck_assert_uint_eq(value.len, 0);
	ck_assert(tls_field_next(buffer_view(&fields), &pos, &type, &value));
	ck_assert(bytes_equal(value, BYTES_LITERAL("Plant CA")));
	ck_assert(!tls_field_next(buffer_view(&fields), &pos, &type, &value));
	ck_assert_uint_eq(pos, fields.len);
}
END_TEST

START_TEST(fields_beyond_their_limits_are_not_taken)
{
	uint8_t text[TLS_FIELD_VALUE_MAX + 1] = { 0 };
	struct buffer many = { 0 };
	size_t i, len;

	ck_assert(!tls_field_append(&many, TLS_FIELD_SAN_DNS,
	    bytes_of(text, sizeof(text))));
	ck_assert(!tls_field_append(&many, (enum tls_field_type)0,
	    BYTES_LITERAL("x")));
	ck_assert(!tls_field_append(&many, (enum tls_field_type)9,
	    BYTES_LITERAL("x")));
	ck_assert_uint_eq(many.len, 0);
	for (i = 0; i < TLS_FIELDS_MAX; i++)
		ck_assert(tls_field_append(&many, TLS_FIELD_SAN_DNS,
		    BYTES_LITERAL("x")));
	len = many.len;
	ck_assert(
	    !tls_field_append(&many, TLS_FIELD_SAN_DNS, BYTES_LITERAL("x")));
	ck_assert_uint_eq(many.len, len);
	buffer_done(&many);
}
END_TEST

START_TEST(one_field_too_many_does_not_decode)
{
	struct tls_handover sent = example(0), taken;
	struct buffer many = { 0 };
	size_t i, at;

	for (i = 0; i < TLS_FIELDS_MAX; i++)
		tls_field_append(&many, TLS_FIELD_SAN_DNS, BYTES_NONE);
	sent.peer.fields = buffer_view(&many);
	encode(&sent);
	ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded), &taken), 0);
	at = encoded.len - many.len - 4;
	encoded.data[at + 2] = (uint8_t)((many.len + 5) >> 8);
	encoded.data[at + 3] = (uint8_t)(many.len + 5);
	pack_u8(&encoded, TLS_FIELD_SAN_DNS);
	pack_u32(&encoded, 0);
	ck_assert_int_eq(tls_handover_decode(buffer_view(&encoded), &taken),
	    -TLS_ALERT_DECODE_ERROR);
	buffer_done(&many);
}
END_TEST

TCase *
test_handover(void)
{
	TCase *tcase = tcase_create("handover");

	tcase_add_checked_fixture(tcase, setup, teardown);
	rig_add(tcase, handover_arrives_as_it_left);
	rig_add(tcase, handover_cut_at_any_length_is_refused);
	tcase_add_loop_test(tcase, peer_alone_arrives_as_it_left, 0, 2);
	tcase_add_test(tcase, handover_with_more_behind_it_is_refused);
	tcase_add_test(tcase, handover_of_another_format_is_refused);
	tcase_add_loop_test(tcase,
	    handover_with_a_field_out_of_range_is_refused, 0, FAULTS_COUNT);
	/* It ends the process, so it needs one of its own. */
	if (getenv("CK_FORK") == NULL)
		tcase_add_loop_test_raise_signal(tcase,
		    handover_of_what_cannot_be_is_a_broken_promise, SIGABRT, 0,
		    5);
	tcase_add_test(tcase, handover_at_its_largest_goes_through);
	tcase_add_test(tcase, handover_reserves_once_for_all_it_holds);
	rig_add(tcase, connection_goes_on_where_it_arrives);
	rig_add_1_3(tcase, connection_can_update_its_keys_after_it_moved);
	rig_add(tcase, closed_directions_stay_closed);
	tcase_add_test(tcase, fields_are_walked_in_their_order);
	tcase_add_test(tcase, fields_beyond_their_limits_are_not_taken);
	tcase_add_test(tcase, one_field_too_many_does_not_decode);
	return tcase;
}
