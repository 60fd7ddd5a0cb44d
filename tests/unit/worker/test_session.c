/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session.h"

#include <stdlib.h>

#include "bare_worker.h"
#include "tests.h"

static struct bare_worker bare;
static struct connection connection;
static struct session *session;

static void
setup(void)
{
	bare_worker_init(&bare);
	bare_connection_init(&connection, &bare.worker);
	session = bare_session_new(&bare.worker, "one");
}

static void
teardown(void)
{
	if (session->connection != NULL)
		session_detach(session, false);
	bare_connection_done(&connection);
	bare_worker_done(&bare);
}

static void
attach(uint16_t receive_maximum)
{
	session_attach(session, &connection);
	session->inflight_max = receive_maximum;
	session_send_queued(session);
}

static void
deliver(const char *payload, uint8_t qos)
{
	const struct ipc_publish parts = {
		.qos = qos,
		.topic_name = BYTES_LITERAL("t"),
		.payload = bytes_of_string(payload),
	};
	const struct message_delivery delivery = { .qos = qos };
	struct message *message = message_new(&parts);

	session_deliver(session, message, &delivery);
	message_unref(&message);
}

/* The client was sent these bytes since the last time. */
#define expect_sent(bytes) expect_bytes("" bytes, sizeof(bytes) - 1)

static void
expect_bytes(const char *bytes, size_t len)
{
	struct buffer sent = bare_connection_sent(&connection);

	ck_assert(bytes_equal(buffer_view(&sent), bytes_of(bytes, len)));
	buffer_done(&sent);
}

START_TEST(no_more_is_sent_than_the_client_takes) /* [MQTT5-3.3.4-9] */
{
	attach(2);
	deliver("a", 1);
	deliver("b", 2);
	deliver("c", 1);
	expect_sent("\x32\x07\0\x01t\0\x01\0a"
		    "\x34\x07\0\x01t\0\x02\0b");
	ck_assert(session_on_pubrec(session, 2, false));
	expect_sent(""); /* PUBREL is the caller's to send */
	ck_assert(session_on_pubcomp(session, 2));
	expect_sent("\x32\x07\0\x01t\0\x03\0c");
	ck_assert(session_on_puback(session, 1));
	ck_assert(session_on_puback(session, 3));
	ck_assert_uint_eq(pending_queue_count(&session->state.inflight), 0);
}
END_TEST

START_TEST(answers_fit_what_was_sent) /* 4.3 */
{
	attach(10);
	deliver("a", 1);
	deliver("b", 2);
	ck_assert(!session_on_puback(session, 2));
	ck_assert(!session_on_pubrec(session, 1, false));
	ck_assert(!session_on_pubcomp(session, 2)); /* before PUBREC */
	ck_assert(!session_on_puback(session, 3));
	ck_assert(session_on_pubrec(session, 2, false));
	ck_assert(session_on_pubrec(session, 2, false)); /* once more */
	ck_assert(session_on_pubcomp(session, 2));
	ck_assert(!session_on_pubcomp(session, 2));
	ck_assert(session_on_puback(session, 1));
	ck_assert(!session_on_puback(session, 1));
}
END_TEST

START_TEST(a_refusal_ends_the_exchange) /* [MQTT5-4.3.3-3] */
{
	attach(1);
	deliver("a", 2);
	deliver("b", 2);
	ck_assert(session_on_pubrec(session, 1, true));
	ck_assert(!session_on_pubcomp(session, 1));
	ck_assert_uint_eq(pending_queue_count(&session->state.inflight), 1);
	ck_assert(session_on_pubrec(session, 2, false));
}
END_TEST

START_TEST(what_is_in_flight_is_sent_again_first)
/* [MQTT-4.4.0-1], [MQTT-3.3.1-1] */
{
	attach(10);
	deliver("a", 1);
	deliver("b", 2);
	deliver("c", 1);
	ck_assert(session_on_pubrec(session, 2, false));
	ck_assert(session_on_puback(session, 3));
	session_detach(session, true);
	deliver("d", 1);
	deliver("e", 0); /* for those who are there */
	bare_connection_done(&connection);
	bare_connection_init(&connection, &bare.worker);
	attach(2);
	expect_sent("\x3a\x07\0\x01t\0\x01\0a"
		    "\x62\x02\0\x02");
	/* an answer to what this connection was not sent is none */
	ck_assert(!session_on_puback(session, 4));
	ck_assert(session_on_pubcomp(session, 2));
	expect_sent("\x32\x07\0\x01t\0\x04\0d");
}
END_TEST

START_TEST(an_identifier_in_use_is_not_given_again)
/* [MQTT-2.3.1-1], [MQTT-2.3.1-4] */
{
	attach(10);
	deliver("a", 1);
	session->state.next_packet_id = 65534;
	expect_sent("\x32\x07\0\x01t\0\x01\0a");
	deliver("b", 1);
	deliver("c", 1); /* neither 0 nor 1 */
	expect_sent("\x32\x07\0\x01t\xff\xff\0b"
		    "\x32\x07\0\x01t\0\x02\0c");
}
END_TEST

START_TEST(the_newest_is_dropped_where_no_more_may_wait)
{
	uint32_t max = bare.config->sessions.max_queued_messages;

	for (uint32_t i = 0; i < max; i++)
		deliver(i == 0 ? "first" : "x", 1);
	ck_assert_uint_eq(session->dropped, 0);
	deliver("last", 2);
	ck_assert_uint_eq(session->dropped, 1);
	ck_assert_uint_eq(pending_queue_count(&session->state.queued), max);
	attach(1);
	expect_sent("\x32\x0b\0\x01t\0\x01\0first");
}
END_TEST

START_TEST(what_came_at_qos_2_is_noted_until_pubrel) /* [MQTT-4.3.3-2] */
{
	static const uint16_t packet_ids[] = { 7, 65535, 1, 300, 6, 8 };
	const size_t count = sizeof(packet_ids) / sizeof(packet_ids[0]);

	for (size_t i = 0; i < count; i++) {
		ck_assert(!session_has_received(session, packet_ids[i]));
		ck_assert(session_receive(session, packet_ids[i]));
		ck_assert(!session_receive(session, packet_ids[i]));
	}
	ck_assert(!session_release(session, 9));
	for (size_t i = 0; i < count; i++) {
		ck_assert(session_has_received(session, packet_ids[i]));
		ck_assert(session_release(session, packet_ids[i]));
		ck_assert(!session_release(session, packet_ids[i]));
	}
	ck_assert_uint_eq(session->state.received_count, 0);
	session_rest(session);
	ck_assert(session_receive(session, 7));
}
END_TEST

TCase *
test_session(void)
{
	TCase *tcase = tcase_create("session");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, no_more_is_sent_than_the_client_takes);
	tcase_add_test(tcase, answers_fit_what_was_sent);
	tcase_add_test(tcase, a_refusal_ends_the_exchange);
	tcase_add_test(tcase, what_is_in_flight_is_sent_again_first);
	tcase_add_test(tcase, an_identifier_in_use_is_not_given_again);
	tcase_add_test(tcase, the_newest_is_dropped_where_no_more_may_wait);
	tcase_add_test(tcase, what_came_at_qos_2_is_noted_until_pubrel);
	return tcase;
}
