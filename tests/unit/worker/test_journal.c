/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/journal.h"

#include <stdlib.h>

#include "bare_worker.h"
#include "fake_store.h"
#include "tests.h"
#include "worker/message_record.h"
#include "worker/pending_record.h"
#include "worker/subscription_record.h"

static struct bare_worker bare;
static struct worker *worker;
static struct fake_store store;
static struct session *session;

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
}

static void
teardown(void)
{
	fake_store_done(&store);
	bare_worker_done(&bare);
}

static struct message *
message_of(const char *payload, bool is_kept)
{
	struct message *message = message_new(&(struct ipc_publish){
	    .qos = 1,
	    .topic_name = BYTES_LITERAL("a/b"),
	    .payload = bytes_of_string(payload),
	});

	if (is_kept)
		message_set_kept_id(message, journal_next_id(worker));
	return message;
}

static void
queue_put(uint64_t sequence, struct message *message)
{
	struct pending item = { .message = message, .qos = 1 };

	journal_queue_put(session, sequence, sequence * 10, &item);
}

/* What waits, for tests: counts and remembers the order. */
struct waiting {
	struct journal_wait wait;
	unsigned int position; /* 0: it has not been called */
};
static unsigned int called;

static void
on_written(struct worker *of, struct journal_wait *wait)
{
	ck_assert_ptr_eq(of, worker);
	((struct waiting *)wait)->position = ++called;
}

static void
wait_now(struct waiting *waiting)
{
	*waiting = (struct waiting){ .wait.on_written = on_written };
	called = 0;
	journal_wait(worker, &waiting->wait);
}

START_TEST(a_worker_begins_with_an_epoch_of_its_own)
{
	uint64_t first = journal_next_id(worker);

	ck_assert(journal_is_loaded(worker));
	ck_assert_uint_gt(journal_next_id(worker), first);
	ck_assert_uint_gt(first, 0);
	ck_assert_uint_eq(journal_covering(worker), IPC_STORE_NONE);
}
END_TEST

START_TEST(what_gathers_is_written_at_the_end_of_the_turn)
{
	struct message *message = message_of("one", false), *read;
	struct clock_reading now = clock_read();
	const struct ipc_store_change *row;
	struct waiting waiting;

	queue_put(1, message);
	wait_now(&waiting);
	fake_store_exchange(&store);
	ck_assert_uint_eq(store.arrived, 0);
	journal_turn_end(worker);
	fake_store_exchange(&store);
	ck_assert_uint_eq(store.arrived, 1);
	fake_store_write(&store);
	ck_assert_uint_eq(waiting.position, 0);
	fake_store_answer(&store);
	ck_assert_uint_eq(waiting.position, 1);
	row = fake_store_find(&store, IPC_STORE_QUEUE_PUT, session->number, 1);
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->total, 10);
	ck_assert_int_eq(row->expires_at, IPC_STORE_NEVER);
	ck_assert_uint_eq(row->message, IPC_STORE_NONE);
	ck_assert_int_eq(message_record_decode(row->body, &now, &read), 0);
	ck_assert(
	    bytes_equal(message_parts(read)->payload, BYTES_LITERAL("one")));
	message_unref(&read);
	message_unref(&message);
}
END_TEST

START_TEST(what_comes_while_one_is_under_way_is_written_by_the_next)
{
	struct message *message = message_of("many", false);
	struct waiting first, second;

	queue_put(1, message);
	wait_now(&first);
	journal_turn_end(worker);
	for (uint64_t sequence = 2; sequence <= 100; sequence++) {
		queue_put(sequence, message);
		journal_turn_end(worker);
	}
	wait_now(&second);
	fake_store_exchange(&store);
	ck_assert_uint_eq(store.received.count, 1);
	fake_store_write(&store);
	fake_store_answer(&store);
	ck_assert_uint_eq(first.position, 1);
	ck_assert_uint_eq(second.position, 0);
	fake_store_settle(&store);
	ck_assert_uint_eq(second.position, 2);
	ck_assert_uint_eq(store.transaction_count, 2);
	ck_assert_uint_eq(fake_store_count(&store, IPC_STORE_QUEUE_PUT), 100);
	message_unref(&message);
}
END_TEST

