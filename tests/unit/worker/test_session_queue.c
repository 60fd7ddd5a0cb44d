/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_queue.h"

#include "kept.h"
#include "tests.h"
#include "worker/journal.h"
#include "worker/session_pager.h"

#define PACKET_ID_COUNT 65535

START_TEST(nothing_of_a_queue_is_in_memory_while_its_client_is_away)
{
	struct session *session = kept_durable("c", 100);

	kept_detach(session);
	kept_publish(session, 600, 1);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 600);
	ck_assert_uint_eq(pending_queue_count(&session->state.queued), 0);
	ck_assert_ptr_null(session->state.queued.ring);
	ck_assert_ptr_null(session->queue->pager);
	kept_attach(session, 100);
	ck_assert_uint_le(pending_queue_count(&session->state.queued),
	    2 * SESSION_PAGE_COUNT);
	ck_assert_uint_eq(kept_consume(session, 1), 600);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 0);
	ck_assert_uint_eq(session->queue->count, 0);
	ck_assert_uint_eq(session->queue->bytes, 0);
}
END_TEST

START_TEST(what_is_acknowledged_at_once_is_not_written)
{
	struct session *session = kept_durable("c", 100);
	uint64_t transactions = kept_store.transaction_count;

	kept_publish(session, 10, 1);
	kept_collect();
	for (size_t i = 0; i < 10; i++)
		ck_assert(session_on_puback(session, kept_sent[i].packet_id));
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_store.transaction_count, transactions);
}
END_TEST

START_TEST(a_slow_client_gets_all_in_order_and_memory_is_bounded)
{
	struct session *session = kept_durable("c", 10);
	unsigned int taken = 0;

	kept_from.worker.held_bytes += SESSION_HELD_BYTES;
	for (unsigned int i = 0; i < 20; i++) {
		kept_publish(session, 100, 1);
		ck_assert_uint_le(pending_queue_count(&session->state.queued) +
				      pending_queue_count(
					  &session->queue->pager->tail),
		    4 * SESSION_PAGE_COUNT);
		if (i % 3 == 0)
			fake_store_settle(&kept_store);
		kept_collect();
		for (size_t j = 0; j < kept_sent_count; j++) {
			ck_assert_uint_eq(kept_sent[j].number, ++taken);
			ck_assert(
			    session_on_puback(session, kept_sent[j].packet_id));
		}
	}
	fake_store_settle(&kept_store);
	taken += kept_consume(session, taken + 1);
	ck_assert_uint_eq(taken, 2000);
	ck_assert_uint_gt(kept_store.read_count, 0);
	ck_assert_uint_eq(kept_from.worker.held_bytes, SESSION_HELD_BYTES);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 0);
}
END_TEST

START_TEST(a_client_that_has_fallen_behind_reaches_the_end)
{
	struct session *session = kept_durable("c", 10);
	unsigned int taken = 0;

	kept_from.worker.held_bytes += SESSION_HELD_BYTES;
	kept_publish(session, 3 * SESSION_PAGE_COUNT, 1);
	for (unsigned int i = 0;
	     session->queue->pager->from <= session->queue->last; i++) {
		ck_assert_uint_lt(i, 10 * SESSION_PAGE_COUNT);
		kept_publish(session, 3, 1); /* it never ends */
		fake_store_settle(&kept_store);
		kept_collect();
		for (size_t j = 0; j < kept_sent_count; j++) {
			ck_assert_uint_eq(kept_sent[j].number, ++taken);
			ck_assert(
			    session_on_puback(session, kept_sent[j].packet_id));
		}
	}
	taken += kept_consume(session, taken + 1);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 0);
	kept_publish(session, 1, 1);
	kept_collect();
	kept_check_publish(0, taken + 1, 1,
	    session_queue_packet_id(session->queue->last), false);
}
END_TEST

START_TEST(memory_is_bounded_for_one_that_takes_nothing)
{
	struct session *session = kept_durable("c", 10);

	kept_from.worker.held_bytes += SESSION_HELD_BYTES;
	for (unsigned int i = 0; i < 100; i++) {
		kept_publish(session, 50, 1);
		if (i % 2 == 0)
			fake_store_settle(&kept_store);
	}
	ck_assert_uint_eq(session->queue->count, 5000);
	ck_assert_uint_le(pending_queue_count(&session->state.queued) +
			      pending_queue_count(&session->queue->pager->tail),
	    4 * SESSION_PAGE_COUNT);
	ck_assert_uint_eq(kept_consume(session, 1), 5000);
}
END_TEST

