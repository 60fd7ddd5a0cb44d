/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_save.h"

#include <errno.h>
#include <stdlib.h>

#include "bare_worker.h"
#include "book.h"
#include "tests.h"

#define REALTIME_MS INT64_C(1700000000000)

static struct bare_worker from, to;
static struct connection connection;
static struct book book;
static struct buffer kept;

static void
setup(void)
{
	bare_worker_init(&from);
	bare_worker_init(&to);
	bare_connection_init(&connection, &from.worker);
}

static void
teardown(void)
{
	bare_connection_done(&connection);
	bare_worker_done(&from);
	bare_worker_done(&to);
	book_done(&book);
	buffer_done(&kept);
}

/* The clocks, so many seconds after the save. */
static struct clock_reading
reading_of(const struct bare_worker *bare, int64_t seconds)
{
	return (struct clock_reading){
		.monotonic_ms = worker_now_ms(&bare->worker),
		.realtime_ms = REALTIME_MS + seconds * 1000,
	};
}

static void
subscribe(struct session *session, const char *topic_filter, uint8_t qos,
    uint32_t identifier)
{
	struct session_subscription wanted = {
		.topic_filter = bytes_of_string(topic_filter),
		.identifier = identifier,
		.qos = qos,
		.no_local = identifier % 2 == 1,
		.retain_as_published = identifier > 2,
	};
	struct subscription *made;
	bool is_new;

	session_subscribe(session, &wanted, &made, &is_new);
}

static void
deliver(struct session *session, const char *payload, uint8_t qos)
{
	uint32_t identifiers[] = { 4, 5 };
	struct ipc_publish parts = {
		.qos = qos,
		.topic_name = BYTES_LITERAL("a/b"),
		.payload = bytes_of_string(payload),
	};
	struct message_delivery delivery = {
		.qos = qos,
		.subscription_ids = identifiers,
		.subscription_id_count = qos,
	};
	struct message *message = message_new(&parts);

	session_deliver(session, message, &delivery);
	message_unref(&message);
}

/* A client with all that a session can hold, on its connection. */
static struct session *
busy_session(void)
{
	struct session *session = bare_session_new(&from.worker, "c");
	struct ipc_publish will = {
		.topic_name = BYTES_LITERAL("will"),
		.payload = BYTES_LITERAL("gone"),
	};

	session->state.next_packet_id = 65533;
	session_attach(session, &connection);
	session->inflight_max = 3;
	session->state.will = message_new(&will);
	session->state.will_delay_seconds = 20;
	subscribe(session, "a/+", 2, 1);
	subscribe(session, "b/#", 1, 2);
	subscribe(session, "c", 0, 3);
	deliver(session, "one", 1);
	deliver(session, "two", 2);
	deliver(session, "three", 2);
	deliver(session, "four", 1);
	deliver(session, "five", 2);
	ck_assert(session_on_pubrec(session, 65535, false));
	session_receive(session, 9);
	session_receive(session, 4);
	return session;
}

static void
save(struct session *session)
{
	struct clock_reading now = reading_of(&from, 0);

	session_save(session, &now, book_number_of, &book, &kept);
}

static struct session *
restore(int64_t seconds)
{
	struct clock_reading now = reading_of(&to, seconds);
	struct session_record record;
	struct session *session = NULL;

	ck_assert_int_eq(session_record_decode(buffer_view(&kept), book_find,
			     &book, to.worker.topics, &record),
	    0);
	ck_assert_int_eq(session_restore(&to.worker, &now, &record, &session),
	    0);
	session_record_done(&record);
	return session;
}

static void
check_item(const struct pending *item, const char *payload, uint8_t qos,
    uint16_t packet_id)
{
	ck_assert_uint_eq(item->qos, qos);
	ck_assert_uint_eq(item->packet_id, packet_id);
	ck_assert_uint_eq(item->subscription_id_count, qos);
	ck_assert_uint_eq(item->subscription_ids[0], 4);
	if (payload == NULL) {
		ck_assert_ptr_null(item->message);
		ck_assert_uint_eq(item->state, PENDING_RELEASE);
		return;
	}
	ck_assert_uint_eq(item->state, PENDING_PUBLISH);
	ck_assert(bytes_equal(message_parts(item->message)->payload,
	    bytes_of_string(payload)));
}

