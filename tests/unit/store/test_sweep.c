/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is removed in the background.
 */
#include <time.h>

#include "changes.h"
#include "tests.h"

#define ENTRIES_MAX 64

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

START_TEST(a_message_is_kept_until_its_last_reference)
{
	struct rig_worker *worker = rig_begin(0);

	for (uint64_t i = 10; i < 13; i++)
		put_session(worker, i, rig_key_at(0, (unsigned int)i));
	put_message(worker, 900, 2);
	put_entry(worker, 10, 1, 900, IPC_STORE_NEVER);
	put_entry(worker, 11, 1, 900, IPC_STORE_NEVER);
	rig_write(worker);
	put_message(worker, 900, 1); /* one more, later */
	put_entry(worker, 12, 1, 900, IPC_STORE_NEVER);
	rig_write(worker);
	for (uint64_t i = 10; i < 13; i++) {
		expect_queue(worker, i, 1);
		ck_assert_uint_eq(entries[0].put.message, 900);
		ck_assert(bytes_equal(entries[0].put.body,
		    BYTES_LITERAL("shared body")));
		remove_entry(worker, i, 1, 900);
		rig_write(worker);
	}
	/* nothing refers to it: a row that says so has lost it */
	put_entry(worker, 10, 2, 900, IPC_STORE_NEVER);
	rig_write(worker);
	ck_assert_uint_eq(page(worker, 10, 0).lost, 1);
	ck_assert_uint_eq(entry_count, 0);
}
END_TEST

static void
pause_ms(long ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

/* Read until the queue is as long as this; it is swept in the background. */
static void
await_queue(struct rig_worker *worker, uint64_t session, size_t count)
{
	for (int i = 0; i < 6000; i++) {
		page(worker, session, 0);
		if (entry_count == count)
			return;
		pause_ms(10);
	}
	ck_abort_msg("the queue still has %zu", entry_count);
}

/* Sessions 10 and 11 share a message; the queue of 10 is swept. */
START_TEST(a_removed_sessions_references_are_given_back)
{
	struct rig_worker *worker = rig_begin(0);

	put_session(worker, 10, rig_key_at(0, 1));
	put_session(worker, 11, rig_key_at(0, 2));
	for (uint64_t i = 1; i <= 3000; i++) {
		put_message(worker, 1000 + i, 1 + (i == 2500));
		put_entry(worker, 10, i, 1000 + i, IPC_STORE_NEVER);
	}
	put_entry(worker, 11, 1, 3500, IPC_STORE_NEVER);
	rig_write(worker);
	remove_session(worker, 10);
	rig_write(worker);
	if (_i == 1) { /* in the middle of it */
		rig_kill();
		rig_start();
		worker = rig_begin(0);
		ck_assert_ptr_null(rig_find_row(worker, IPC_STORE_SESSION_PUT,
		    rig_key_at(0, 1)));
	}
	await_queue(worker, 10, 0);
	expect_queue(worker, 11, 1);
	ck_assert(
	    bytes_equal(entries[0].put.body, BYTES_LITERAL("shared body")));
	/* the others have none left: one more is one, not two */
	put_entry(worker, 11, 2, 1001, IPC_STORE_NEVER);
	rig_write(worker);
	ck_assert_uint_eq(page(worker, 11, 2).lost, 1);
}
END_TEST

/* Behind a message that has expired there is one that has not. */
static void
put_expired(struct rig_worker *worker, uint64_t session)
{
	put_session(worker, session, rig_key_at(0, (unsigned int)session));
	put_entry(worker, session, 1, 0, IPC_STORE_NEVER);
	put_entry(worker, session, 2, 0, 1);
	put_entry(worker, session, 3, 0, (int64_t)time(NULL) + 1000);
	rig_write(worker);
}

START_TEST(what_expires_is_left_out)
{
	struct rig_worker *worker = rig_begin(0);

	/* which the store's first pass may come across, too */
	worker->minds_no_expiry = true;
	put_expired(worker, 10);
	expect_queue(worker, 10, 2);
	ck_assert_uint_eq(entries[1].put.sequence, 3);
}
END_TEST

START_TEST(what_expires_is_swept)
{
	struct rig_worker *worker = rig_begin(0);
	struct ipc_store_expired expired;
	uint64_t session = 10;

	/* The store begins with a pass. Where that of the one before was slow
	 * it has swept this already: then once more. */
	do {
		session++;
		put_expired(worker, session);
		rig_stop();
		rig_start();
		worker = rig_begin(0);
	} while (session < 15 && !rig_has_answer(worker, 20000));
	ck_assert_int_eq(ipc_store_expired_decode(
			     rig_expect(worker, IPC_STORE_EXPIRED)->payload,
			     &expired),
	    0);
	ck_assert_uint_eq(expired.session, session);
	ck_assert_uint_eq(expired.sequence, 2);
	ck_assert_uint_eq(expired.len, 100);
	expect_queue(worker, session, 2);
}
END_TEST

TCase *
test_sweep(void)
{
	TCase *tests = tcase_create("sweep");

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, rig_setup, rig_teardown);
	tcase_add_test(tests, a_message_is_kept_until_its_last_reference);
	tcase_add_loop_test(tests, a_removed_sessions_references_are_given_back,
	    0, 2);
	tcase_add_test(tests, what_expires_is_left_out);
	tcase_add_test(tests, what_expires_is_swept);
	return tests;
}