START_TEST(many_at_once_stay_in_memory_if_all_is_quiet)
{
	struct session *session = kept_durable("c", 10);

	kept_publish(session, SESSION_PAGE_COUNT_MOST, 1);
	ck_assert_uint_eq(kept_consume(session, 1), SESSION_PAGE_COUNT_MOST);
	ck_assert_uint_eq(kept_store.read_count, 0);
	ck_assert_uint_eq(kept_from.worker.held_bytes, 0);
}
END_TEST

START_TEST(qos_2_is_sent_when_it_is_on_disk) /* 4.3.3 */
{
	struct session *session = kept_durable("c", 100);

	kept_publish(session, 1, 2);
	kept_publish(session, 1, 1);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 0);
	fake_store_settle(&kept_store);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 2);
	kept_check_publish(0, 1, 2, 2, false);
	kept_check_publish(1, 2, 1, 3, false);
}
END_TEST

START_TEST(pubrel_is_sent_when_pubrec_is_on_disk) /* 4.3.3 */
{
	struct session *session = kept_durable("c", 100);

	kept_publish(session, 1, 2);
	fake_store_settle(&kept_store);
	kept_collect();
	ck_assert_int_eq(session_on_pubrec(session, 2, false),
	    SESSION_PUBREC_WAITS);
	ck_assert_int_eq(session_on_pubrec(session, 2, false),
	    SESSION_PUBREC_WAITS);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 0);
	fake_store_settle(&kept_store);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 1);
	ck_assert_uint_eq(kept_sent[0].type, MQTT_PUBREL);
	ck_assert_uint_eq(kept_sent[0].packet_id, 2);
	ck_assert_int_eq(session_on_pubrec(session, 2, false),
	    SESSION_PUBREC_DONE);
	ck_assert(session_on_pubcomp(session, 2));
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 0);
}
END_TEST

START_TEST(what_was_in_flight_comes_again_under_its_identifiers)
{
	struct session *session = kept_durable("c", 3);

	kept_publish(session, 1, 2);
	kept_publish(session, 1, 1);
	kept_publish(session, 3, 2);
	fake_store_settle(&kept_store);
	ck_assert_int_eq(session_on_pubrec(session, 2, false),
	    SESSION_PUBREC_WAITS);
	fake_store_settle(&kept_store);
	session = kept_restart(session);
	ck_assert_ptr_nonnull(session);
	/* What was sent at most is known. */
	kept_to.config->sessions.max_inflight_messages = 3;
	session->queue->resend = 3;
	kept_attach(session, 3);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 3);
	ck_assert_uint_eq(kept_sent[0].type, MQTT_PUBREL);
	ck_assert_uint_eq(kept_sent[0].packet_id, 2);
	kept_check_publish(1, 2, 1, 3, true); /* [MQTT-3.3.1-1] */
	kept_check_publish(2, 3, 2, 4, true);
	ck_assert(session_on_pubcomp(session, 2));
	ck_assert(session_on_puback(session, 3));
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 2);
	kept_check_publish(0, 4, 2, 5, false);
	kept_check_publish(1, 5, 2, 6, false);
}
END_TEST

START_TEST(what_a_process_took_along_stays_unknown_to_the_next)
{
	struct session *session = kept_durable("c", 100);
	struct session_queue *queue;
	size_t bucket = 0;

	kept_publish(session, 4, 2);
	fake_store_settle(&kept_store);
	session = kept_restart(session);
	queue = session->queue;
	ck_assert_uint_gt(queue->resend, 0);
	/* Its head is written anew before its client is back. */
	journal_session_changed(session);
	fake_store_settle(&kept_store);
	fake_store_die(&kept_store);
	session_forget_all(&kept_to.worker);
	journal_free(&kept_to.worker.journal);
	kept_to.worker.journal = journal_new(&kept_to.worker);
	fake_store_start(&kept_store, &kept_to.worker);
	fake_store_settle(&kept_store);
	ck_assert_uint_gt(
	    session_queue_next(&kept_to.worker, NULL, &bucket)->resend, 0);
}
END_TEST