START_TEST(what_is_taken_before_it_leaves_is_not_written)
{
	struct message *alone = message_of("alone", false);
	struct message *kept = message_of("kept", true);
	struct waiting waiting;

	queue_put(1, alone);
	queue_put(2, kept);
	queue_put(3, kept);
	wait_now(&waiting);
	journal_queue_remove(session, 1, IPC_STORE_NONE);
	journal_queue_remove(session, 3, message_kept_id(kept));
	journal_queue_remove(session, 2, message_kept_id(kept));
	ck_assert_uint_eq(journal_covering(worker), IPC_STORE_NONE);
	ck_assert_uint_eq(waiting.position, 0);
	journal_turn_end(worker);
	ck_assert_uint_eq(waiting.position, 1);
	fake_store_exchange(&store);
	ck_assert_uint_eq(store.arrived, 0);
	message_unref(&alone);
	message_unref(&kept);
	ck_assert_uint_eq(message_totals().count, 0);
}
END_TEST

START_TEST(a_transaction_that_turned_out_empty_waits_for_the_one_under_way)
{
	struct message *message = message_of("one", false);
	struct waiting waiting, behind;

	queue_put(1, message);
	journal_turn_end(worker);
	queue_put(2, message);
	wait_now(&waiting);
	journal_queue_remove(session, 2, IPC_STORE_NONE);
	wait_now(&behind);
	journal_turn_end(worker);
	ck_assert_uint_eq(waiting.position, 0);
	fake_store_settle(&store);
	ck_assert_uint_eq(waiting.position, 1);
	ck_assert_uint_eq(behind.position, 2);
	ck_assert_uint_eq(store.transaction_count, 1);
	/* and the store has seen no gap */
	queue_put(3, message);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.transaction, 2);
	message_unref(&message);
}
END_TEST

/* Waits again until what it wants is written. */
static struct stubborn {
	struct journal_wait wait;
	uint64_t wanted;
	unsigned int count;
} stubborn;

static void
on_stubborn(struct worker *of, struct journal_wait *wait)
{
	ck_assert_uint_lt(++stubborn.count, 10);
	if (!journal_is_written(of, stubborn.wanted))
		journal_wait(of, wait);
}

START_TEST(one_that_waits_again_for_what_turned_out_empty_comes_to_an_end)
{
	struct message *message = message_of("one", false);

	queue_put(1, message);
	stubborn = (struct stubborn){ .wait.on_written = on_stubborn };
	journal_wait(worker, &stubborn.wait);
	journal_turn_end(worker);
	queue_put(2, message);
	stubborn.wanted = journal_covering(worker);
	journal_queue_remove(session, 2, IPC_STORE_NONE);
	fake_store_settle(&store);
	ck_assert_uint_eq(stubborn.count, 2);
	ck_assert(journal_is_written(worker, stubborn.wanted));
	message_unref(&message);
}
END_TEST

START_TEST(a_message_of_several_rows_is_written_once)
{
	struct message *message = message_of("shared", true);
	uint64_t id = message_kept_id(message);
	const struct ipc_store_change *row;

	queue_put(1, message);
	queue_put(2, message);
	queue_put(3, message);
	journal_queue_remove(session, 2, id);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.last.count, 3);
	row = fake_store_find(&store, IPC_STORE_MESSAGE_PUT, id, 0);
	ck_assert_uint_eq(row->references, 2);
	ck_assert_uint_eq(fake_store_find(&store, IPC_STORE_QUEUE_PUT,
			      session->number, 3)
			      ->message,
	    id);
	journal_queue_remove(session, 1, id);
	fake_store_settle(&store);
	ck_assert_uint_eq(
	    fake_store_find(&store, IPC_STORE_MESSAGE_PUT, id, 0)->references,
	    1);
	journal_queue_remove(session, 3, id);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.rows.count, 0);
	message_unref(&message);
}
END_TEST

