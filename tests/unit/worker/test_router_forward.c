/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client publishes at one worker; sessions that last are subscribed there and
 * at the other. Whoever dies, and whenever: what is acknowledged is in the
 * stores, at QoS 2 once.
 */
#include "worker/router_forward.h"

#include <stdlib.h>

#include "cluster.h"
#include "tests.h"
#include "worker/handler.h"
#include "worker/journal.h"
#include "worker/session_queue.h"

#define PUBLISHER  0 /* its worker */
#define ELSEWHERE  1
#define PACKET_ID  7
#define SESSION_OF "publisher"

enum progress { PUBLISHED, RECEIVED, COMPLETE };

static struct connection connection;
static struct buffer publisher_key;
static bool is_connected;
static enum progress progress;
static uint8_t qos;
static bool lasts_elsewhere; /* a session there */

static struct session *
subscribe_for(unsigned int worker, const char *client_id, uint8_t max_qos,
    uint32_t expiry_seconds)
{
	struct session *session = bare_session_new(cluster_worker(worker),
	    client_id);
	struct session_subscription wanted = {
		.topic_filter = BYTES_LITERAL("a/#"),
		.qos = max_qos,
	};
	struct subscription *made;
	bool is_new;

	session->state.expiry_seconds = expiry_seconds;
	session_keep(session);
	session_subscribe(session, &wanted, &made, &is_new);
	return session;
}

static struct session *
subscribe(unsigned int worker, const char *client_id, uint8_t max_qos)
{
	return subscribe_for(worker, client_id, max_qos, SESSION_EXPIRY_NEVER);
}

static struct session *
session_find_by(unsigned int worker, const char *client_id)
{
	struct buffer key = { .data = NULL };
	struct session *session;

	session_key_encode(BYTES_LITERAL("device-1"),
	    bytes_of_string(client_id), &key);
	session = session_find(cluster_worker(worker), buffer_view(&key));
	buffer_done(&key);
	return session;
}

static struct session *
publisher(void)
{
	return session_find(cluster_worker(PUBLISHER),
	    buffer_view(&publisher_key));
}

/* The worker's end of a connection is gone with it. */
static void
client_detach(void)
{
	if (!is_connected)
		return;
	is_connected = false;
	connection.session->connection = NULL;
	cluster_worker(PUBLISHER)->child->counted[IPC_STATISTIC_CONNECTED]--;
	connection.is_dirty = false;
	bare_connection_done(&connection);
}

static void
client_attach(struct session *session)
{
	bare_connection_init(&connection, cluster_worker(PUBLISHER));
	/* What it is sent stays in its outbox: it has no socket. */
	connection.is_dirty = true;
	connection.session = session;
	session->connection = &connection;
	cluster_worker(PUBLISHER)->child->counted[IPC_STATISTIC_CONNECTED]++;
	is_connected = true;
}

static void
setup_at(uint8_t at_qos, bool is_durable)
{
	struct session *session;

	cluster_setup();
	qos = at_qos;
	progress = PUBLISHED;
	lasts_elsewhere = true;
	subscribe(PUBLISHER, "here", 2);
	subscribe(ELSEWHERE, "there", 2);
	session = bare_session_new(cluster_worker(PUBLISHER), SESSION_OF);
	if (!is_durable)
		session->state.expiry_seconds = 0;
	publisher_key = (struct buffer){ .data = NULL };
	buffer_append(&publisher_key, bytes_of(session->key, session->key_len));
	session_keep(session);
	cluster_settle();
}

static void
teardown(void)
{
	client_detach();
	buffer_done(&publisher_key);
	cluster_teardown();
	ck_assert_uint_eq(message_totals().count, 0);
}

static void
send_publish(bool dup)
{
	static const uint8_t body[] = { 0, 3, 'a', '/', 'b', 0, PACKET_ID, 0,
		'x' };
	struct mqtt_frame frame = {
		.type = MQTT_PUBLISH,
		.flags = (uint8_t)((dup ? 8 : 0) | qos << 1),
		.body = bytes_of(body, sizeof(body)),
	};

	ck_assert_int_eq(handle_publish(&connection, &frame), 0);
}

static void
send_pubrel(void)
{
	static const uint8_t body[] = { 0, PACKET_ID };
	struct mqtt_frame frame = {
		.type = MQTT_PUBREL,
		.flags = 2,
		.body = bytes_of(body, sizeof(body)),
	};

	ck_assert_int_eq(handle_pubrel(&connection, &frame), 0);
}

