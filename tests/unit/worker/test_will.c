/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The will of a session that lasts is due; sessions that last are subscribed to
 * its topic there and at the other worker. Whoever dies, and whenever: each
 * gets it once.
 */
#include "worker/will.h"

#include "cluster.h"
#include "tests.h"
#include "worker/journal.h"
#include "worker/session_queue.h"

#define HERE  0
#define THERE 1

#define CLIENT_ID "dying"

static struct session *
find(unsigned int worker, const char *client_id)
{
	struct buffer key = { .data = NULL };
	struct session *session;

	session_key_encode(BYTES_LITERAL("device-1"),
	    bytes_of_string(client_id), &key);
	session = session_find(cluster_worker(worker), buffer_view(&key));
	buffer_done(&key);
	return session;
}

static void
subscribe(unsigned int worker, const char *client_id)
{
	struct session *session = bare_session_new(cluster_worker(worker),
	    client_id);
	struct session_subscription wanted = {
		.topic_filter = BYTES_LITERAL("will/#"),
		.qos = 2,
	};
	struct subscription *made;
	bool is_new;

	session_keep(session);
	session_subscribe(session, &wanted, &made, &is_new);
}

/* It has a will, and it is due when it has been away for a second. */
static void
setup_with(uint8_t qos, bool retain)
{
	struct session *session;

	cluster_setup();
	subscribe(HERE, "here");
	subscribe(THERE, "there");
	session = bare_session_new(cluster_worker(HERE), CLIENT_ID);
	session->state.will = session_will_new(
	    message_new(&(struct ipc_publish){
		.qos = qos,
		.retain = retain,
		.topic_name = BYTES_LITERAL("will/a"),
		.payload = BYTES_LITERAL("gone"),
	    }));
	session->state.will->delay_seconds = 1;
	session->state.will->at_ms = 0;
	session_keep(session);
	cluster_settle();
}

static void
teardown(void)
{
	cluster_teardown();
	ck_assert_uint_eq(message_totals().count, 0);
}

static void
go_on(unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++)
		cluster_step();
}

static size_t
rows(unsigned int worker, enum ipc_store_change_type type)
{
	return fake_store_count(&cluster_stores[worker], type);
}

/* As the tick does. */
static void
be_due(void)
{
	struct session *session = find(HERE, CLIENT_ID);

	if (cluster_worker(HERE)->is_ready && session != NULL &&
	    session_will_at_ms(session) != UINT64_MAX)
		session_due(session);
}

enum victim { NOBODY, PUBLISHER, RECEIVER, BOTH, VICTIM_COUNT };

static void
run(uint8_t qos, bool retain, enum victim victim, unsigned int at)
{
	setup_with(qos, retain);
	be_due();
	go_on(at);
	if (victim == PUBLISHER || victim == BOTH) {
		cluster_kill(HERE);
		cluster_start(HERE);
	}
	if (victim == RECEIVER || victim == BOTH) {
		cluster_kill(THERE);
		cluster_start(THERE);
	}
	go_on(10 * CLUSTER_STEPS);
	be_due();
	go_on(30 * CLUSTER_STEPS);
	ck_assert_msg(rows(HERE, IPC_STORE_QUEUE_PUT) == 1 &&
			  rows(THERE, IPC_STORE_QUEUE_PUT) == 1,
	    "victim %d after %u steps: %zu and %zu", victim, at,
	    rows(HERE, IPC_STORE_QUEUE_PUT), rows(THERE, IPC_STORE_QUEUE_PUT));
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++) {
		ck_assert_uint_eq(rows(i, IPC_STORE_SHARE_PUT), 0);
		ck_assert_uint_eq(journal_covering(cluster_worker(i)),
		    IPC_STORE_NONE);
		ck_assert(TAILQ_EMPTY(&cluster_worker(i)->wills));
	}
	ck_assert_uint_eq(rows(HERE, IPC_STORE_RETAINED_PUT) +
			      rows(THERE, IPC_STORE_RETAINED_PUT),
	    retain ? 1 : 0);
	teardown();
}

START_TEST(a_will_that_is_due_is_published_once_whoever_dies)
{
	for (unsigned int at = 0; at <= 5 * CLUSTER_STEPS;
	     at += cluster_stride())
		run(2, false, (enum victim)_i, at);
}
END_TEST

START_TEST(a_will_that_is_retained_is_kept_whoever_dies)
{
	for (unsigned int at = 0; at <= 5 * CLUSTER_STEPS;
	     at += cluster_stride())
		run(1, true, (enum victim)_i, at);
}
END_TEST

/* Its client comes back when it is due, and the tick has not come yet. */
START_TEST(a_will_that_is_due_is_published_though_its_client_returns)
{
	struct session *session;
	struct connection connection;

	setup_with(1, false);
	session = find(HERE, CLIENT_ID);
	bare_connection_init(&connection, cluster_worker(HERE));
	session_attach(session, &connection);
	go_on(10 * CLUSTER_STEPS);
	ck_assert_uint_eq(rows(HERE, IPC_STORE_QUEUE_PUT), 1);
	ck_assert_uint_eq(rows(THERE, IPC_STORE_QUEUE_PUT), 1);
	session_detach(session, false);
	connection.is_dirty = false;
	bare_connection_done(&connection);
	teardown();
}
END_TEST

TCase *
test_will(void)
{
	TCase *tcase = tcase_create("will");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase,
	    a_will_that_is_due_is_published_once_whoever_dies, 0, VICTIM_COUNT);
	tcase_add_loop_test(tcase, a_will_that_is_retained_is_kept_whoever_dies,
	    0, VICTIM_COUNT);
	tcase_add_test(tcase,
	    a_will_that_is_due_is_published_though_its_client_returns);
	return tcase;
}