static void
check_subscription(const struct session *session, const char *topic_filter,
    uint8_t qos, uint32_t identifier)
{
	struct topic_node *node = topic_tree_find(session->worker->topics,
	    bytes_of_string(topic_filter));
	const struct subscription *subscription;

	ck_assert_ptr_nonnull(node);
	subscription = topic_node_subscription(node, session);
	ck_assert_ptr_nonnull(subscription);
	ck_assert_uint_eq(subscription->qos, qos);
	ck_assert_uint_eq(subscription->identifier, identifier);
	ck_assert_int_eq(subscription->no_local, identifier % 2 == 1);
	ck_assert_int_eq(subscription->retain_as_published, identifier > 2);
}

START_TEST(a_session_goes_on_in_another_worker) /* 4.1 */
{
	struct session *session;
	struct bytes key;

	save(busy_session());
	session = restore(60);
	key = bytes_of(session->key, session->key_len);
	ck_assert_ptr_eq(session_find(&to.worker, key), session);
	ck_assert_uint_eq(session->id, 77);
	check_subscription(session, "a/+", 2, 1);
	check_subscription(session, "b/#", 1, 2);
	check_subscription(session, "c", 0, 3);
	ck_assert_uint_eq(session->subscription_count, 3);
	ck_assert_uint_eq(session->state.inflight.count, 3);
	check_item(pending_queue_at(&session->state.inflight, 0), "one", 1,
	    65534);
	check_item(pending_queue_at(&session->state.inflight, 1), NULL, 2,
	    65535);
	check_item(pending_queue_at(&session->state.inflight, 2), "three", 2,
	    1);
	ck_assert_uint_eq(session->state.queued.count, 2);
	check_item(pending_queue_at(&session->state.queued, 0), "four", 1, 0);
	check_item(pending_queue_at(&session->state.queued, 1), "five", 2, 0);
	ck_assert_uint_eq(session->state.next_packet_id, 1);
	ck_assert(session_has_received(session, 4));
	ck_assert(session_has_received(session, 9));
	ck_assert(!session_has_received(session, 5));
}
END_TEST

START_TEST(what_a_share_owes_stays_of_the_share) /* MQTT 5.0, 4.8.2 */
{
	struct session *session = bare_session_new(&from.worker, "c");
	struct ipc_publish parts = { .qos = 1, .topic_name = { NULL, 0 } };
	struct message_delivery delivery = { .qos = 1 };
	struct share *share;
	struct message *message;

	subscribe(session, "$share/group/a/+", 1, 2);
	parts.topic_name = BYTES_LITERAL("a/b");
	message = message_new(&parts);
	delivery.share = share_find(from.worker.topics, BYTES_LITERAL("a/+"),
	    BYTES_LITERAL("group"));
	session_deliver(session, message, &delivery);
	message_unref(&message);
	save(session);
	session = restore(1);
	share = share_find(to.worker.topics, BYTES_LITERAL("a/+"),
	    BYTES_LITERAL("group"));
	ck_assert_ptr_nonnull(share);
	ck_assert_ptr_eq(pending_queue_at(&session->state.queued, 0)->share,
	    share);
	ck_assert_ptr_nonnull(share_member(share, session));
	ck_assert(
	    session_is_subscribed(session, BYTES_LITERAL("$share/group/a/+")));
	ck_assert_uint_eq(session->share_count, 1);
}
END_TEST

START_TEST(what_was_saved_goes_on_unharmed)
{
	struct session *session = busy_session();
	struct buffer before = { .data = NULL }, sent;

	save(session);
	buffer_append(&before, buffer_view(&kept));
	kept.len = 0;
	save(session);
	ck_assert(bytes_equal(buffer_view(&before), buffer_view(&kept)));
	ck_assert(session_on_puback(session, 65534));
	sent = bare_connection_sent(&connection);
	ck_assert_uint_gt(sent.len, 0);
	ck_assert_uint_eq(session->state.queued.count, 1);
	buffer_done(&sent);
	buffer_done(&before);
}
END_TEST