/* Connect, and go on where the client was (4.4). */
static void
reconnect(void)
{
	struct session *session = publisher();

	if (is_connected || !cluster_worker(PUBLISHER)->is_ready)
		return;
	if (session == NULL) {
		session = bare_session_new(cluster_worker(PUBLISHER),
		    SESSION_OF);
		session->state.expiry_seconds = 0;
	}
	client_attach(session);
	if (progress == PUBLISHED)
		send_publish(true);
	else if (progress == RECEIVED)
		send_pubrel();
}

/* The client may use the identifier again: nobody takes the next for this. */
static void
complete(void)
{
	progress = COMPLETE;
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++)
		ck_assert_uint_eq(fake_store_count(&cluster_stores[i],
				      IPC_STORE_RECEIVED_PUT),
		    0);
}

/* Take what the client was sent, and answer it. */
static void
client_turn(void)
{
	struct buffer sent;

	if (!is_connected)
		return;
	sent = bare_connection_sent(&connection);
	for (size_t at = 0; at < sent.len; at += 2u + sent.data[at + 1]) {
		ck_assert_uint_eq(sent.data[at + 3], PACKET_ID);
		if (sent.data[at] >> 4 == MQTT_PUBREC) {
			progress = RECEIVED;
			send_pubrel();
		} else {
			complete();
		}
	}
	buffer_done(&sent);
}

static void
go_on(unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++) {
		client_turn();
		cluster_step();
	}
	client_turn();
}

static void
publish(void)
{
	client_attach(publisher());
	send_publish(false);
}

static size_t
queued(unsigned int worker)
{
	return fake_store_count(&cluster_stores[worker], IPC_STORE_QUEUE_PUT);
}

/* What the client was told is so whatever happens now. */
static void
check_promise(void)
{
	if (progress == PUBLISHED)
		return;
	ck_assert_uint_ge(queued(PUBLISHER), 1);
	ck_assert_uint_ge(queued(ELSEWHERE), lasts_elsewhere ? 1 : 0);
}

enum victim {
	NOBODY,
	PUBLISHERS_WORKER,
	OTHER_WORKER,
	BOTH_WORKERS,
	PUBLISHERS_STORE,
	OTHER_STORE,
	CONNECTION,
	VICTIM_COUNT
};

static void
kill_and_restart(enum victim victim, unsigned int pause)
{
	if (victim == PUBLISHERS_WORKER || victim == BOTH_WORKERS) {
		client_detach();
		cluster_kill(PUBLISHER);
	}
	if (victim == OTHER_WORKER || victim == BOTH_WORKERS)
		cluster_kill(ELSEWHERE);
	if (victim == CONNECTION)
		client_detach();
	check_promise();
	go_on(pause);
	if (victim == PUBLISHERS_WORKER || victim == BOTH_WORKERS)
		cluster_start(PUBLISHER);
	if (victim == OTHER_WORKER || victim == BOTH_WORKERS)
		cluster_start(ELSEWHERE);
	if (victim == PUBLISHERS_STORE)
		cluster_restart_store(PUBLISHER);
	if (victim == OTHER_STORE)
		cluster_restart_store(ELSEWHERE);
	for (unsigned int i = 0; i < 20 && !is_connected; i++) {
		go_on(CLUSTER_STEPS);
		reconnect();
	}
	ck_assert(is_connected);
}

/* Nothing is left of the exchange but what was delivered. */
static void
check_end(void)
{
	ck_assert_int_eq(progress, COMPLETE);
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++) {
		ck_assert_uint_eq(fake_store_count(&cluster_stores[i],
				      IPC_STORE_RECEIVED_PUT),
		    0);
		ck_assert_uint_eq(journal_covering(cluster_worker(i)),
		    IPC_STORE_NONE);
		ck_assert(!forwards_is_full(cluster_worker(i)));
	}
}

/* Does the publisher's side of the exchange outlive this? */
static bool
exchange_survives(bool is_durable, enum victim victim)
{
	return is_durable ||
	       (victim != PUBLISHERS_WORKER && victim != BOTH_WORKERS &&
		   victim != CONNECTION);
}

static void
run(uint8_t at_qos, bool is_durable, enum victim victim, unsigned int at,
    unsigned int pause, unsigned int slow)
{
	setup_at(at_qos, is_durable);
	if (slow < CLUSTER_SIZE)
		cluster_slow_disk(slow);
	publish();
	go_on(at);
	kill_and_restart(victim, pause);
	go_on(30 * CLUSTER_STEPS);
	check_end();
	ck_assert_uint_ge(queued(PUBLISHER), 1);
	ck_assert_uint_ge(queued(ELSEWHERE), 1);
	if (at_qos == 2 && exchange_survives(is_durable, victim)) {
		ck_assert_msg(queued(PUBLISHER) == 1 && queued(ELSEWHERE) == 1,
		    "victim %d after %u steps, pause %u: %zu and %zu", victim,
		    at, pause, queued(PUBLISHER), queued(ELSEWHERE));
	}
	teardown();
}

