/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/interest.h"

#include <errno.h>
#include <stdlib.h>

#include "bare_peer.h"
#include "fake_store.h"
#include "lib/clock.h"
#include "tests.h"
#include "worker/retention.h"
#include "worker/router.h"

static struct bare_worker bare;
static struct bare_peer peers[2];
static struct connection connection;
static struct session *session;
static struct fake_store store;

static void
setup(void)
{
	bare_worker_init(&bare);
	/* A worker that has not loaded tells nobody of its interest. */
	memset(&store, 0, sizeof(store));
	fake_store_start(&store, &bare.worker);
	fake_store_settle(&store);
	bare.child.start.worker_count = 3;
	for (uint16_t i = 0; i < 2; i++)
		bare_peer_init(&peers[i], &bare.worker, (uint16_t)(i + 1));
	bare_connection_init(&connection, &bare.worker);
	session = bare_session_new(&bare.worker, "one");
}

static void
teardown(void)
{
	bare_connection_done(&connection);
	session_unsubscribe_all(session);
	for (size_t i = 0; i < 2; i++)
		bare_peer_done(&peers[i], &bare.worker);
	fake_store_done(&store);
	bare_worker_done(&bare);
}

/* Subscribe, and be told the announcement that a SUBACK waits for. */
static uint64_t
subscribe(struct session *subscriber, const char *topic_filter,
    struct subscription **made)
{
	const struct session_subscription wanted = {
		.topic_filter = bytes_of_string(topic_filter),
		.qos = 1,
	};
	bool is_new;

	return session_subscribe(subscriber, &wanted, made, &is_new);
}

static void
send_after(uint64_t number, const char *packet)
{
	interest_send_after(&bare.worker, &connection, number,
	    bytes_of_string(packet));
}

static void
expect_sent(const char *packets)
{
	struct buffer sent = bare_connection_sent(&connection);

	ck_assert(bytes_equal(buffer_view(&sent), bytes_of_string(packets)));
	buffer_done(&sent);
}

typedef int interest_handler(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);

/* One of them says something of a filter. */
static int
says(struct bare_peer *peer, interest_handler *handler, uint64_t number,
    const char *topic_filter)
{
	const struct ipc_interest interest = { number,
		bytes_of_string(topic_filter) };
	struct buffer payload = { .data = NULL };
	int error;

	ipc_interest_encode(&interest, &payload);
	error = handler(&bare.worker, &peer->peer.public,
	    buffer_view(&payload));
	buffer_done(&payload);
	return error;
}

static int
acks(struct bare_peer *peer, uint64_t number)
{
	return says(peer, on_interest_ack, number, "");
}

static void
expect_told(struct bare_peer *peer, enum ipc_message_type type,
    const char *topic_filter)
{
	struct ipc_interest interest;

	bare_peer_listen(peer);
	ck_assert_uint_eq(peer->count, 1);
	ck_assert_int_eq(peer->told[0].type, type);
	ck_assert_int_eq(
	    ipc_interest_decode(buffer_view(&peer->told[0].payload), &interest),
	    0);
	ck_assert_uint_eq(interest.number, bare.worker.interest.announced);
	ck_assert(
	    bytes_equal(interest.topic_filter, bytes_of_string(topic_filter)));
}

/* Of a session that does not last. */
static int
on_add(struct worker *worker, struct proc_peer *peer, struct bytes payload)
{
	return on_interest_add(worker, peer, payload, false);
}

START_TEST(the_first_subscriber_announces_and_the_last_withdraws)
{
	struct session *other = bare_session_new(&bare.worker, "other");
	struct subscription *made;
	uint64_t number = subscribe(session, "a/+", &made);

	for (size_t i = 0; i < 2; i++)
		expect_told(&peers[i], IPC_INTEREST_ADD, "a/+");
	ck_assert_uint_eq(subscribe(other, "a/+", &made), number);
	ck_assert(session_unsubscribe(session, BYTES_LITERAL("a/+")));
	bare_peer_listen(&peers[0]);
	ck_assert_uint_eq(peers[0].count, 0);
	ck_assert(session_unsubscribe(other, BYTES_LITERAL("a/+")));
	expect_told(&peers[0], IPC_INTEREST_REMOVE, "a/+");
}
END_TEST