START_TEST(a_released_one_keeps_its_place_without_its_message)
{
	struct message *message = message_of("twice", true);
	uint64_t id = message_kept_id(message);
	struct pending released = { .qos = 2, .state = PENDING_RELEASE };
	const struct ipc_store_change *row;
	struct pending item;
	struct unpack in;

	queue_put(1, message);
	fake_store_settle(&store);
	journal_queue_remove(session, 1, id);
	journal_queue_put(session, 1, 10, &released);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.rows.count, 1);
	row = fake_store_find(&store, IPC_STORE_QUEUE_PUT, session->number, 1);
	ck_assert_uint_eq(row->message, IPC_STORE_NONE);
	ck_assert_uint_eq(row->body.len, 0);
	in = (struct unpack){ .input = row->value };
	pending_delivery_decode(&in, worker->topics, &item);
	ck_assert(unpack_is_complete(&in));
	ck_assert_int_eq(item.state, PENDING_RELEASE);
	journal_queue_remove(session, 1, IPC_STORE_NONE);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.rows.count, 0);
	message_unref(&message);
}
END_TEST

/* All of it between two transactions: only the removal is left. */
START_TEST(an_exchange_within_one_transaction_leaves_its_removal)
{
	struct message *message = message_of("twice", true);
	uint64_t id = message_kept_id(message);
	struct pending released = { .qos = 2, .state = PENDING_RELEASE };

	queue_put(1, message);
	fake_store_settle(&store);
	journal_queue_remove(session, 1, id);
	journal_queue_put(session, 1, 10, &released);
	journal_queue_remove(session, 1, IPC_STORE_NONE);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.last.count, 1);
	ck_assert_int_eq(store.last.items[0].put.type, IPC_STORE_QUEUE_REMOVE);
	ck_assert_uint_eq(store.last.items[0].put.message, id);
	ck_assert_uint_eq(store.rows.count, 0);
	message_unref(&message);
}
END_TEST

START_TEST(a_session_is_written_as_it_is_when_the_transaction_leaves)
{
	const struct ipc_store_change *row;

	session->state.expiry_seconds = 10;
	journal_session_changed(session);
	session->expires_at_ms = worker_now_ms(worker) + 5000;
	journal_session_changed(session);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.last.count, 1);
	row = fake_store_find(&store, IPC_STORE_SESSION_PUT, session->number,
	    0);
	ck_assert_int_ne(row->expires_at, IPC_STORE_NEVER);
	ck_assert(
	    bytes_equal(row->key, bytes_of(session->key, session->key_len)));
	journal_session_changed(session);
	journal_session_removed(session);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.last.count, 1);
	ck_assert_uint_eq(store.rows.count, 0);
}
END_TEST

START_TEST(subscriptions_and_identifiers_are_kept_and_removed)
{
	struct session_subscription subscription = {
		.topic_filter = BYTES_LITERAL("$share/g/a/#"),
		.identifier = 7,
		.qos = 2,
		.no_local = false,
		.retain_as_published = true,
	};
	struct session_subscription read = { .qos = 0 };
	const struct ipc_store_change *row;

	journal_subscription_put(session, &subscription);
	journal_received_put(worker, session->number, 9);
	fake_store_settle(&store);
	row = fake_store_find(&store, IPC_STORE_SUBSCRIPTION_PUT,
	    session->number, 0);
	ck_assert(bytes_equal(row->key, subscription.topic_filter));
	ck_assert_int_eq(subscription_record_decode(row->value, &read), 0);
	ck_assert_uint_eq(read.identifier, 7);
	ck_assert_uint_eq(read.qos, 2);
	ck_assert(read.retain_as_published && !read.no_local);
	ck_assert_ptr_nonnull(fake_store_find(&store, IPC_STORE_RECEIVED_PUT,
	    session->number, 9));
	journal_subscription_remove(session, subscription.topic_filter);
	journal_received_remove(worker, session->number, 9);
	/* one that comes and goes within a transaction costs nothing */
	journal_received_put(worker, session->number, 10);
	journal_received_remove(worker, session->number, 10);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.last.count, 2);
	ck_assert_uint_eq(store.rows.count, 0);
}
END_TEST

