/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What durable members of a Shared Subscription owe (MQTT 5.0, 4.8.2).
 */
#include "kept.h"
#include "tests.h"
#include "worker/journal.h"
#include "worker/router.h"

static struct connection others;

static struct session *
member(const char *client_id)
{
	struct session *session = bare_session_new(&kept_from.worker,
	    client_id);
	struct session_subscription wanted = {
		.topic_filter = BYTES_LITERAL("$share/group/a/+"),
		.qos = 2,
	};
	struct subscription *made;
	bool is_new;

	session_keep(session);
	session_subscribe(session, &wanted, &made, &is_new);
	return session;
}

static void
share_out(uint8_t qos, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		char digit = (char)('1' + i);
		struct ipc_publish parts = {
			.qos = qos,
			.topic_name = BYTES_LITERAL("a/b"),
			.payload = { (uint8_t *)&digit, 1 },
		};

		router_publish(&kept_from.worker, &parts, NULL);
	}
}

/* Turns of a worker until everybody has what is theirs. */
static void
settle(struct worker *worker)
{
	do {
		fake_store_settle(&kept_store);
		sharing_turn(worker);
		fake_store_settle(&kept_store);
	} while (sharing_is_busy(worker));
}

/* A member that is online, with a connection of its own. */
static struct session *
online_member(const char *client_id)
{
	struct session *session = member(client_id);

	bare_connection_init(&others, session->worker);
	session_attach(session, &others);
	others.session = session;
	session->inflight_max = 100;
	return session;
}

static void
go(struct session *session)
{
	others.session = NULL;
	session_detach(session, true);
	bare_connection_done(&others);
}

static uint64_t
waiting(const struct session *session)
{
	return pending_queue_count(&session->state.inflight) +
	       session_waiting(session);
}

START_TEST(what_one_that_is_away_owes_goes_to_one_that_comes)
{
	struct session *away = member("away"), *here;

	session_detach((kept_attach(away, 10), away), true);
	share_out(1, 5);
	settle(&kept_from.worker);
	ck_assert_uint_eq(away->queue->count, 5);
	here = online_member("here");
	settle(&kept_from.worker);
	ck_assert_uint_eq(away->queue->count, 0);
	ck_assert(!away->queue->has_shared);
	ck_assert_uint_eq(waiting(here), 5);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 5);
	ck_assert_uint_eq(kept_rows(IPC_STORE_SHARE_PUT), 0);
	go(here);
}
END_TEST

START_TEST(what_was_sent_at_qos_2_stays_with_its_receiver) /* [MQTT5-4.8.2-4] */
{
	struct session *first = member("first"), *second;

	kept_attach(first, 2);
	share_out(2, 3);
	share_out(1, 1);
	settle(&kept_from.worker);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 2);
	kept_detach(first);
	second = online_member("second");
	settle(&kept_from.worker);
	ck_assert_uint_eq(first->queue->count, 2);
	ck_assert(first->queue->has_shared);
	ck_assert_uint_eq(pending_queue_count(&second->state.inflight), 2);
	go(second);
}
END_TEST

START_TEST(a_session_that_ends_leaves_what_it_owes_to_others)
{
	struct session *ending = member("ending"), *staying = member("staying");

	share_out(1, 6);
	settle(&kept_from.worker);
	ck_assert_uint_eq(ending->queue->count, 3);
	session_end(ending);
	ck_assert_uint_eq(kept_from.worker.session_index.count, 1);
	settle(&kept_from.worker);
	ck_assert_uint_eq(kept_rows(IPC_STORE_SESSION_PUT), 1);
	ck_assert_uint_eq(staying->queue->count, 6);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 6);
	ck_assert_uint_eq(kept_rows(IPC_STORE_SHARE_PUT), 0);
	ck_assert_uint_eq(kept_from.worker.queues.count, 1);
}
END_TEST

START_TEST(a_session_that_was_ending_goes_on_to_end)
{
	struct session *ending = member("ending");
	struct session *staying = member("staying");

	share_out(1, 6);
	fake_store_settle(&kept_store);
	session_end(ending);
	/* Its head is written, and nothing of its queue is read yet. */
	journal_turn_end(&kept_from.worker);
	fake_store_exchange(&kept_store);
	fake_store_write(&kept_store);
	staying = kept_restart(staying);
	ck_assert_ptr_nonnull(staying);
	ck_assert_uint_eq(kept_to.worker.session_index.count, 1);
	settle(&kept_to.worker);
	ck_assert_uint_eq(kept_rows(IPC_STORE_SESSION_PUT), 1);
	ck_assert_uint_eq(staying->queue->count, 6);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 6);
}
END_TEST

START_TEST(what_waits_for_a_member_outlives_the_process)
{
	struct session *away = member("away");
	struct session *here;

	kept_attach(away, 10);
	kept_detach(away);
	share_out(1, 4);
	fake_store_settle(&kept_store);
	here = online_member("here");
	sharing_turn(&kept_from.worker); /* begins to read */
	fake_store_settle(&kept_store);  /* all are taken out, and wait */
	ck_assert_uint_eq(pending_queue_count(
			      &kept_from.worker.sharing.orphans),
	    4);
	ck_assert_uint_eq(kept_rows(IPC_STORE_SHARE_PUT), 4);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 0);
	here = kept_restart((go(here), here));
	ck_assert_uint_eq(pending_queue_count(&kept_to.worker.sharing.orphans),
	    4);
	settle(&kept_to.worker);
	ck_assert_uint_eq(kept_rows(IPC_STORE_SHARE_PUT), 0);
	ck_assert_uint_eq(kept_rows(IPC_STORE_QUEUE_PUT), 4);
	ck_assert_ptr_nonnull(here);
}
END_TEST

START_TEST(who_unsubscribes_gives_away_what_it_was_not_sent)
{
	struct session *leaving = member("leaving");
	struct session *here;

	kept_attach(leaving, 2);
	share_out(1, 8);
	here = online_member("here");
	settle(&kept_from.worker);
	ck_assert(
	    session_unsubscribe(leaving, BYTES_LITERAL("$share/group/a/+")));
	settle(&kept_from.worker);
	ck_assert_uint_eq(waiting(leaving), 2);
	ck_assert_uint_eq(waiting(here), 6);
	go(here);
	kept_detach(leaving);
}
END_TEST

TCase *
test_sharing_queue(void)
{
	TCase *tcase = tcase_create("sharing_queue");

	tcase_add_checked_fixture(tcase, kept_setup, kept_teardown);
	tcase_add_test(tcase,
	    what_one_that_is_away_owes_goes_to_one_that_comes);
	tcase_add_test(tcase, what_was_sent_at_qos_2_stays_with_its_receiver);
	tcase_add_test(tcase,
	    a_session_that_ends_leaves_what_it_owes_to_others);
	tcase_add_test(tcase, a_session_that_was_ending_goes_on_to_end);
	tcase_add_test(tcase, what_waits_for_a_member_outlives_the_process);
	tcase_add_test(tcase, who_unsubscribes_gives_away_what_it_was_not_sent);
	return tcase;
}
