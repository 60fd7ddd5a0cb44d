/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store from outside, as its workers see it.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "changes.h"
#include "held_sync.h"
#include "tests.h"

#define ENTRIES_MAX 64

#define MIB          (1024 * 1024)
#define LONG_LOG_MIB 20

static struct ipc_store_entry entries[ENTRIES_MAX];
static size_t entry_count;

static struct ipc_store_page
page(struct rig_worker *worker, uint64_t session, uint64_t from)
{
	return rig_page(worker, session, from, ENTRIES_MAX, 1000000, entries,
	    &entry_count);
}

static void
expect_queue(struct rig_worker *worker, uint64_t session, size_t count)
{
	struct ipc_store_page read = page(worker, session, 0);

	ck_assert_uint_eq(entry_count, count);
	ck_assert(read.is_end);
	ck_assert_uint_eq(read.lost, 0);
}

START_TEST(what_is_written_is_there_for_the_next_store)
{
	struct rig_worker *worker = rig_begin(0);
	struct bytes key = rig_key_at(0, 1);
	const struct ipc_store_row *row;

	put_session(worker, 10, key);
	put_subscription(worker, 10, BYTES_LITERAL("a/+"));
	put_received(worker, 10, 7);
	put_entry(worker, 10, 3, 0, IPC_STORE_NEVER);
	put_entry(worker, 10, 5, 0, IPC_STORE_NEVER);
	rig_write(worker);
	rig_kill();
	rig_start();
	worker = rig_begin(0);
	row = rig_find_row(worker, IPC_STORE_SESSION_PUT, key);
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->put.session, 10);
	ck_assert_int_eq(row->put.expires_at, IPC_STORE_NEVER);
	ck_assert(bytes_equal(row->put.value, BYTES_LITERAL("head")));
	ck_assert_uint_eq(row->first_sequence, 3);
	ck_assert_uint_eq(row->last_sequence, 5);
	ck_assert_uint_eq(row->first_total, 300);
	ck_assert_uint_eq(row->first_len, 100);
	ck_assert_uint_eq(row->last_total, 500);
	row = rig_find_row(worker, IPC_STORE_SUBSCRIPTION_PUT,
	    BYTES_LITERAL("a/+"));
	ck_assert_ptr_nonnull(row);
	ck_assert(bytes_equal(row->put.value, BYTES_LITERAL("options")));
	row = rig_find_row(worker, IPC_STORE_RECEIVED_PUT, BYTES_NONE);
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->put.packet_id, 7);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 3);
}
END_TEST

START_TEST(a_part_without_its_end_is_not_written)
{
	struct rig_worker *worker = rig_begin(0);
	struct ipc_store_write write = { .transaction = 1 };
	struct buffer out = { NULL, 0, 0 };

	put_session(worker, 10, rig_key_at(0, 1));
	buffer_reserve(&out, IPC_STORE_WRITE_HEAD_LEN);
	ipc_store_write_head(&write, out.data);
	out.len = IPC_STORE_WRITE_HEAD_LEN;
	buffer_append(&out, buffer_view(&worker->changes));
	rig_push(worker, IPC_STORE_WRITE, buffer_view(&out));
	buffer_done(&out);
	worker = rig_begin(0); /* the one before is gone */
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 0);
}
END_TEST

START_TEST(a_transaction_comes_in_parts)
{
	struct rig_worker *worker = rig_begin(0);
	struct ipc_store_write write = { .transaction = 1 };
	struct buffer out = { NULL, 0, 0 };

	put_session(worker, 10, rig_key_at(0, 1));
	buffer_reserve(&out, IPC_STORE_WRITE_HEAD_LEN);
	ipc_store_write_head(&write, out.data);
	out.len = IPC_STORE_WRITE_HEAD_LEN;
	buffer_append(&out, buffer_view(&worker->changes));
	rig_push(worker, IPC_STORE_WRITE, buffer_view(&out));
	worker->changes.len = 0;
	put_received(worker, 10, 1);
	rig_write(worker);
	buffer_done(&out);
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 2);
}
END_TEST

