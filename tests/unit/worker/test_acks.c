/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/acks.h"

#include <stdlib.h>

#include "bare_worker.h"
#include "fake_store.h"
#include "tests.h"
#include "worker/journal.h"

static struct bare_worker bare;
static struct connection connection;

static void
setup(void)
{
	bare_worker_init(&bare);
	bare_connection_init(&connection, &bare.worker);
}

static void
teardown(void)
{
	bare_connection_done(&connection);
	bare_worker_done(&bare);
}

static uint64_t
push(uint16_t packet_id, uint32_t outstanding, enum mqtt_packet_type type)
{
	return acks_push(&connection, &(struct ack){
					  .outstanding = outstanding,
					  .packet_id = packet_id,
					  .type = (uint8_t)type,
				      });
}

static void
expect_sent(const void *bytes, size_t len)
{
	struct buffer sent = bare_connection_sent(&connection);

	ck_assert(bytes_equal(buffer_view(&sent), bytes_of(bytes, len)));
	buffer_done(&sent);
}

START_TEST(an_acknowledgement_that_waits_for_nothing_leaves_at_once)
{
	push(1, 0, MQTT_PUBACK);
	expect_sent("\x40\x02\x00\x01", 4);
	ck_assert_ptr_null(connection.acks);
}
END_TEST

START_TEST(acknowledgements_leave_in_the_order_of_their_messages)
/* [MQTT-4.6.0-2], [MQTT-4.6.0-3] */
{
	uint64_t first = push(1, 2, MQTT_PUBACK);
	uint64_t third;

	push(2, 0, MQTT_PUBREC);
	third = push(3, 1, MQTT_PUBACK);
	acks_complete(&connection, third, MQTT_REASON_SUCCESS);
	acks_complete(&connection, first, MQTT_REASON_SUCCESS);
	expect_sent("", 0);
	acks_complete(&connection, first, MQTT_REASON_SUCCESS);
	expect_sent("\x40\x02\x00\x01\x50\x02\x00\x02\x40\x02\x00\x03", 12);
	push(4, 0, MQTT_PUBACK);
	expect_sent("\x40\x02\x00\x04", 4);
}
END_TEST

START_TEST(a_part_that_failed_is_what_the_client_is_told)
{
	uint64_t number = push(1, 3, MQTT_PUBACK);

	acks_complete(&connection, number, MQTT_REASON_SUCCESS);
	acks_complete(&connection, number, MQTT_REASON_QUOTA_EXCEEDED);
	acks_complete(&connection, number, MQTT_REASON_SUCCESS);
	expect_sent("\x40\x03\x00\x01\x97", 5);
}
END_TEST

START_TEST(the_identifier_of_a_message_that_is_refused_is_free)
/* [MQTT5-4.3.3-9] */
{
	uint64_t number;

	connection.session = bare_session_new(&bare.worker, "c");
	ck_assert(session_receive(connection.session, 1));
	ck_assert(session_receive(connection.session, 2));
	number = push(1, 1, MQTT_PUBREC);
	push(2, 0, MQTT_PUBREC);
	/* both are noted: they do not count twice */
	ck_assert_uint_eq(connection.acks->count, 2);
	ck_assert_uint_eq(connection.acks->received, 2);
	acks_complete(&connection, number, MQTT_REASON_QUOTA_EXCEEDED);
	ck_assert_uint_eq(connection.acks->received, 0);
	expect_sent("\x50\x03\x00\x01\x97\x50\x02\x00\x02", 9);
	ck_assert(!session_has_received(connection.session, 1));
	ck_assert(session_has_received(connection.session, 2));
}
END_TEST

START_TEST(many_may_wait_while_some_go)
{
	uint64_t numbers[1000];
	struct buffer sent;

	for (uint16_t i = 0; i < 1000; i++) {
		numbers[i] = push((uint16_t)(i + 1), 1, MQTT_PUBACK);
		if (i % 3 == 2)
			acks_complete(&connection, numbers[i / 3],
			    MQTT_REASON_SUCCESS);
	}
	for (uint16_t i = 999; i >= 333; i--)
		acks_complete(&connection, numbers[i], MQTT_REASON_SUCCESS);
	sent = bare_connection_sent(&connection);
	ck_assert_uint_eq(sent.len, 4000);
	for (uint16_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(sent.data[i * 4 + 2] << 8 |
				      sent.data[i * 4 + 3],
		    i + 1);
	ck_assert_uint_eq(connection.acks->count, 0);
	buffer_done(&sent);
}
END_TEST

START_TEST(a_connection_at_rest_keeps_no_memory_for_acknowledgements)
{
	uint64_t number = push(1, 1, MQTT_PUBACK);

	acks_rest(&connection);
	ck_assert_ptr_nonnull(connection.acks);
	acks_complete(&connection, number, MQTT_REASON_SUCCESS);
	acks_rest(&connection);
	ck_assert_ptr_null(connection.acks);
	ck_assert_uint_eq(acks_unnoted(&connection), 0);
	ck_assert(!acks_is_full(&connection));
	number = push(2, 1, MQTT_PUBACK);
	acks_complete(&connection, number, MQTT_REASON_SUCCESS);
	expect_sent("\x40\x02\x00\x01\x40\x02\x00\x02", 8);
}
END_TEST

/* Change what is kept, and acknowledge it when that is on disk. */
static void
push_kept(uint16_t packet_id)
{
	journal_received_put(&bare.worker, 1, packet_id);
	acks_push(&connection,
	    &(struct ack){
		.transaction = journal_covering(&bare.worker),
		.packet_id = packet_id,
		.type = MQTT_PUBACK,
	    });
}

START_TEST(what_waits_for_the_disk_leaves_when_it_is_there)
{
	struct fake_store store = { .rows = { .count = 0 } };
	uint64_t elsewhere;

	fake_store_start(&store, &bare.worker);
	fake_store_settle(&store);
	push_kept(1);
	journal_turn_end(&bare.worker);
	push_kept(2); /* of the transaction behind the one under way */
	elsewhere = push(3, 1, MQTT_PUBACK); /* of none here */
	acks_rest(&connection);
	expect_sent("", 0);
	fake_store_settle(&store);
	expect_sent("\x40\x02\x00\x01\x40\x02\x00\x02", 8);
	acks_complete(&connection, elsewhere, MQTT_REASON_SUCCESS);
	expect_sent("\x40\x02\x00\x03", 4);
	fake_store_done(&store);
}
END_TEST

TCase *
test_acks(void)
{
	TCase *tcase = tcase_create("acks");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
	    an_acknowledgement_that_waits_for_nothing_leaves_at_once);
	tcase_add_test(tcase,
	    acknowledgements_leave_in_the_order_of_their_messages);
	tcase_add_test(tcase, a_part_that_failed_is_what_the_client_is_told);
	tcase_add_test(tcase,
	    the_identifier_of_a_message_that_is_refused_is_free);
	tcase_add_test(tcase, many_may_wait_while_some_go);
	tcase_add_test(tcase,
	    a_connection_at_rest_keeps_no_memory_for_acknowledgements);
	tcase_add_test(tcase, what_waits_for_the_disk_leaves_when_it_is_there);
	return tcase;
}
