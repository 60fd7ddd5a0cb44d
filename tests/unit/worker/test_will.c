/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The will of a session that lasts is due; sessions that last are subscribed to
 * its topic there and at the other worker. Whoever dies, and whenever: each
 * gets it once. So it is with that of a session that ends with its connection,
 * if that was on disk.
 */
#include "worker/will.h"

#include <stdlib.h>

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

static struct session *
mortal_new(const char *client_id, uint8_t qos, bool retain,
    struct bytes payload)
{
	struct session *session = bare_session_new(cluster_worker(HERE),
	    client_id);

	session->state.will = session_will_new(
	    message_new(&(struct ipc_publish){
		.qos = qos,
		.retain = retain,
		.topic_name = BYTES_LITERAL("will/a"),
		.payload = payload,
	    }));
	return session;
}

static void
setup_watchers(void)
{
	cluster_setup();
	subscribe(HERE, "here");
	subscribe(THERE, "there");
}

/* It has a will, and it is due when it has been away for a second. */
static void
setup_with(uint8_t qos, bool retain)
{
	struct session *session;

	setup_watchers();
	session = mortal_new(CLIENT_ID, qos, retain, BYTES_LITERAL("gone"));
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

/* It has one, and ends with its connection. */
static struct session *
setup_brief(uint8_t qos, bool retain)
{
	struct session *session;

	setup_watchers();
	session = mortal_new(CLIENT_ID, qos, retain, BYTES_LITERAL("gone"));
	session->state.expiry_seconds = 0;
	session_keep(session);
	return session;
}

enum victim { NOBODY, PUBLISHER, RECEIVER, BOTH, VICTIM_COUNT };

static void
strike(enum victim victim)
{
	if (victim == PUBLISHER || victim == BOTH) {
		cluster_kill(HERE);
		cluster_start(HERE);
	}
	if (victim == RECEIVER || victim == BOTH) {
		cluster_kill(THERE);
		cluster_start(THERE);
	}
}

/* Each has got it so often, and nothing is left of it. */
static void
check_end(size_t times, bool retain, enum victim victim, unsigned int at)
{
	ck_assert_msg(rows(HERE, IPC_STORE_QUEUE_PUT) == times &&
			  rows(THERE, IPC_STORE_QUEUE_PUT) == times,
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
	    retain ? times : 0);
	teardown();
}

static void
run(uint8_t qos, bool retain, enum victim victim, unsigned int at)
{
	setup_with(qos, retain);
	be_due();
	go_on(at);
	strike(victim);
	go_on(10 * CLUSTER_STEPS);
	be_due();
	go_on(30 * CLUSTER_STEPS);
	check_end(1, retain, victim, at);
}

/* Its connection ends; then somebody dies. */
static void
run_brief(uint8_t qos, bool retain, enum victim victim, unsigned int at)
{
	struct session *session = setup_brief(qos, retain);

	cluster_settle();
	ck_assert_uint_eq(rows(HERE, IPC_STORE_SHARE_PUT), 1);
	session_end(session);
	go_on(at);
	strike(victim);
	go_on(40 * CLUSTER_STEPS);
	check_end(1, retain, victim, at);
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

START_TEST(a_will_of_a_session_that_ends_is_published_once_whoever_dies)
{
	for (unsigned int at = 0; at <= 5 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		run_brief(2, false, (enum victim)_i, at);
		run_brief(1, true, (enum victim)_i, at);
	}
}
END_TEST

/* [MQTT-3.1.2-8], [MQTT5-3.1.2-8] */
START_TEST(a_will_is_published_when_its_connection_dies_with_the_worker)
{
	for (unsigned int at = 0; at <= 3 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		size_t kept;

		setup_brief(2, _i != 0);
		go_on(at);
		kept = rows(HERE, IPC_STORE_SHARE_PUT);
		strike(PUBLISHER);
		go_on(40 * CLUSTER_STEPS);
		check_end(kept, _i != 0, PUBLISHER, at);
	}
}
END_TEST

/* It may die again while it publishes what another has left. */
START_TEST(a_will_that_was_left_is_published_once_whoever_dies)
{
	for (unsigned int at = 0; at <= 8 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		setup_brief(2, true);
		cluster_settle();
		strike(PUBLISHER);
		go_on(at);
		strike((enum victim)_i);
		go_on(40 * CLUSTER_STEPS);
		check_end(1, true, (enum victim)_i, at);
	}
}
END_TEST

START_TEST(a_will_at_qos_0_that_was_left_goes_to_who_is_there)
{
	struct session *session = setup_brief(0, true);

	cluster_settle();
	ck_assert_uint_eq(rows(HERE, IPC_STORE_SHARE_PUT), 1);
	strike(PUBLISHER);
	go_on(40 * CLUSTER_STEPS);
	ck_assert_uint_eq(rows(HERE, IPC_STORE_SHARE_PUT), 0);
	ck_assert_uint_eq(rows(HERE, IPC_STORE_RETAINED_PUT) +
			      rows(THERE, IPC_STORE_RETAINED_PUT),
	    1);
	session = find(HERE, CLIENT_ID);
	ck_assert_ptr_null(session);
	teardown();
}
END_TEST

/* [MQTT-3.1.2-10], [MQTT5-3.1.2-10] */
START_TEST(a_will_that_is_taken_back_leaves_no_row)
{
	struct session *session = setup_brief(1, false);

	if (_i != 0)
		cluster_settle();
	session_drop_will(session);
	cluster_settle();
	ck_assert_uint_eq(rows(HERE, IPC_STORE_SHARE_PUT), 0);
	strike(PUBLISHER);
	cluster_settle();
	check_end(0, false, NOBODY, 0);
}
END_TEST

/* MQTT 5.0, 3.1.3.2.4 */
START_TEST(a_will_that_was_left_expires_from_when_it_is_published)
{
	struct session *session;
	size_t expiring = 0;

	setup_watchers();
	session = mortal_new(CLIENT_ID, 1, false, BYTES_LITERAL("gone"));
	session->state.expiry_seconds = 0;
	session->state.will->has_expiry = true;
	session->state.will->expiry_seconds = 1000;
	session_keep(session);
	cluster_settle();
	strike(PUBLISHER);
	cluster_settle();
	for (size_t i = 0; i < cluster_stores[THERE].rows.count; i++) {
		const struct ipc_store_change
		    *put = &cluster_stores[THERE].rows.items[i].put;

		if (put->type == IPC_STORE_QUEUE_PUT &&
		    put->expires_at != IPC_STORE_NEVER)
			expiring++;
	}
	ck_assert_uint_eq(expiring, 1);
	check_end(1, false, PUBLISHER, 0);
}
END_TEST

/* What is promised to nobody must not hold publishers back. */
START_TEST(no_will_is_kept_while_much_is_unwritten)
{
	static const size_t half = 34 * 1024 * 1024;
	uint8_t *payload = calloc(1, half);
	struct session *large, *small;

	setup_watchers();
	large = mortal_new("large", 1, false, bytes_of(payload, half));
	small = mortal_new("small", 1, false, BYTES_LITERAL("gone"));
	large->state.expiry_seconds = small->state.expiry_seconds = 0;
	session_keep(large);
	ck_assert_uint_ne(large->state.will->row, IPC_STORE_NONE);
	session_keep(small);
	ck_assert_uint_eq(small->state.will->row, IPC_STORE_NONE);
	session_drop_will(large);
	session_keep(small);
	ck_assert_uint_ne(small->state.will->row, IPC_STORE_NONE);
	session_drop_will(small);
	free(payload);
	teardown();
}
END_TEST

START_TEST(a_row_that_no_will_has_is_refused)
{
	static const struct {
		size_t len;
		uint8_t value[6];
	} values[] = {
		{ 0, { 0 } }, { 2, { 0, 0 } }, { 2, { 1, 0 } }, { 2, { 2, 0 } },
		{ 6, { 2, 0, 0, 0, 0, 0 } }, { 1, { 3 } },
		{ 1, { 2 } }, /* without a message */
	};
	struct ipc_store_change put = {
		.type = IPC_STORE_SHARE_PUT,
		.message = 1,
	};

	cluster_setup();
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		ck_assert(!will_take_row(cluster_worker(HERE), &put,
		    bytes_of(values[i].value, values[i].len)));
	ck_assert(TAILQ_EMPTY(&cluster_worker(HERE)->wills));
	ck_assert(TAILQ_EMPTY(&cluster_worker(HERE)->wills_left));
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
	tcase_add_loop_test(tcase,
	    a_will_of_a_session_that_ends_is_published_once_whoever_dies, 0,
	    VICTIM_COUNT);
	tcase_add_loop_test(tcase,
	    a_will_is_published_when_its_connection_dies_with_the_worker, 0, 2);
	tcase_add_loop_test(tcase,
	    a_will_that_was_left_is_published_once_whoever_dies, 0,
	    VICTIM_COUNT);
	tcase_add_test(tcase,
	    a_will_at_qos_0_that_was_left_goes_to_who_is_there);
	tcase_add_loop_test(tcase, a_will_that_is_taken_back_leaves_no_row, 0,
	    2);
	tcase_add_test(tcase,
	    a_will_that_was_left_expires_from_when_it_is_published);
	tcase_add_test(tcase, no_will_is_kept_while_much_is_unwritten);
	tcase_add_test(tcase, a_row_that_no_will_has_is_refused);
	return tcase;
}