START_TEST(each_worker_gets_what_is_at_home_there)
{
	struct rig_worker *worker;
	struct bytes here = rig_key_at(0, 1), there = rig_key_at(1, 2);

	for (uint16_t i = 0; i < 2; i++) {
		struct bytes key = i == 0 ? here : there;

		worker = rig_begin(i);
		put_session(worker, 10 + (uint64_t)i, key);
		put_subscription(worker, 10 + (uint64_t)i, key);
		rig_change(worker,
		    &(struct ipc_store_change){ .type = IPC_STORE_RETAINED_PUT,
			.expires_at = IPC_STORE_NEVER,
			.key = key,
			.body = BYTES_LITERAL("retained") });
		rig_write(worker);
	}
	for (uint16_t i = 0; i < 2; i++) {
		struct bytes mine = i == 0 ? here : there;

		worker = rig_begin(i);
		ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 3);
		ck_assert_ptr_nonnull(
		    rig_find_row(worker, IPC_STORE_SESSION_PUT, mine));
		ck_assert_ptr_nonnull(
		    rig_find_row(worker, IPC_STORE_SUBSCRIPTION_PUT, mine));
		ck_assert(bytes_equal(rig_find_row(worker,
					  IPC_STORE_RETAINED_PUT, mine)
					  ->put.body,
		    BYTES_LITERAL("retained")));
	}
}
END_TEST

START_TEST(what_shares_owe_goes_to_the_worker_that_put_it)
{
	struct ipc_store_change put = {
		.type = IPC_STORE_SHARE_PUT,
		.message = 100,
		.expires_at = IPC_STORE_NEVER,
		.key = BYTES_LITERAL("$share/group/a"),
		.body = BYTES_LITERAL("owed"),
	};
	struct rig_worker *worker = rig_begin(1);

	rig_change(worker, &put);
	rig_write(worker);
	ck_assert_uint_eq(rig_count(rig_begin(0), IPC_STORE_ROW), 0);
	ck_assert(bytes_equal(
	    rig_find_row(rig_begin(1), IPC_STORE_SHARE_PUT, put.key)->put.body,
	    put.body));
}
END_TEST

START_TEST(how_far_a_worker_has_delivered_forwards_goes_to_it)
{
	struct ipc_store_change put = {
		.type = IPC_STORE_FORWARDED_PUT,
		.worker = 1,
		.sequence = 5,
	};
	struct rig_worker *worker = rig_begin(0);
	const struct ipc_store_row *row;

	rig_change(worker, &put);
	put.sequence = 6;
	rig_change(worker, &put);
	rig_write(worker);
	ck_assert_uint_eq(rig_count(rig_begin(1), IPC_STORE_ROW), 0);
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 1);
	row = rig_find_row(worker, IPC_STORE_FORWARDED_PUT, BYTES_NONE);
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->put.worker, 1);
	ck_assert_uint_eq(row->put.sequence, 6);
}
END_TEST

/* What a worker has received stays its own, wherever the session is. */
START_TEST(received_rows_go_to_the_worker_that_put_them)
{
	struct rig_worker *one = rig_begin(0), *other = rig_begin(1);

	put_session(one, 10, rig_key_at(0, 1));
	put_received(one, 10, 1);
	rig_write(one);
	put_received(other, 10, 2);
	put_received(other, 11, 3); /* of a session that there is not */
	rig_write(other);
	one = rig_begin(0);
	ck_assert_uint_eq(rig_count(one, IPC_STORE_ROW), 2);
	ck_assert_uint_eq(rig_find_row(one, IPC_STORE_RECEIVED_PUT, BYTES_NONE)
			      ->put.packet_id,
	    1);
	other = rig_begin(1);
	ck_assert_uint_eq(rig_count(other, IPC_STORE_ROW), 1);
	ck_assert_uint_eq(rig_find_row(other, IPC_STORE_RECEIVED_PUT,
			      BYTES_NONE)
			      ->put.packet_id,
	    2);
}
END_TEST