START_TEST(a_packet_waits_until_all_have_taken_the_announcement_in)
{
	struct subscription *made;
	uint64_t first = subscribe(session, "a", &made);
	uint64_t second = subscribe(session, "b", &made);

	send_after(second, "two");
	send_after(first, "one"); /* behind it, although it waits for less */
	expect_sent("");
	ck_assert_int_eq(acks(&peers[0], second), 0);
	ck_assert(!interest_is_taken_in(&bare.worker, first));
	ck_assert_int_eq(acks(&peers[1], first), 0);
	ck_assert(interest_is_taken_in(&bare.worker, first));
	ck_assert(!interest_is_taken_in(&bare.worker, second));
	expect_sent("");
	ck_assert_int_eq(acks(&peers[1], second), 0);
	expect_sent("twoone");
	send_after(second, "now");
	expect_sent("now");
	ck_assert_uint_eq(connection.waiting_subacks, 0);
}
END_TEST

START_TEST(nobody_waits_for_a_worker_that_is_gone)
{
	struct proc_peer *gone = &peers[1].peer.public;
	struct subscription *made;
	uint64_t number = subscribe(session, "a", &made);

	send_after(number, "x");
	ck_assert_int_eq(acks(&peers[0], number), 0);
	expect_sent("");
	bare.worker.peers[2] = NULL;
	interest_peer_down(&bare.worker, gone);
	expect_sent("x");
}
END_TEST

START_TEST(a_closed_connection_is_sent_nothing)
{
	struct subscription *made;
	uint64_t number = subscribe(session, "a", &made);

	send_after(number, "x");
	interest_forget(&bare.worker, &connection);
	ck_assert_uint_eq(connection.waiting_subacks, 0);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(acks(&peers[i], number), 0);
	expect_sent("");
}
END_TEST

START_TEST(what_another_cannot_mean_is_refused)
{
	ck_assert_int_eq(acks(&peers[0], 1), -EBADMSG); /* never announced */
	ck_assert_int_eq(says(&peers[0], on_interest_remove, 1, "a"), -EBADMSG);
	ck_assert_int_eq(says(&peers[0], on_add, 1, "a/#/b"), -EBADMSG);
	ck_assert_int_eq(says(&peers[0], on_add, 1, ""), -EBADMSG);
	ck_assert_int_eq(says(&peers[0], on_add, 1, "a/#"), 0);
	ck_assert_int_eq(says(&peers[0], on_interest_remove, 2, "a/#"), 0);
}
END_TEST

START_TEST(what_was_taken_in_is_acknowledged_once_a_turn)
{
	says(&peers[0], on_add, 7, "a");
	says(&peers[0], on_add, 8, "b");
	interest_turn_end(&bare.worker);
	bare_peer_listen(&peers[1]);
	ck_assert_uint_eq(peers[1].count, 0);
	bare_peer_listen(&peers[0]);
	ck_assert_uint_eq(peers[0].count, 1);
	ck_assert_int_eq(peers[0].told[0].type, IPC_INTEREST_ACK);
	ck_assert(bytes_equal(buffer_view(&peers[0].told[0].payload),
	    BYTES_LITERAL("\0\0\0\0\0\0\0\x08")));
	interest_turn_end(&bare.worker);
	bare_peer_listen(&peers[0]);
	ck_assert_uint_eq(peers[0].count, 0);
}
END_TEST

START_TEST(one_that_comes_is_told_everything)
{
	struct subscription *made;

	subscribe(session, "a", &made);
	subscribe(session, "b/#", &made);
	bare_peer_listen(&peers[0]);
	interest_peer_up(&bare.worker, &peers[0].peer.public);
	bare_peer_listen(&peers[0]);
	ck_assert_uint_eq(peers[0].count, 3);
	ck_assert_int_eq(peers[0].told[0].type, IPC_INTEREST_ADD);
	ck_assert_int_eq(peers[0].told[1].type, IPC_INTEREST_ADD);
	ck_assert_int_eq(peers[0].told[2].type, IPC_INTEREST_SYNC);
	ck_assert(!interest_is_complete(&bare.worker));
	for (size_t i = 0; i < 2; i++)
		says(&peers[i], on_interest_sync, 0, "");
	ck_assert(interest_is_complete(&bare.worker));
}
END_TEST

