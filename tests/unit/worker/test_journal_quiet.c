/* SPDX-License-Identifier: Apache-2.0 */
/* Removals from queues, which nobody awaits. */
#include "worker/journal.h"

#include "bare_worker.h"
#include "fake_store.h"
#include "tests.h"

static struct bare_worker bare;
static struct worker *worker;
static struct fake_store store;
static struct session *session;
static unsigned int called;

static void
setup(void)
{
	bare_worker_init(&bare);
	worker = &bare.worker;
	memset(&store, 0, sizeof(store));
	fake_store_start(&store, worker);
	fake_store_exchange(&store);
	session = bare_session_new(worker, "durable");
	session->number = journal_next_id(worker);
	called = 0;
}

static void
teardown(void)
{
	fake_store_done(&store);
	bare_worker_done(&bare);
}

static struct message *
message_of(const char *payload)
{
	return message_new(&(struct ipc_publish){
	    .qos = 1,
	    .topic_name = BYTES_LITERAL("a/b"),
	    .payload = bytes_of_string(payload),
	});
}

static void
queue_put(uint64_t sequence, struct message *message)
{
	struct pending item = { .message = message, .qos = 1 };

	journal_queue_put(session, sequence, sequence * 10, &item);
}

static void
on_written(struct worker *of, struct journal_wait *wait)
{
	(void)wait;
	ck_assert_ptr_eq(of, worker);
	called++;
}

/* One that is on disk, and what has arrived since. */
static uint64_t
remove_one(void)
{
	struct message *message = message_of("gone");

	queue_put(1, message);
	message_unref(&message);
	fake_store_settle(&store);
	journal_queue_remove(session, 1, IPC_STORE_NONE);
	journal_turn_end(worker);
	fake_store_exchange(&store);
	return store.arrived;
}

START_TEST(what_nobody_awaits_leaves_with_what_somebody_does)
{
	struct message *message = message_of("next");

	ck_assert_uint_eq(remove_one(), 0);
	queue_put(2, message);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.transaction_count, 2);
	ck_assert_uint_eq(store.last.count, 2);
	ck_assert_ptr_null(
	    fake_store_find(&store, IPC_STORE_QUEUE_PUT, session->number, 1));
	message_unref(&message);
}
END_TEST

START_TEST(what_nobody_awaited_leaves_when_somebody_asks)
{
	struct journal_wait wait = { .on_written = on_written };

	ck_assert_uint_eq(remove_one(), 0);
	journal_wait(worker, &wait);
	journal_turn_end(worker);
	fake_store_exchange(&store);
	ck_assert_uint_ne(store.arrived, 0);
	ck_assert_uint_eq(called, 0);
	fake_store_settle(&store);
	ck_assert_uint_eq(called, 1);
	ck_assert_uint_eq(store.rows.count, 0);
}
END_TEST

START_TEST(what_nobody_awaits_leaves_after_a_while)
{
	uint64_t begin_ms = worker_now_ms(worker);

	ck_assert_uint_eq(remove_one(), 0);
	while (worker_now_ms(worker) < begin_ms + 1000 && store.arrived == 0) {
		uv_sleep(1);
		uv_update_time(&worker->child->loop);
		journal_turn_end(worker);
		fake_store_exchange(&store);
	}
	ck_assert_uint_ne(store.arrived, 0);
}
END_TEST

START_TEST(what_nobody_awaits_leaves_when_it_is_much)
{
	struct message *message = message_of("many");
	uint64_t sequence = 1;

	for (; sequence <= 1000; sequence++)
		queue_put(sequence, message);
	message_unref(&message);
	fake_store_settle(&store);
	while (--sequence > 0)
		journal_queue_remove(session, sequence, IPC_STORE_NONE);
	journal_turn_end(worker);
	fake_store_exchange(&store);
	ck_assert_uint_ne(store.arrived, 0);
}
END_TEST

START_TEST(what_nobody_awaits_leaves_when_the_worker_stops)
{
	ck_assert_uint_eq(remove_one(), 0);
	worker->is_stopping = true;
	journal_turn_end(worker);
	fake_store_exchange(&store);
	ck_assert_uint_ne(store.arrived, 0);
}
END_TEST

TCase *
test_journal_quiet(void)
{
	TCase *tcase = tcase_create("journal_quiet");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
	    what_nobody_awaits_leaves_with_what_somebody_does);
	tcase_add_test(tcase, what_nobody_awaited_leaves_when_somebody_asks);
	tcase_add_test(tcase, what_nobody_awaits_leaves_after_a_while);
	tcase_add_test(tcase, what_nobody_awaits_leaves_when_it_is_much);
	tcase_add_test(tcase, what_nobody_awaits_leaves_when_the_worker_stops);
	return tcase;
}