/* They speak of the sessions that were at home there: all need to know. */
START_TEST(with_another_number_of_workers_received_rows_say_of_which_homes)
{
	struct rig_worker *worker = rig_begin(0);
	struct ipc_store_change remove = { .type = IPC_STORE_MOVED_REMOVE,
		.session = 10,
		.packet_id = 1 };
	const struct ipc_store_row *row;
	struct ipc_store_homes homes;

	put_session(worker, 10, rig_key_at(0, 1));
	put_subscription(worker, 10, BYTES_LITERAL("a"));
	put_received(worker, 10, 1);
	rig_write(worker);
	rig_stop();
	rig_start();
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 3);
	ck_assert_uint_eq(
	    rig_find_row(worker, IPC_STORE_RECEIVED_PUT, BYTES_NONE)->homes.len,
	    0);
	for (size_t at = 0; at < 2; at++) {
		static const uint16_t counts[] = { 3, 1 };

		rig_stop();
		rig.worker_count = counts[at];
		rig_start();
		for (uint16_t i = 0; i < 2 && i < counts[at]; i++) {
			worker = rig_begin(i);
			row = rig_find_row(worker, IPC_STORE_RECEIVED_PUT,
			    BYTES_NONE);
			ck_assert_ptr_nonnull(row);
			ck_assert_uint_eq(row->worker, 0);
			ck_assert_int_eq(ipc_store_homes_decode(row->homes,
					     &homes),
			    0);
			ck_assert_uint_eq(homes.worker_count, RIG_WORKERS);
		}
	}
	worker = rig_begin(0);
	remove.key = rig_find_row(worker, IPC_STORE_RECEIVED_PUT, BYTES_NONE)
			 ->homes;
	rig_change(worker, &remove);
	rig_write(worker);
	ck_assert_uint_eq(rig_count(rig_begin(0), IPC_STORE_ROW), 2);
}
END_TEST

START_TEST(what_is_removed_is_gone)
{
	struct rig_worker *worker = rig_begin(0);
	struct ipc_store_change change = { .session = 10,
		.packet_id = 1,
		.key = BYTES_LITERAL("a") };

	put_session(worker, 10, rig_key_at(0, 1));
	put_subscription(worker, 10, BYTES_LITERAL("a"));
	put_received(worker, 10, 1);
	put_entry(worker, 10, 1, 0, IPC_STORE_NEVER);
	rig_write(worker);
	change.type = IPC_STORE_SUBSCRIPTION_REMOVE;
	rig_change(worker, &change);
	change.type = IPC_STORE_RECEIVED_REMOVE;
	rig_change(worker, &change);
	remove_entry(worker, 10, 1, 0);
	rig_write(worker);
	expect_queue(worker, 10, 0);
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 1);
	ck_assert_uint_eq(rig_find_row(worker, IPC_STORE_SESSION_PUT,
			      rig_key_at(0, 1))
			      ->first_sequence,
	    0);
}
END_TEST

START_TEST(a_worker_that_stays_hears_where_it_stands)
{
	struct rig_worker *worker = rig_begin(0);
	struct ipc_store_state state;
	uint64_t epoch = worker->epoch;

	put_session(worker, 10, rig_key_at(0, 1));
	rig_write(worker);
	put_received(worker, 10, 1);
	rig_write(worker);
	rig_kill();
	rig_start();
	worker = rig_worker(0);
	rig_open(worker, epoch);
	ck_assert_int_eq(ipc_store_state_decode(
			     rig_expect(worker, IPC_STORE_OPENED)->payload,
			     &state),
	    0);
	ck_assert_uint_eq(state.epoch, epoch);
	ck_assert_uint_eq(state.transaction, 2);
	/* one that was written is repeated: reported, and not done again */
	worker->transaction = 1;
	remove_session(worker, 10);
	rig_write(worker);
	worker->transaction = 2;
	put_received(worker, 10, 2);
	rig_write(worker);
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 3);
}
END_TEST

START_TEST(an_epoch_is_given_out_once)
{
	uint64_t last = 0;

	for (int i = 0; i < 4; i++) {
		struct rig_worker *worker = rig_begin((uint16_t)(i % 2));

		ck_assert_uint_gt(worker->epoch, last);
		last = worker->epoch;
		if (i == 1) {
			rig_kill();
			rig_start();
		}
	}
}
END_TEST

/* An epoch that this database never gave out: it is another one. */
START_TEST(an_epoch_of_before_is_not_given_out_again)
{
	struct rig_worker *worker = rig_worker(0);
	struct ipc_store_state state;

	rig_open(worker, 41);
	ck_assert_int_eq(ipc_store_state_decode(
			     rig_expect(worker, IPC_STORE_OPENED)->payload,
			     &state),
	    0);
	ck_assert_uint_eq(state.epoch, 41);
	ck_assert_uint_eq(state.transaction, 0);
	ck_assert_uint_eq(rig_begin(1)->epoch, 42);
}
END_TEST

