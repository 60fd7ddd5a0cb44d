/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of a Shared Subscription, whose session lasts, is at another worker
 * than a publisher at QoS 2. Whoever dies, and whenever: it gets the message
 * once, and nobody keeps a note of it.
 */
#include "cluster.h"
#include "tests.h"
#include "worker/handler.h"
#include "worker/journal.h"
#include "worker/router.h"

#define PUBLISHER 0
#define MEMBER    1

static void
setup(void)
{
	struct session_subscription wanted = {
		.topic_filter = BYTES_LITERAL("$share/group/a"),
		.qos = 2,
	};
	struct subscription *made;
	struct session *session;
	bool is_new;

	cluster_setup();
	session = bare_session_new(cluster_worker(MEMBER), "member");
	session->state.expiry_seconds = SESSION_EXPIRY_NEVER;
	session_keep(session);
	session_subscribe(session, &wanted, &made, &is_new);
	cluster_settle();
}

static void
teardown(void)
{
	cluster_teardown();
	ck_assert_uint_eq(message_totals().count, 0);
}

static size_t
rows(unsigned int worker, enum ipc_store_change_type type)
{
	return fake_store_count(&cluster_stores[worker], type);
}

/* As handle_publish() does for a session that lasts. */
static void
publish(void)
{
	struct worker *worker = cluster_worker(PUBLISHER);
	struct ipc_publish parts = { .qos = 2,
		.topic_name = BYTES_LITERAL("a"),
		.payload = BYTES_LITERAL("x") };
	struct forward_origin origin = { .session = journal_next_id(worker),
		.packet_id = 7 };

	router_publish_once(worker, &parts, NULL, &origin, false);
	/* From here on it is promised. */
	while (rows(PUBLISHER, IPC_STORE_SHARE_PUT) == 0)
		cluster_step();
}

static void
go_on(unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++)
		cluster_step();
}

static void
check_end(unsigned int at)
{
	ck_assert_msg(rows(MEMBER, IPC_STORE_QUEUE_PUT) == 1,
	    "after %u steps: %zu", at, rows(MEMBER, IPC_STORE_QUEUE_PUT));
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++) {
		ck_assert_msg(rows(i, IPC_STORE_SHARE_PUT) == 0,
		    "after %u steps: %zu rows at %u", at,
		    rows(i, IPC_STORE_SHARE_PUT), i);
		ck_assert_uint_eq(journal_covering(cluster_worker(i)),
		    IPC_STORE_NONE);
		ck_assert(TAILQ_EMPTY(&cluster_worker(i)->sharing.debts));
		ck_assert_ptr_null(cluster_worker(i)->sharing.notes);
	}
}

enum victim { NOBODY, OWING, OWED, BOTH, VICTIM_COUNT };

static void
kill_and_restart(enum victim victim)
{
	if (victim == OWING || victim == BOTH)
		cluster_kill(PUBLISHER);
	if (victim == OWED || victim == BOTH)
		cluster_kill(MEMBER);
	if (victim == OWING || victim == BOTH)
		cluster_start(PUBLISHER);
	if (victim == OWED || victim == BOTH)
		cluster_start(MEMBER);
}

START_TEST(what_is_owed_is_delivered_once_and_no_note_is_left)
{
	for (unsigned int at = 0; at <= 8 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		setup();
		publish();
		go_on(at);
		kill_and_restart((enum victim)_i);
		go_on(30 * CLUSTER_STEPS);
		check_end(at);
		teardown();
	}
}
END_TEST

/* With another number of workers it is owed to others: what one of before has
 * noted is over. */
START_TEST(what_any_worker_has_noted_is_not_delivered_again)
{
	struct fake_store *from = &cluster_stores[_i == 0 ? MEMBER : PUBLISHER];
	struct fake_rows *given;

	setup();
	publish();
	/* The other one has it, but cannot say so. */
	while (rows(MEMBER, IPC_STORE_SHARE_PUT) == 0)
		cluster_step();
	cluster_kill(PUBLISHER);
	cluster_kill(MEMBER);
	/* Its note and its session are another's now; or the debt is. */
	given = &from->rows;
	for (size_t i = 0; i < given->count; i++) {
		struct ipc_store_change row = given->items[i].put;

		if (row.type != IPC_STORE_SHARE_PUT)
			continue;
		fake_store_put(from == &cluster_stores[MEMBER]
				   ? &cluster_stores[PUBLISHER]
				   : &cluster_stores[MEMBER],
		    &row);
		fake_store_drop(from, &row);
		break;
	}
	cluster_start(PUBLISHER);
	cluster_start(MEMBER);
	go_on(30 * CLUSTER_STEPS);
	check_end(0);
	teardown();
}
END_TEST

static void
subscribe_here(unsigned int worker)
{
	struct session_subscription wanted = {
		.topic_filter = BYTES_LITERAL("$share/group/b"),
		.qos = 2,
	};
	struct subscription *made;
	struct session *session;
	bool is_new;

	session = bare_session_new(cluster_worker(worker), "other");
	session->state.expiry_seconds = SESSION_EXPIRY_NEVER;
	session_keep(session);
	session_subscribe(session, &wanted, &made, &is_new);
}

/* A worker is not ready before it has heard from so many. */
static void
expect_workers(unsigned int worker, uint16_t count)
{
	cluster_worker(worker)->child->start.worker_count = count;
	cluster_worker(worker)->is_ready = false;
}

/* With other homes than before, a debt may come to a worker that has no member,
 * and has not yet heard from the one that has. */
START_TEST(what_comes_before_the_members_are_known_waits_for_them)
{
	static const uint8_t name[] = { 0, 5, 0, 1, 'g', 'r', 'o', 'u', 'p',
		'b' };
	struct ipc_publish parts = { .qos = 2,
		.topic_name = BYTES_LITERAL("b"),
		.payload = BYTES_LITERAL("x") };
	struct forward_share to = { .hops = 1,
		.names = { name, sizeof(name) } };
	struct worker *worker;
	struct forward_origin origin;
	struct message *message;

	setup();
	worker = cluster_worker(PUBLISHER);
	origin = (struct forward_origin){ .session = journal_next_id(worker) };
	message = message_new(&parts);
	expect_workers(MEMBER, CLUSTER_SIZE + 1);
	forwards_publish(worker, MEMBER, message, &origin, &to);
	message_unref(&message);
	while (rows(MEMBER, IPC_STORE_SHARE_PUT) == 0)
		cluster_step();
	subscribe_here(MEMBER);
	if (_i == 0) {
		expect_workers(MEMBER, CLUSTER_SIZE);
	} else {
		go_on(8 * CLUSTER_STEPS);
		kill_and_restart(OWED);
	}
	go_on(8 * CLUSTER_STEPS);
	forwards_release_to(cluster_worker(PUBLISHER), MEMBER, &origin);
	go_on(30 * CLUSTER_STEPS);
	check_end(0);
	teardown();
}
END_TEST

TCase *
test_sharing_debt(void)
{
	TCase *tcase = tcase_create("sharing_debt");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase,
	    what_is_owed_is_delivered_once_and_no_note_is_left, 0,
	    VICTIM_COUNT);
	tcase_add_loop_test(tcase,
	    what_any_worker_has_noted_is_not_delivered_again, 0, 2);
	tcase_add_loop_test(tcase,
	    what_comes_before_the_members_are_known_waits_for_them, 0, 2);
	return tcase;
}