START_TEST(retained_messages_and_what_a_share_owes_are_kept)
{
	struct message *message = message_of("kept", false);
	uint64_t id = journal_next_id(worker);

	journal_retained_put(worker, message);
	journal_share_put(worker, id, BYTES_LITERAL("$share/g/a/b"),
	    BYTES_LITERAL("value"), message);
	fake_store_settle(&store);
	ck_assert_uint_eq(fake_store_count(&store, IPC_STORE_RETAINED_PUT), 1);
	ck_assert_ptr_nonnull(
	    fake_store_find(&store, IPC_STORE_SHARE_PUT, id, 0));
	journal_retained_remove(worker, BYTES_LITERAL("a/b"));
	journal_share_remove(worker, id);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.rows.count, 0);
	message_unref(&message);
}
END_TEST

START_TEST(a_store_that_died_before_it_wrote_gets_it_again)
{
	struct message *message = message_of("one", false);
	struct waiting waiting;

	queue_put(1, message);
	wait_now(&waiting);
	journal_turn_end(worker);
	fake_store_exchange(&store);
	ck_assert_uint_eq(store.arrived, 1);
	fake_store_die(&store);
	queue_put(2, message);
	journal_turn_end(worker);
	ck_assert_ptr_null(journal_store(worker));
	fake_store_start(&store, worker);
	fake_store_exchange(&store);
	ck_assert_ptr_nonnull(journal_store(worker));
	ck_assert_uint_eq(waiting.position, 0);
	fake_store_settle(&store);
	ck_assert_uint_eq(waiting.position, 1);
	ck_assert_uint_eq(store.transaction_count, 2);
	ck_assert_uint_eq(fake_store_count(&store, IPC_STORE_QUEUE_PUT), 2);
	message_unref(&message);
}
END_TEST

START_TEST(a_store_that_died_before_it_answered_has_it)
{
	struct message *message = message_of("one", false);
	struct waiting waiting;

	queue_put(1, message);
	wait_now(&waiting);
	journal_turn_end(worker);
	fake_store_exchange(&store);
	fake_store_write(&store);
	fake_store_die(&store);
	fake_store_start(&store, worker);
	fake_store_exchange(&store);
	ck_assert_uint_eq(waiting.position, 1);
	ck_assert_uint_eq(store.transaction_count, 1);
	ck_assert_uint_eq(journal_covering(worker), IPC_STORE_NONE);
	queue_put(2, message);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.transaction, 2);
	message_unref(&message);
}
END_TEST

START_TEST(a_worker_that_begins_anew_gets_another_epoch)
{
	uint64_t id = journal_next_id(worker);

	fake_store_die(&store);
	journal_free(&worker->journal);
	worker->journal = journal_new(worker);
	ck_assert(!journal_is_loaded(worker));
	fake_store_start(&store, worker);
	fake_store_exchange(&store);
	ck_assert(journal_is_loaded(worker));
	ck_assert_uint_gt(journal_next_id(worker), id);
}
END_TEST

START_TEST(a_large_transaction_comes_in_parts)
{
	size_t len = 3 * IPC_STORE_PART_LEN;
	char *payload = memset(malloc(len + 1), 'x', len);
	struct message *large, *small = message_of("small", false);

	payload[len] = '\0';
	large = message_of(payload, false);
	for (uint64_t sequence = 1; sequence <= 4000; sequence++)
		queue_put(sequence, sequence == 2000 ? large : small);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.transaction_count, 1);
	ck_assert_uint_eq(fake_store_count(&store, IPC_STORE_QUEUE_PUT), 4000);
	ck_assert_uint_gt(fake_store_find(&store, IPC_STORE_QUEUE_PUT,
			      session->number, 2000)
			      ->body.len,
	    len);
	message_unref(&large);
	message_unref(&small);
	free(payload);
}
END_TEST

START_TEST(a_wait_may_be_cancelled_and_none_is_called_within)
{
	struct message *message = message_of("one", false);
	struct waiting first, second;

	wait_now(&first);
	ck_assert_uint_eq(first.position, 0);
	journal_turn_end(worker);
	ck_assert_uint_eq(first.position, 1);
	queue_put(1, message);
	wait_now(&first);
	wait_now(&second);
	journal_wait_cancel(worker, &first.wait);
	fake_store_settle(&store);
	ck_assert_uint_eq(first.position, 0);
	ck_assert_uint_eq(second.position, 1);
	message_unref(&message);
}
END_TEST

