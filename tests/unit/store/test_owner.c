/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No worker reads or changes a session of another.
 */
#include <stdio.h>
#include <stdlib.h>

#include "changes.h"
#include "tests.h"

#define ENTRIES_MAX 8

static struct ipc_store_entry entries[ENTRIES_MAX];

/* A number that a worker of this epoch makes. */
static uint64_t
number_of(uint64_t epoch, uint64_t counter)
{
	return epoch << IPC_STORE_COUNTER_BITS | counter;
}

/* Everything of a session. */
static void
make_session(struct rig_worker *worker, uint64_t session, struct bytes key)
{
	put_session(worker, session, key);
	put_subscription(worker, session, BYTES_LITERAL("a"));
	put_received(worker, session, 1);
	put_entry(worker, session, 1, 0, IPC_STORE_NEVER);
	rig_write(worker);
}

static size_t
entry_count(struct rig_worker *worker, uint64_t session)
{
	size_t count;

	rig_page(worker, session, 0, ENTRIES_MAX, 1000, entries, &count);
	return count;
}

static void
read_page(struct rig_worker *worker, uint64_t session)
{
	const struct ipc_store_read read = { 5, session, 0, ENTRIES_MAX, 1000 };
	struct buffer out = { NULL, 0, 0 };

	ipc_store_read_encode(&read, &out);
	rig_push(worker, IPC_STORE_READ, buffer_view(&out));
	buffer_done(&out);
}

/* The store goes on under the epoch that the worker has. */
static struct rig_worker *
stay(uint16_t index, uint64_t epoch)
{
	struct rig_worker *worker = rig_worker(index);

	rig_open(worker, epoch);
	rig_expect(worker, IPC_STORE_OPENED);
	return worker;
}

/* What a worker may try with a session: the number of a way; false past the
 * last. */
static bool
try_change(struct rig_worker *worker, uint64_t session, int way)
{
	static const uint8_t homes[IPC_STORE_HOMES_LEN] = { 0, 1 };
	struct ipc_store_change change = { .session = session,
		.packet_id = 1,
		.key = BYTES_LITERAL("a"),
		.value = BYTES_LITERAL("options") };

	switch (way) {
	case 0:
		put_session(worker, session, rig_key_at(worker->index, 99));
		return true;
	case 1:
		remove_session(worker, session);
		return true;
	case 2:
		put_subscription(worker, session, BYTES_LITERAL("b"));
		return true;
	case 3:
		change.type = IPC_STORE_SUBSCRIPTION_REMOVE;
		break;
	case 4:
		put_entry(worker, session, 2, 0, IPC_STORE_NEVER);
		return true;
	case 5:
		remove_entry(worker, session, 1, 0);
		return true;
	case 6:
		change.type = IPC_STORE_MOVED_REMOVE;
		change.key = bytes_of(homes, sizeof(homes));
		change.value = BYTES_NONE;
		break;
	default:
		return false;
	}
	rig_change(worker, &change);
	return true;
}

/* The other cannot, whatever it tries, and all is as before. */
static void
expect_refused(uint64_t session, size_t rows)
{
	struct rig_worker *other;

	for (int way = 0;; way++) {
		other = rig_begin(1);
		/* Nothing else of the transaction is written either. */
		put_session(other, number_of(other->epoch, 1),
		    rig_key_at(1, 50));
		if (!try_change(other, session, way))
			break;
		rig_send(other);
		rig_await_refused(other);
	}
	other = rig_begin(1);
	read_page(other, session);
	rig_await_refused(other);
	ck_assert_uint_eq(rig_count(rig_begin(1), IPC_STORE_ROW), 0);
	ck_assert_uint_eq(rig_count(rig_begin(0), IPC_STORE_ROW), rows);
}

START_TEST(another_worker_cannot_while_its_maker_is_there)
{
	struct rig_worker *worker = rig_begin(0);
	uint64_t session = number_of(worker->epoch, 1);

	make_session(worker, session, rig_key_at(0, 1));
	expect_refused(session, 3);
}
END_TEST

START_TEST(another_worker_cannot_when_its_maker_is_gone)
{
	struct rig_worker *worker = rig_begin(0);
	uint64_t session = number_of(worker->epoch, 1);

	make_session(worker, session, rig_key_at(0, 1));
	rig_kill();
	rig_start();
	expect_refused(session, 3);
	ck_assert_uint_eq(entry_count(rig_begin(0), session), 1);
}
END_TEST

START_TEST(its_worker_can_after_any_restart)
{
	struct rig_worker *worker = rig_begin(0);
	uint64_t epoch = worker->epoch;
	uint64_t session = number_of(epoch, 1), next = number_of(epoch, 2);

	make_session(worker, session, rig_key_at(0, 1));
	rig_kill();
	rig_start();
	worker = stay(0, epoch);
	worker->transaction = 1;
	ck_assert_uint_eq(entry_count(worker, session), 1);
	make_session(worker, next, rig_key_at(0, 2));
	for (int way = 2; try_change(worker, session, way); way++)
		rig_write(worker);
	/* One in its place, with another epoch. */
	worker = rig_begin(0);
	ck_assert_uint_eq(entry_count(worker, next), 1);
	for (int way = 2; try_change(worker, next, way); way++)
		rig_write(worker);
	remove_session(worker, session);
	remove_session(worker, next);
	rig_write(worker);
	ck_assert_uint_eq(rig_count(rig_begin(0), IPC_STORE_ROW), 0);
}
END_TEST