/* At each moment; with a slow disk there are more of them. */
static void
run_all(uint8_t at_qos, bool is_durable, enum victim victim)
{
	for (unsigned int at = 0; at <= 3 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		run(at_qos, is_durable, victim, at, 0, CLUSTER_SIZE);
		run(at_qos, is_durable, victim, at, 2 * CLUSTER_STEPS,
		    CLUSTER_SIZE);
	}
	for (unsigned int at = 0; at <= 8 * CLUSTER_STEPS;
	     at += 4 * cluster_stride()) {
		run(at_qos, is_durable, victim, at, 0, PUBLISHER);
		run(at_qos, is_durable, victim, at, 0, ELSEWHERE);
	}
}

START_TEST(nothing_that_is_acknowledged_is_lost_at_qos_1)
{
	run_all(1, false, (enum victim)_i);
}
END_TEST

START_TEST(at_qos_2_it_is_delivered_once_whoever_dies)
{
	run_all(2, true, (enum victim)_i);
}
END_TEST

START_TEST(at_qos_2_of_a_session_that_ends_it_is_once_while_that_lasts)
{
	run_all(2, false, (enum victim)_i);
}
END_TEST

/* It is in the memory of a worker that lives. */
START_TEST(at_qos_2_a_session_that_does_not_last_gets_it_once)
{
	static const enum victim victims[] = { NOBODY, PUBLISHERS_WORKER,
		CONNECTION };

	for (unsigned int at = 0; at <= 3 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		for (int is_alone = 0; is_alone < 2; is_alone++) {
			struct session *session;

			setup_at(2, true);
			session = subscribe_for(ELSEWHERE, "passing", 2, 0);
			lasts_elsewhere = !is_alone;
			if (is_alone)
				session_end(
				    session_find_by(ELSEWHERE, "there"));
			cluster_settle();
			publish();
			go_on(at);
			kill_and_restart(victims[_i], 0);
			go_on(30 * CLUSTER_STEPS);
			check_end();
			ck_assert_uint_eq(pending_queue_count(
					      &session->state.queued),
			    1);
			teardown();
		}
	}
}
END_TEST

/* Each worker dies at one moment, and the other at another. */
START_TEST(at_qos_2_it_is_delivered_once_if_both_die_in_turn)
{
	static const unsigned int moments[] = { 0, 1, 3, 5, 9, 18 };

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		enum victim first = _i % 2 == 0 ? PUBLISHERS_WORKER
						: OTHER_WORKER;
		enum victim second = _i / 2 == 0 ? PUBLISHERS_WORKER
						 : OTHER_WORKER;

		for (unsigned int at = 0; at < 3 * CLUSTER_STEPS;
		     at += cluster_stride()) {
			setup_at(2, true);
			publish();
			go_on(at);
			kill_and_restart(first, 0);
			go_on(moments[i]);
			kill_and_restart(second, 0);
			go_on(10 * CLUSTER_STEPS);
			check_end();
			ck_assert_uint_eq(queued(PUBLISHER), 1);
			ck_assert_uint_eq(queued(ELSEWHERE), 1);
			teardown();
		}
	}
}
END_TEST

/*
 * The other worker has noted it, the publisher's has not and dies; then nobody
 * there wants it any more. The PUBLISH that is sent again does not go there, its
 * PUBREL has to: complete() looks for what is left of it.
 */
START_TEST(at_qos_2_who_wants_it_no_more_forgets_it_too)
{
	for (unsigned int at = 0; at <= 8 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		struct session *session;

		setup_at(2, true);
		lasts_elsewhere = false;
		cluster_slow_disk(PUBLISHER);
		publish();
		go_on(at);
		client_detach();
		cluster_kill(PUBLISHER);
		session = session_find_by(ELSEWHERE, "there");
		ck_assert(session_unsubscribe(session, BYTES_LITERAL("a/#")));
		go_on(2 * CLUSTER_STEPS);
		cluster_start(PUBLISHER);
		for (unsigned int i = 0; i < 20 && !is_connected; i++) {
			go_on(CLUSTER_STEPS);
			reconnect();
		}
		go_on(30 * CLUSTER_STEPS);
		check_end();
		teardown();
	}
}
END_TEST

START_TEST(a_message_for_several_is_kept_once_where_it_was_published)
{
	const struct ipc_store_change *row;

	setup_at(1, false);
	subscribe(PUBLISHER, "also-here", 1);
	go_on(4 * CLUSTER_STEPS);
	publish();
	go_on(4 * CLUSTER_STEPS);
	ck_assert_uint_eq(fake_store_count(&cluster_stores[PUBLISHER],
			      IPC_STORE_MESSAGE_PUT),
	    1);
	ck_assert_uint_eq(queued(PUBLISHER), 2);
	/* under the same id at the other */
	row = &cluster_stores[ELSEWHERE].last.items[0].put;
	ck_assert_uint_eq(row->message,
	    cluster_stores[PUBLISHER].last.items[0].put.message);
	ck_assert_uint_ne(row->message, IPC_STORE_NONE);
	teardown();
}
END_TEST

