/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_restore.h"

#include "kept.h"
#include "tests.h"

static void
subscribe(struct session *session, const char *topic_filter,
    uint32_t identifier)
{
	struct session_subscription wanted = {
		.topic_filter = bytes_of_string(topic_filter),
		.identifier = identifier,
		.qos = (uint8_t)(identifier % 3),
		.no_local = identifier % 2 == 1,
		.retain_as_published = identifier > 2,
	};
	struct subscription *made;
	bool is_new;

	session_subscribe(session, &wanted, &made, &is_new);
}

static void
check_subscription(const struct session *session, const char *topic_filter,
    uint32_t identifier)
{
	const struct topic_node *node = topic_tree_find(session->worker->topics,
	    bytes_of_string(topic_filter));
	const struct subscription *subscription;

	ck_assert_ptr_nonnull(node);
	subscription = topic_node_subscription(node, session);
	ck_assert_ptr_nonnull(subscription);
	ck_assert_uint_eq(subscription->qos, identifier % 3);
	ck_assert_uint_eq(subscription->identifier, identifier);
	ck_assert_int_eq(subscription->no_local, identifier % 2 == 1);
	ck_assert_int_eq(subscription->retain_as_published, identifier > 2);
}

START_TEST(a_session_comes_back_with_all_it_has) /* 4.1 */
{
	struct session *session = kept_durable("c", 10);
	struct ipc_publish will = {
		.topic_name = BYTES_LITERAL("will"),
		.payload = BYTES_LITERAL("gone"),
	};

	session->state.will = session_will_new(message_new(&will));
	session->state.will->delay_seconds = 20;
	session_keep(session);
	subscribe(session, "a/+", 1);
	subscribe(session, "b/#", 2);
	subscribe(session, "c", 3);
	subscribe(session, "d", 4);
	session_unsubscribe(session, BYTES_LITERAL("d"));
	session_receive(session, 9);
	session_receive(session, 4);
	session_receive(session, 5);
	session_release(session, 5);
	fake_store_settle(&kept_store);
	session = kept_restart(session);
	ck_assert_ptr_nonnull(session);
	ck_assert_uint_eq(session->id, 77);
	ck_assert_uint_eq(session->subscription_count, 3);
	check_subscription(session, "a/+", 1);
	check_subscription(session, "b/#", 2);
	check_subscription(session, "c", 3);
	ck_assert_uint_eq(session->state.received_count, 2);
	ck_assert(session_has_received(session, 4));
	ck_assert(session_has_received(session, 9));
	ck_assert(
	    bytes_equal(message_parts(session->state.will->message)->payload,
		BYTES_LITERAL("gone")));
	/* Its kept_connection has just been lost. */
	ck_assert_uint_eq(session_will_at_ms(session),
	    worker_now_ms(&kept_to.worker) + 20 * 1000);
	ck_assert_uint_eq(session->expires_at_ms,
	    worker_now_ms(&kept_to.worker) + 3600 * 1000);
}
END_TEST

START_TEST(a_session_that_ends_leaves_nothing)
{
	struct session *session = kept_durable("c", 10);

	subscribe(session, "a/+", 1);
	session_receive(session, 9);
	kept_publish(session, 3, 1);
	kept_detach(session);
	ck_assert_uint_gt(kept_rows(IPC_STORE_QUEUE_PUT), 0);
	session_end(session);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(kept_store.rows.count, 0);
}
END_TEST

START_TEST(a_session_without_an_expiry_is_not_kept)
{
	struct session *session = bare_session_new(&kept_from.worker, "c");

	session->state.expiry_seconds = 0;
	kept_attach(session, 10);
	subscribe(session, "a/+", 1);
	kept_publish(session, 3, 1);
	fake_store_settle(&kept_store);
	ck_assert_uint_eq(session->number, IPC_STORE_NONE);
	ck_assert_uint_eq(kept_store.rows.count, 0);
	kept_collect();
	ck_assert_uint_eq(kept_sent_count, 3);
	session->connection = NULL;
}
END_TEST

TCase *
test_session_restore(void)
{
	TCase *tcase = tcase_create("session_restore");

	tcase_add_checked_fixture(tcase, kept_setup, kept_teardown);
	tcase_add_test(tcase, a_session_comes_back_with_all_it_has);
	tcase_add_test(tcase, a_session_that_ends_leaves_nothing);
	tcase_add_test(tcase, a_session_without_an_expiry_is_not_kept);
	return tcase;
}