/* Who says what nobody can have given it does not use them all up. */
START_TEST(an_epoch_far_ahead_is_refused)
{
	struct rig_worker *worker = rig_worker(0);
	uint64_t given;

	rig_open(worker, IPC_STORE_EPOCH_MAX);
	rig_await_refused(worker);
	given = rig_begin(1)->epoch;
	ck_assert_uint_eq(given, 1);
	rig_kill();
	rig_start();
	worker = rig_worker(0);
	rig_open(worker, given + 4097);
	rig_await_refused(worker);
	worker = rig_worker(1);
	rig_open(worker, given + 4096);
	rig_expect(worker, IPC_STORE_OPENED);
	ck_assert_uint_eq(rig_begin(0)->epoch, given + 4097);
}
END_TEST

START_TEST(many_transactions_are_written_in_their_order)
{
	struct rig_worker *worker = rig_begin(0), *other = rig_begin(1);

	put_session(worker, 10, rig_key_at(0, 1));
	for (uint64_t i = 1; i <= 200; i++) {
		put_entry(worker, 10, i, 0, IPC_STORE_NEVER);
		if (i > 5)
			remove_entry(worker, 10, i - 5, 0);
		rig_send(worker);
		put_received(other, 10, (uint16_t)i);
		rig_send(other);
	}
	for (uint64_t i = 1; i <= 200; i++) {
		rig_await_written(worker, i);
		rig_await_written(other, i);
	}
	expect_queue(worker, 10, 5);
	ck_assert_uint_eq(entries[0].put.sequence, 196);
}
END_TEST

START_TEST(reads_do_not_wait_for_a_write)
{
	struct rig_worker *worker, *other;

	rig_stop();
	held_sync_prepare(rig.folder);
	rig_start();
	worker = rig_begin(0);
	other = rig_begin(1);
	put_session(worker, 10, rig_key_at(0, 1));
	put_entry(worker, 10, 1, 0, IPC_STORE_NEVER);
	rig_write(worker);
	put_session(other, 11, rig_key_at(1, 1));
	put_entry(other, 11, 1, 0, IPC_STORE_NEVER);
	rig_write(other);

	held_sync_begin(rig.folder);
	put_entry(worker, 10, 2, 0, IPC_STORE_NEVER);
	rig_send(worker);
	held_sync_await(rig.folder);
	/* rig_page() takes nothing else: it is not answered yet */
	expect_queue(other, 11, 1);
	expect_queue(worker, 10, 1);
	held_sync_end(rig.folder);
	rig_await_written(worker, worker->transaction);
	expect_queue(worker, 10, 2);
}
END_TEST

START_TEST(a_page_ends_at_its_count_or_its_bytes)
{
	struct rig_worker *worker = rig_begin(0);
	struct ipc_store_page read;

	put_session(worker, 10, rig_key_at(0, 1));
	for (uint64_t i = 1; i <= 10; i++)
		put_entry(worker, 10, 2 * i, 0, IPC_STORE_NEVER);
	put_entry(worker, 11, 1, 0, IPC_STORE_NEVER);
	rig_write(worker);
	read = rig_page(worker, 10, 0, 4, 1000, entries, &entry_count);
	ck_assert_uint_eq(entry_count, 4);
	ck_assert(!read.is_end);
	ck_assert_uint_eq(read.next, 9);
	ck_assert_uint_eq(entries[3].put.sequence, 8);
	ck_assert_uint_eq(entries[3].put.total, 800);
	ck_assert_uint_eq(entries[3].put.len, 100);
	ck_assert(bytes_equal(entries[3].put.value, BYTES_LITERAL("value")));
	ck_assert(bytes_equal(entries[3].put.body, BYTES_LITERAL("body")));
	/* each entry has 9 bytes of value and body */
	read = rig_page(worker, 10, read.next, 100, 20, entries, &entry_count);
	ck_assert_uint_eq(entry_count, 3);
	ck_assert_uint_eq(read.next, 15);
	read = page(worker, 10, read.next);
	ck_assert_uint_eq(entry_count, 3);
	ck_assert(read.is_end);
	read = page(worker, 10, 21);
	ck_assert_uint_eq(entry_count, 0);
	ck_assert(read.is_end);
}
END_TEST

START_TEST(what_has_expired_is_not_loaded)
{
	struct rig_worker *worker = rig_begin(0);
	struct bytes key = rig_key_at(0, 1);

	for (unsigned int i = 0; i < 2; i++) {
		struct ipc_store_change put = { .message = 5 + i,
			.expires_at = i == 0 ? 1 : IPC_STORE_NEVER,
			.key = i == 0 ? key : rig_key_at(0, 2),
			.body = BYTES_LITERAL("body") };

		put.type = IPC_STORE_RETAINED_PUT;
		rig_change(worker, &put);
		put.type = IPC_STORE_SHARE_PUT;
		rig_change(worker, &put);
	}
	rig_write(worker);
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 2);
	ck_assert_ptr_null(rig_find_row(worker, IPC_STORE_RETAINED_PUT, key));
}
END_TEST