START_TEST(what_nobody_keeps_is_acknowledged_at_once)
{
	cluster_setup();
	qos = 1;
	progress = PUBLISHED;
	publisher_key = (struct buffer){ .data = NULL };
	session_key_encode(BYTES_LITERAL("device-1"), BYTES_LITERAL(SESSION_OF),
	    &publisher_key);
	bare_session_new(cluster_worker(PUBLISHER), SESSION_OF);
	publish();
	client_turn();
	ck_assert_int_eq(progress, COMPLETE);
	ck_assert_uint_eq(journal_covering(cluster_worker(PUBLISHER)),
	    IPC_STORE_NONE);
	teardown();
}
END_TEST

START_TEST(a_worker_that_is_away_gets_what_was_published_meanwhile)
{
	setup_at(1, false);
	cluster_kill(ELSEWHERE);
	publish();
	go_on(4 * CLUSTER_STEPS);
	ck_assert_int_eq(progress, PUBLISHED); /* and not acknowledged */
	cluster_start(ELSEWHERE);
	go_on(6 * CLUSTER_STEPS);
	ck_assert_int_eq(progress, COMPLETE);
	ck_assert_uint_eq(queued(ELSEWHERE), 1);
	teardown();
}
END_TEST

START_TEST(what_a_worker_may_not_say_of_forwards_is_refused)
{
	struct worker *worker;
	struct proc_peer *peer;
	struct buffer payload = { .data = NULL };
	uint8_t head[IPC_FORWARD_HEAD_LEN];
	struct ipc_message kept = { .fd = -1 };

	setup_at(1, false);
	worker = cluster_worker(PUBLISHER);
	peer = worker->peers[ELSEWHERE];
	/* nothing was forwarded */
	ipc_forward_ack_encode(&(struct ipc_forward_ack){ 1, 1 }, &payload);
	ck_assert_int_eq(on_forward_ack(worker, peer, buffer_view(&payload)),
	    -EBADMSG);
	payload.len = 0;
	ipc_release_encode(&(struct ipc_release){ 5, 1, 1 }, &payload);
	ck_assert_int_eq(on_forward_release(worker, peer,
			     buffer_view(&payload)),
	    0);
	/* a number that it has used */
	ck_assert_int_eq(on_forward_release(worker, peer,
			     buffer_view(&payload)),
	    -EBADMSG);
	kept.payload = bytes_of(head, sizeof(head));
	ipc_forward_head(&(struct ipc_forward){ .kind = IPC_FORWARD_PUBLISH,
			     .number = 5 },
	    head);
	ck_assert_int_eq(on_forward_kept(worker, peer, &kept), -EBADMSG);
	ipc_forward_head(&(struct ipc_forward){ .kind = IPC_FORWARD_PUBLISH,
			     .number = 6 },
	    head);
	ck_assert_int_eq(on_forward_kept(worker, peer, &kept),
	    -EBADMSG); /* no message */
	buffer_done(&payload);
	teardown();
}
END_TEST

TCase *
test_router_forward(void)
{
	TCase *tcase = tcase_create("router_forward");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase,
	    nothing_that_is_acknowledged_is_lost_at_qos_1, 0, VICTIM_COUNT);
	tcase_add_loop_test(tcase, at_qos_2_it_is_delivered_once_whoever_dies,
	    0, VICTIM_COUNT);
	tcase_add_loop_test(tcase,
	    at_qos_2_of_a_session_that_ends_it_is_once_while_that_lasts, 0,
	    VICTIM_COUNT);
	tcase_add_loop_test(tcase,
	    at_qos_2_a_session_that_does_not_last_gets_it_once, 0, 3);
	tcase_add_loop_test(tcase,
	    at_qos_2_it_is_delivered_once_if_both_die_in_turn, 0, 4);
	tcase_add_test(tcase, at_qos_2_who_wants_it_no_more_forgets_it_too);
	tcase_add_test(tcase,
	    a_message_for_several_is_kept_once_where_it_was_published);
	tcase_add_test(tcase, what_nobody_keeps_is_acknowledged_at_once);
	tcase_add_test(tcase,
	    a_worker_that_is_away_gets_what_was_published_meanwhile);
	tcase_add_test(tcase, what_a_worker_may_not_say_of_forwards_is_refused);
	return tcase;
}