START_TEST(what_was_not_sent_comes_without_dup) /* [MQTT-3.3.1-2] */
{
	struct session *session = kept_durable("c", 2);

	kept_publish(session, 4, 1);
	kept_detach(session);
	session = kept_restart(session);
	kept_attach(session, 10);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 4);
	kept_check_publish(0, 1, 1, 2, true);
	kept_check_publish(1, 2, 1, 3, true);
	kept_check_publish(2, 3, 1, 4, false);
	kept_check_publish(3, 4, 1, 5, false);
}
END_TEST

START_TEST(packet_identifiers_begin_again_after_the_last) /* 2.2.1 */
{
	struct session *session = kept_durable("c", 100);

	session->queue->last = PACKET_ID_COUNT - 3;
	session->queue->pager->from = session->queue->last + 1;
	kept_publish(session, 4, 1);
	kept_collect();
	kept_check_publish(0, 1, 1, PACKET_ID_COUNT - 1, false);
	kept_check_publish(1, 2, 1, PACKET_ID_COUNT, false);
	kept_check_publish(2, 3, 1, 1, false);
	kept_check_publish(3, 4, 1, 2, false);
}
END_TEST

START_TEST(an_identifier_in_use_is_not_given_again) /* [MQTT-2.3.1-4] */
{
	struct session *session = kept_durable("c", 100);

	kept_publish(session, 1, 1);
	session->queue->last = PACKET_ID_COUNT;
	session->queue->pager->from = session->queue->last + 1;
	kept_publish(session, 2, 1);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 1);
	kept_check_publish(0, 1, 1, 2, false);
	ck_assert(session_on_puback(session, 2));
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 2);
	kept_check_publish(0, 2, 1, 2, false);
	kept_check_publish(1, 3, 1, 3, false);
}
END_TEST

START_TEST(identifiers_go_on_where_they_were_even_if_nothing_waits)
{
	struct session *session = kept_durable("c", 100);

	kept_publish(session, 5, 1);
	ck_assert_uint_eq(kept_consume(session, 1), 5);
	kept_detach(session);
	session = kept_restart(session);
	kept_attach(session, 100);
	kept_publish(session, 1, 1);
	kept_collect();
	kept_check_publish(0, 6, 1, 7, false);
}
END_TEST

START_TEST(the_queue_of_one_that_is_away_is_bounded)
{
	struct session *session = kept_durable("c", 100);

	kept_from.config->sessions.max_queued_messages = 5;
	kept_detach(session);
	kept_publish(session, 8, 1);
	ck_assert_uint_eq(session->dropped, 3);
	session = kept_restart((fake_store_settle(&kept_store), session));
	kept_to.config->sessions.max_queued_messages = 6;
	kept_publish(session, 3, 1);
	ck_assert_uint_eq(session->dropped, 2);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 6);
}
END_TEST

START_TEST(qos_0_waits_if_that_is_configured) /* 4.3.1 */
{
	struct session *session = kept_durable("c", 100);

	kept_detach(session);
	kept_publish(session, 1, 0);
	kept_from.config->sessions.queue_qos0 = true;
	kept_publish(session, 1, 0);
	kept_publish(session, 1, 1);
	kept_attach(session, 100);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 2);
	kept_check_publish(0, 2, 0, 0, false);
	kept_check_publish(1, 3, 1, 3, false);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 1);
}
END_TEST

START_TEST(a_store_that_dies_while_it_is_read_is_asked_again)
{
	struct session *session = kept_durable("c", 10);

	kept_detach(session);
	kept_publish(session, 300, 1);
	fake_store_settle(&kept_store);
	bare_connection_done(&kept_connection);
	bare_connection_init(&kept_connection, &kept_from.worker);
	session_attach(session, &kept_connection);
	session->inflight_max = 10;
	kept_connection.session = session;
	session_send_queued(session);
	fake_store_die(&kept_store);
	fake_store_start(&kept_store, &kept_from.worker);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_consume(session, 1), 300);
}
END_TEST

static struct session *waiting;

/* As for a CONNACK that has waited for the disk. */
static void
attach_waiting(struct worker *worker, struct journal_wait *wait)
{
	(void)worker;
	(void)wait;
	bare_connection_done(&kept_connection);
	bare_connection_init(&kept_connection, waiting->worker);
	session_attach(waiting, &kept_connection);
	waiting->inflight_max = 10;
	kept_connection.session = waiting;
	session_send_queued(waiting);
}