/* 3.3.1.3: what is published later comes live, and is not asked for */
START_TEST(retained_messages_are_asked_for_when_all_comes_live)
{
	struct subscription *made;
	struct ipc_retained_query query;
	uint64_t number = subscribe(session, "a/#", &made), before_ns;

	ck_assert_int_eq(says(&peers[0], on_interest_sync, 0, ""), 0);
	retention_query(made, BYTES_LITERAL("a/#"), number);
	bare_peer_listen(&peers[0]);
	retention_turn(&bare.worker);
	ck_assert_int_eq(acks(&peers[0], number), 0);
	retention_turn(&bare.worker);
	retention_turn(&bare.worker);
	bare_peer_listen(&peers[0]);
	ck_assert_uint_eq(peers[0].count, 0);

	before_ns = clock_monotonic_ns();
	ck_assert_int_eq(acks(&peers[1], number), 0);
	retention_turn(&bare.worker); /* the own part comes first */
	retention_turn(&bare.worker);
	bare_peer_listen(&peers[0]);
	ck_assert_uint_eq(peers[0].count, 1);
	ck_assert_int_eq(peers[0].told[0].type, IPC_RETAINED_QUERY);
	ck_assert_int_eq(ipc_retained_query_decode(
			     buffer_view(&peers[0].told[0].payload), &query),
	    0);
	ck_assert_uint_ge(query.until_ns, before_ns);
	ck_assert_uint_le(query.until_ns, clock_monotonic_ns());
	ck_assert(bytes_equal(query.topic_filter, BYTES_LITERAL("a/#")));
}
END_TEST

/* How many queries a worker is sent in some turns. */
static size_t
queries_to(struct bare_peer *peer)
{
	size_t found = 0;

	for (int i = 0; i < 3; i++)
		retention_turn(&bare.worker);
	bare_peer_listen(peer);
	for (size_t i = 0; i < peer->count; i++)
		found += peer->told[i].type == IPC_RETAINED_QUERY;
	return found;
}

START_TEST(who_has_not_loaded_is_asked_for_retained_messages_later)
{
	struct proc_peer *peer = &peers[0].peer.public;
	struct subscription *made;
	uint64_t number = subscribe(session, "a/#", &made);

	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(acks(&peers[i], number), 0);
	retention_query(made, BYTES_LITERAL("a/#"), number);
	ck_assert_uint_eq(queries_to(&peers[0]), 0);
	ck_assert_int_eq(says(&peers[0], on_interest_sync, 0, ""), 0);
	ck_assert_uint_eq(queries_to(&peers[0]), 1);
	ck_assert_uint_eq(queries_to(&peers[0]), 0);

	/* It dies before it has answered. */
	interest_peer_down(&bare.worker, peer);
	retention_peer_down(&bare.worker, peer);
	interest_peer_up(&bare.worker, peer);
	ck_assert_uint_eq(queries_to(&peers[0]), 0);
	ck_assert_int_eq(says(&peers[0], on_interest_sync, 0, ""), 0);
	ck_assert_uint_eq(queries_to(&peers[0]), 1);
	ck_assert_uint_eq(queries_to(&peers[1]), 0);
}
END_TEST

/* What another worker has found. */
static void
finds(struct bare_peer *peer, uint64_t number, const char *topic_name,
    uint64_t published_ns)
{
	struct ipc_publish parts = {
		.qos = 1,
		.retain = true,
		.topic_name = bytes_of_string(topic_name),
		.payload = BYTES_LITERAL("old"),
		.published_ns = published_ns,
	};
	struct bytes pieces[IPC_RETAINED_PART_COUNT];
	uint8_t head[IPC_RETAINED_HEAD_LEN];
	struct buffer payload = { .data = NULL };
	struct ipc_message message = { .type = IPC_RETAINED_MESSAGE, .fd = -1 };

	ipc_retained_parts(number, &parts, head, pieces);
	for (size_t i = 0; i < IPC_RETAINED_PART_COUNT; i++)
		buffer_append(&payload, pieces[i]);
	message.payload = buffer_view(&payload);
	ck_assert_int_eq(on_retained_message(&bare.worker, &peer->peer.public,
			     &message),
	    0);
	buffer_done(&payload);
}