START_TEST(the_client_that_comes_back_is_sent_what_it_was_owed)
{
	struct connection next;
	struct session *session;
	struct buffer sent;

	save(busy_session());
	session = restore(60);
	bare_connection_init(&next, &to.worker);
	session_attach(session, &next);
	session->inflight_max = 100;
	session_send_queued(session);
	sent = bare_connection_sent(&next);
	ck_assert_uint_gt(sent.len, 0);
	ck_assert_uint_eq(sent.data[0], 0x3a); /* QoS 1, DUP [MQTT-3.3.1-1] */
	ck_assert_uint_eq(session->state.inflight.count, 5);
	ck_assert(session_on_puback(session, 65534));
	ck_assert(session_on_pubcomp(session, 65535));
	ck_assert(session_on_pubrec(session, 1, false));
	ck_assert(session_on_pubcomp(session, 1));
	ck_assert(session_on_puback(session, 2));
	ck_assert_uint_eq(session->state.inflight.count, 1);
	session->connection = NULL;
	buffer_done(&sent);
	bare_connection_done(&next);
}
END_TEST

START_TEST(a_connection_that_the_process_took_along_has_just_ended)
{
	uint64_t now_ms = worker_now_ms(&to.worker);
	const struct session *session;

	save(busy_session());
	session = restore(1000);
	ck_assert_uint_eq(session->expires_at_ms, now_ms + 3600 * 1000);
	ck_assert_uint_eq(session->will_at_ms, now_ms + 20 * 1000);
	ck_assert_uint_eq(session->deadline.at_ms, now_ms + 20 * 1000);
}
END_TEST

START_TEST(time_that_has_passed_meanwhile_counts)
{
	struct session *session = busy_session();
	uint64_t now_ms = worker_now_ms(&to.worker);

	session_detach(session, true);
	save(session);
	session = restore(5);
	ck_assert_uint_eq(session->expires_at_ms, now_ms + 3595 * 1000);
	ck_assert_uint_eq(session->will_at_ms, now_ms + 15 * 1000);
}
END_TEST

START_TEST(what_is_overdue_is_done_at_the_next_tick)
{
	struct session *session = busy_session();

	session_detach(session, true);
	save(session);
	session = restore(3600);
	ck_assert_uint_le(session->deadline.at_ms, worker_now_ms(&to.worker));
	session_due(session);
	ck_assert_ptr_null(to.worker.sessions);
}
END_TEST

START_TEST(a_session_that_never_expires_has_no_deadline)
{
	struct session *session = bare_session_new(&from.worker, "c");

	session->state.expiry_seconds = SESSION_EXPIRY_NEVER;
	save(session);
	session = restore(1000000000);
	ck_assert_uint_eq(session->expires_at_ms, UINT64_MAX);
	ck_assert_uint_eq(session->deadline.at_ms, 0);
}
END_TEST

START_TEST(a_session_that_is_there_is_not_replaced)
{
	struct clock_reading now = reading_of(&to, 0);
	struct session_record record;
	struct session *session = NULL;

	save(busy_session());
	restore(0);
	ck_assert_int_eq(session_record_decode(buffer_view(&kept), book_find,
			     &book, to.worker.topics, &record),
	    0);
	ck_assert_int_eq(session_restore(&to.worker, &now, &record, &session),
	    -EEXIST);
	ck_assert_ptr_null(session);
	session_record_done(&record);
}
END_TEST

TCase *
test_session_save(void)
{
	TCase *tcase = tcase_create("session_save");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_session_goes_on_in_another_worker);
	tcase_add_test(tcase, what_a_share_owes_stays_of_the_share);
	tcase_add_test(tcase, what_was_saved_goes_on_unharmed);
	tcase_add_test(tcase,
	    the_client_that_comes_back_is_sent_what_it_was_owed);
	tcase_add_test(tcase,
	    a_connection_that_the_process_took_along_has_just_ended);
	tcase_add_test(tcase, time_that_has_passed_meanwhile_counts);
	tcase_add_test(tcase, what_is_overdue_is_done_at_the_next_tick);
	tcase_add_test(tcase, a_session_that_never_expires_has_no_deadline);
	tcase_add_test(tcase, a_session_that_is_there_is_not_replaced);
	return tcase;
}