START_TEST(a_store_that_wrote_before_it_died_is_asked_once)
{
	struct journal_wait wait = { .on_written = attach_waiting };

	waiting = kept_durable("c", 10);
	kept_detach(waiting);
	kept_publish(waiting, 20, 1);
	journal_wait(&kept_from.worker, &wait);
	journal_turn_end(&kept_from.worker);
	fake_store_exchange(&kept_store);
	fake_store_write(&kept_store);
	/* The next one tells that it is on disk, and is asked for it. */
	fake_store_die(&kept_store);
	fake_store_start(&kept_store, &kept_from.worker);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_consume(waiting, 1), 20);
}
END_TEST

START_TEST(an_entry_that_does_not_decode_is_left_out)
{
	struct session *session = kept_durable("c", 10);

	kept_detach(session);
	kept_publish(session, 3, 1);
	fake_store_settle(&kept_store);
	for (size_t i = 0; i < kept_store.rows.count; i++)
		if (kept_store.rows.items[i].put.type == IPC_STORE_QUEUE_PUT &&
		    kept_store.rows.items[i].put.sequence == 2)
			kept_store.rows.items[i].value.data[0] = 0xff;
	kept_attach(session, 10);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 2);
	kept_check_publish(0, 1, 1, 2, false);
	kept_check_publish(1, 3, 1, 4, false);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 2);
}
END_TEST

START_TEST(what_was_sent_does_not_expire_on_disk) /* [MQTT5-4.3.3-7] */
{
	struct session *session = kept_durable("c", 1);
	struct message_delivery delivery = { .qos = 1 };
	struct ipc_publish parts = {
		.qos = 1,
		.has_expiry = true,
		.expires_at_ms = worker_now_ms(&kept_from.worker) + 60000,
		.topic_name = BYTES_LITERAL("a/b"),
		.payload = BYTES_LITERAL("1"),
	};

	for (int i = 0; i < 2; i++) {
		struct message *message = message_new(&parts);

		session_deliver(session, message, &delivery);
		message_unref(&message);
	}
	kept_detach(session);
	ck_assert_int_eq(fake_store_find(&kept_store, IPC_STORE_QUEUE_PUT,
			     session->number, 1)
			     ->expires_at,
	    IPC_STORE_NEVER);
	ck_assert_int_lt(fake_store_find(&kept_store, IPC_STORE_QUEUE_PUT,
			     session->number, 2)
			     ->expires_at,
	    IPC_STORE_NEVER);
	ck_assert_uint_eq(session->queue->count, 2);
}
END_TEST

TCase *
test_session_queue(void)
{
	TCase *tcase = tcase_create("session_queue");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_add_checked_fixture(tcase, kept_setup, kept_teardown);
	tcase_add_test(tcase,
	    nothing_of_a_queue_is_in_memory_while_its_client_is_away);
	tcase_add_test(tcase, what_is_acknowledged_at_once_is_not_written);
	tcase_add_test(tcase,
	    a_slow_client_gets_all_in_order_and_memory_is_bounded);
	tcase_add_test(tcase, a_client_that_has_fallen_behind_reaches_the_end);
	tcase_add_test(tcase, memory_is_bounded_for_one_that_takes_nothing);
	tcase_add_test(tcase, many_at_once_stay_in_memory_if_all_is_quiet);
	tcase_add_test(tcase, qos_2_is_sent_when_it_is_on_disk);
	tcase_add_test(tcase, pubrel_is_sent_when_pubrec_is_on_disk);
	tcase_add_test(tcase,
	    what_was_in_flight_comes_again_under_its_identifiers);
	tcase_add_test(tcase,
	    what_a_process_took_along_stays_unknown_to_the_next);
	tcase_add_test(tcase, what_was_not_sent_comes_without_dup);
	tcase_add_test(tcase, packet_identifiers_begin_again_after_the_last);
	tcase_add_test(tcase, an_identifier_in_use_is_not_given_again);
	tcase_add_test(tcase,
	    identifiers_go_on_where_they_were_even_if_nothing_waits);
	tcase_add_test(tcase, the_queue_of_one_that_is_away_is_bounded);
	tcase_add_test(tcase, qos_0_waits_if_that_is_configured);
	tcase_add_test(tcase,
	    a_store_that_dies_while_it_is_read_is_asked_again);
	tcase_add_test(tcase, a_store_that_wrote_before_it_died_is_asked_once);
	tcase_add_test(tcase, an_entry_that_does_not_decode_is_left_out);
	tcase_add_test(tcase, what_was_sent_does_not_expire_on_disk);
	return tcase;
}