START_TEST(written_says_so_of_each_transaction)
{
	struct message *message = message_of("one", false);
	uint64_t covering;

	queue_put(1, message);
	covering = journal_covering(worker);
	ck_assert_uint_ne(covering, IPC_STORE_NONE);
	ck_assert(!journal_is_written(worker, covering));
	journal_turn_end(worker);
	ck_assert_uint_eq(journal_covering(worker), covering);
	queue_put(2, message);
	ck_assert_uint_gt(journal_covering(worker), covering);
	fake_store_exchange(&store);
	fake_store_write(&store);
	fake_store_answer(&store);
	ck_assert(journal_is_written(worker, covering));
	ck_assert(!journal_is_written(worker, journal_covering(worker)));
	fake_store_settle(&store);
	message_unref(&message);
}
END_TEST

START_TEST(too_much_unwritten_is_said_until_it_is_written)
{
	size_t len = 1024 * 1024;
	char *payload = memset(malloc(len + 1), 'x', len);
	struct message *message;
	uint64_t sequence = 0;

	payload[len] = '\0';
	message = message_of(payload, false);
	while (!journal_is_full(worker)) {
		queue_put(++sequence, message);
		ck_assert_uint_lt(sequence, 100);
	}
	ck_assert_uint_eq(sequence,
	    worker->config->limits.unwritten_bytes / len);
	journal_turn_end(worker);
	ck_assert(journal_is_full(worker));
	fake_store_settle(&store);
	ck_assert(!journal_is_full(worker));
	message_unref(&message);
	free(payload);
}
END_TEST

START_TEST(what_a_store_may_not_say_is_refused)
{
	struct ipc_message message = { .type = IPC_STORE_LOADED, .fd = -1 };
	struct buffer payload = { .data = NULL };

	ck_assert_int_eq(on_store_message(worker, &message), -EBADMSG);
	ipc_store_state_encode(&(struct ipc_store_state){ 1, 1 }, &payload);
	message.payload = buffer_view(&payload);
	message.type = IPC_STORE_WRITTEN;
	ck_assert_int_eq(on_store_message(worker, &message), -EBADMSG);
	message.type = IPC_STORE_OPENED;
	ck_assert_int_eq(on_store_message(worker, &message), -EBADMSG);
	message.type = IPC_STORE_ROW;
	ck_assert_int_eq(on_store_message(worker, &message), -EBADMSG);
	buffer_done(&payload);
}
END_TEST

TCase *
test_journal(void)
{
	TCase *tcase = tcase_create("journal");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_worker_begins_with_an_epoch_of_its_own);
	tcase_add_test(tcase, what_gathers_is_written_at_the_end_of_the_turn);
	tcase_add_test(tcase,
	    what_comes_while_one_is_under_way_is_written_by_the_next);
	tcase_add_test(tcase, what_is_taken_before_it_leaves_is_not_written);
	tcase_add_test(tcase,
	    a_transaction_that_turned_out_empty_waits_for_the_one_under_way);
	tcase_add_test(tcase,
	    one_that_waits_again_for_what_turned_out_empty_comes_to_an_end);
	tcase_add_test(tcase, a_message_of_several_rows_is_written_once);
	tcase_add_test(tcase,
	    a_released_one_keeps_its_place_without_its_message);
	tcase_add_test(tcase,
	    an_exchange_within_one_transaction_leaves_its_removal);
	tcase_add_test(tcase,
	    a_session_is_written_as_it_is_when_the_transaction_leaves);
	tcase_add_test(tcase,
	    subscriptions_and_identifiers_are_kept_and_removed);
	tcase_add_test(tcase, retained_messages_and_what_a_share_owes_are_kept);
	tcase_add_test(tcase, a_store_that_died_before_it_wrote_gets_it_again);
	tcase_add_test(tcase, a_store_that_died_before_it_answered_has_it);
	tcase_add_test(tcase, a_worker_that_begins_anew_gets_another_epoch);
	tcase_add_test(tcase, a_large_transaction_comes_in_parts);
	tcase_add_test(tcase,
	    a_wait_may_be_cancelled_and_none_is_called_within);
	tcase_add_test(tcase, written_says_so_of_each_transaction);
	tcase_add_test(tcase, too_much_unwritten_is_said_until_it_is_written);
	tcase_add_test(tcase, what_a_store_may_not_say_is_refused);
	return tcase;
}