START_TEST(many_sessions_are_loaded_in_pieces)
{
	struct rig_worker *worker = rig_begin(0);

	for (uint64_t i = 1; i <= 20000; i++) {
		put_session(worker, i, rig_key_at(0, (unsigned int)i));
		put_subscription(worker, i, BYTES_LITERAL("some/filter"));
		if (i % 2000 == 0)
			rig_write(worker);
	}
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 40000);
}
END_TEST

START_TEST(a_store_that_stops_has_written_all_it_was_sent)
{
	struct rig_worker *worker = rig_begin(0);

	put_session(worker, 10, rig_key_at(0, 1));
	rig_send(worker);
	rig_stop();
	rig_start();
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 1);
}
END_TEST

/* Bytes of the logs that a start reads. */
static off_t
log_bytes(void)
{
	char folder[160], path[512];
	struct dirent *entry;
	struct stat status;
	off_t sum = 0;
	DIR *open_folder;

	snprintf(folder, sizeof(folder), "%s/db", rig.path);
	open_folder = opendir(folder);
	ck_assert_ptr_nonnull(open_folder);
	while ((entry = readdir(open_folder)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len < 4 || strcmp(entry->d_name + len - 4, ".log") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		ck_assert_int_eq(stat(path, &status), 0);
		sum += status.st_size;
	}
	closedir(open_folder);
	return sum;
}

START_TEST(a_store_that_stops_leaves_no_long_logs)
{
	static uint8_t body[MIB];
	struct rig_worker *worker = rig_begin(0);

	put_session(worker, 10, rig_key_at(0, 1));
	for (uint64_t i = 1; i <= LONG_LOG_MIB; i++) {
		rig_change(worker,
		    &(struct ipc_store_change){ .type = IPC_STORE_QUEUE_PUT,
			.session = 10,
			.sequence = i,
			.total = i * MIB,
			.len = MIB,
			.expires_at = IPC_STORE_NEVER,
			.body = bytes_of(body, sizeof(body)) });
		rig_write(worker);
	}
	ck_assert_int_ge(log_bytes(), LONG_LOG_MIB * MIB);
	rig_stop();
	ck_assert_int_lt(log_bytes(), MIB);
	rig_start();
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_find_row(worker, IPC_STORE_SESSION_PUT,
			      rig_key_at(0, 1))
			      ->last_sequence,
	    LONG_LOG_MIB);
}
END_TEST

TCase *
test_store(void)
{
	TCase *tests = tcase_create("store");

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, rig_setup, rig_teardown);
	tcase_add_test(tests, what_is_written_is_there_for_the_next_store);
	tcase_add_test(tests, a_part_without_its_end_is_not_written);
	tcase_add_test(tests, a_transaction_comes_in_parts);
	tcase_add_test(tests, each_worker_gets_what_is_at_home_there);
	tcase_add_test(tests, what_shares_owe_goes_to_the_worker_that_put_it);
	tcase_add_test(tests,
	    how_far_a_worker_has_delivered_forwards_goes_to_it);
	tcase_add_test(tests, received_rows_go_to_the_worker_that_put_them);
	tcase_add_test(tests,
	    with_another_number_of_workers_received_rows_say_of_which_homes);
	tcase_add_test(tests, what_is_removed_is_gone);
	tcase_add_test(tests, a_worker_that_stays_hears_where_it_stands);
	tcase_add_test(tests, an_epoch_is_given_out_once);
	tcase_add_test(tests, an_epoch_of_before_is_not_given_out_again);
	tcase_add_test(tests, an_epoch_far_ahead_is_refused);
	tcase_add_test(tests, many_transactions_are_written_in_their_order);
	tcase_add_test(tests, reads_do_not_wait_for_a_write);
	tcase_add_test(tests, a_page_ends_at_its_count_or_its_bytes);
	tcase_add_test(tests, what_has_expired_is_not_loaded);
	tcase_add_test(tests, many_sessions_are_loaded_in_pieces);
	tcase_add_test(tests, a_store_that_stops_has_written_all_it_was_sent);
	tcase_add_test(tests, a_store_that_stops_leaves_no_long_logs);
	return tests;
}