/* 3.3.1.3: it came live while a page with the one before was on its way */
START_TEST(an_older_retained_message_does_not_come_behind_its_replacement)
{
	struct subscription *made;
	struct ipc_retained_query query;
	uint64_t number = subscribe(session, "a/#", &made);
	struct ipc_publish live = {
		.qos = 1,
		.retain = true,
		.topic_name = BYTES_LITERAL("a/b"),
		.payload = BYTES_LITERAL("new"),
		.published_ns = 5,
	};

	ck_assert_int_eq(says(&peers[0], on_interest_sync, 0, ""), 0);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(acks(&peers[i], number), 0);
	retention_query(made, BYTES_LITERAL("a/#"), number);
	bare_peer_listen(&peers[0]);
	retention_turn(&bare.worker); /* the own part comes first */
	retention_turn(&bare.worker);
	bare_peer_listen(&peers[0]);
	ck_assert_uint_eq(peers[0].count, 1);
	ck_assert_int_eq(ipc_retained_query_decode(
			     buffer_view(&peers[0].told[0].payload), &query),
	    0);
	router_publish(&bare.worker, &live, NULL);
	live.retain = false;
	live.topic_name = BYTES_LITERAL("a/c");
	router_publish(&bare.worker, &live, NULL);
	finds(&peers[0], query.number, "a/b", 4);
	finds(&peers[0], query.number, "a/c", 4);
	/* and what it cannot be told of is not left out */
	finds(&peers[0], query.number, "a/b", 5);
	ck_assert_uint_eq(pending_queue_count(&session->state.queued), 4);
	for (size_t i = 0; i < 4; i++) {
		struct pending item = pending_queue_pop(&session->state.queued);

		ck_assert(bytes_equal(message_parts(item.message)->payload,
		    i < 2 ? BYTES_LITERAL("new") : BYTES_LITERAL("old")));
		ck_assert(bytes_equal(message_parts(item.message)->topic_name,
		    i % 3 == 0 ? BYTES_LITERAL("a/b") : BYTES_LITERAL("a/c")));
		pending_done(&item);
	}
}
END_TEST

START_TEST(a_query_that_waits_may_end)
{
	struct subscription *made;
	uint64_t number = subscribe(session, "a", &made);

	retention_query(made, BYTES_LITERAL("a"), number);
	retention_query(made, BYTES_LITERAL("a"), number); /* once more */
	ck_assert(session_unsubscribe(session, BYTES_LITERAL("a")));
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(acks(&peers[i], number), 0);
	bare_peer_listen(&peers[0]);
	ck_assert(!retention_turn(&bare.worker));
	bare_peer_listen(&peers[0]);
	ck_assert_uint_eq(peers[0].count, 0);
}
END_TEST

TCase *
test_interest(void)
{
	TCase *tcase = tcase_create("interest");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
	    the_first_subscriber_announces_and_the_last_withdraws);
	tcase_add_test(tcase,
	    a_packet_waits_until_all_have_taken_the_announcement_in);
	tcase_add_test(tcase, nobody_waits_for_a_worker_that_is_gone);
	tcase_add_test(tcase, a_closed_connection_is_sent_nothing);
	tcase_add_test(tcase, what_another_cannot_mean_is_refused);
	tcase_add_test(tcase, what_was_taken_in_is_acknowledged_once_a_turn);
	tcase_add_test(tcase, one_that_comes_is_told_everything);
	tcase_add_test(tcase,
	    retained_messages_are_asked_for_when_all_comes_live);
	tcase_add_test(tcase,
	    who_has_not_loaded_is_asked_for_retained_messages_later);
	tcase_add_test(tcase,
	    an_older_retained_message_does_not_come_behind_its_replacement);
	tcase_add_test(tcase, a_query_that_waits_may_end);
	return tcase;
}