START_TEST(with_another_number_of_workers_its_new_home_can)
{
	struct rig_worker *worker = rig_begin(1);
	uint64_t session = number_of(worker->epoch, 1);

	make_session(worker, session, rig_key_at(1, 1));
	rig_stop();
	rig.worker_count = 1;
	rig_start();
	worker = rig_begin(0);
	ck_assert_uint_eq(entry_count(worker, session), 1);
	for (int way = 2; try_change(worker, session, way); way++)
		rig_write(worker);
	rig_stop();
	rig.worker_count = RIG_WORKERS;
	rig_start();
	/* The first to come, while another's epoch of before is known. */
	worker = rig_begin(1);
	ck_assert_uint_eq(entry_count(worker, session), 1);
	put_subscription(worker, session, BYTES_LITERAL("c"));
	rig_write(worker);
	worker = rig_begin(0);
	read_page(worker, session);
	rig_await_refused(worker);
}
END_TEST

START_TEST(numbers_of_the_future_are_nobody_s)
{
	struct rig_worker *worker = rig_begin(0);

	put_entry(worker, number_of(worker->epoch + 1, 1), 1, 0,
	    IPC_STORE_NEVER);
	rig_send(worker);
	rig_await_refused(worker);
	worker = rig_begin(0);
	put_session(worker, number_of(IPC_STORE_EPOCH_MAX, 1),
	    rig_key_at(0, 1));
	rig_send(worker);
	rig_await_refused(worker);
}
END_TEST

START_TEST(what_another_has_not_made_yet_is_its_own)
{
	struct rig_worker *other = rig_begin(1), *worker = rig_begin(0);

	put_entry(worker, number_of(other->epoch, 7), 1, 0, IPC_STORE_NEVER);
	rig_send(worker);
	rig_await_refused(worker);
}
END_TEST

/* A fault took the head of a session that its worker has in memory. */
START_TEST(without_a_head_and_anybody_s_epoch_it_is_granted)
{
	struct rig_worker *worker = rig_begin(0);
	uint64_t session = number_of(worker->epoch, 1);

	worker = rig_begin(0);
	make_session(worker, session, rig_key_at(0, 1));
	ck_assert_uint_eq(entry_count(worker, session), 1);
}
END_TEST

/* All that proves an epoch is lost with the database. */
START_TEST(a_worker_goes_on_over_an_empty_database)
{
	struct rig_worker *worker, *other;
	uint64_t epoch, others_epoch;
	char command[200];

	epoch = rig_begin(0)->epoch;
	others_epoch = rig_begin(1)->epoch;
	rig_kill();
	snprintf(command, sizeof(command), "rm -rf %s/db", rig.path);
	ck_assert_int_eq(system(command), 0);
	rig_start();
	worker = stay(0, epoch);
	other = stay(1, others_epoch);
	make_session(worker, number_of(epoch, 1), rig_key_at(0, 1));
	make_session(other, number_of(others_epoch, 1), rig_key_at(1, 2));
	ck_assert_uint_eq(entry_count(worker, number_of(epoch, 1)), 1);
	read_page(worker, number_of(others_epoch, 1));
	rig_await_refused(worker);
}
END_TEST

/* Not even if the number is its own: nobody else would find it again. */
START_TEST(a_session_is_put_where_it_is_at_home)
{
	struct rig_worker *worker = rig_begin(0);

	put_session(worker, number_of(worker->epoch, 1), rig_key_at(1, 1));
	rig_send(worker);
	rig_await_refused(worker);
	ck_assert_uint_eq(rig_count(rig_begin(1), IPC_STORE_ROW), 0);
}
END_TEST

/* Who says that it has another's epoch has its head to show for nothing. */
START_TEST(an_epoch_that_is_only_said_gives_nothing)
{
	struct rig_worker *other = rig_begin(1), *worker;
	uint64_t epoch = other->epoch, session = number_of(epoch, 1);

	make_session(other, session, rig_key_at(1, 1));
	rig_begin(0);
	rig_kill();
	rig_start();
	worker = rig_worker(0);
	rig_open(worker, epoch);
	rig_expect(worker, IPC_STORE_OPENED);
	read_page(worker, session);
	rig_await_refused(worker);
}
END_TEST

TCase *
test_owner(void)
{
	TCase *tests = tcase_create("owner");

	tcase_set_timeout(tests, 600);
	tcase_add_checked_fixture(tests, rig_setup, rig_teardown);
	tcase_add_test(tests, another_worker_cannot_while_its_maker_is_there);
	tcase_add_test(tests, another_worker_cannot_when_its_maker_is_gone);
	tcase_add_test(tests, its_worker_can_after_any_restart);
	tcase_add_test(tests, with_another_number_of_workers_its_new_home_can);
	tcase_add_test(tests, numbers_of_the_future_are_nobody_s);
	tcase_add_test(tests, what_another_has_not_made_yet_is_its_own);
	tcase_add_test(tests, without_a_head_and_anybody_s_epoch_it_is_granted);
	tcase_add_test(tests, a_worker_goes_on_over_an_empty_database);
	tcase_add_test(tests, a_session_is_put_where_it_is_at_home);
	tcase_add_test(tests, an_epoch_that_is_only_said_gives_nothing);
	return tests;
}
