/* SPDX-License-Identifier: Apache-2.0 */
#include "bare_worker.h"
#include "fake_store.h"
#include "tests.h"
#include "worker/journal.h"

static struct bare_worker bare;
static struct worker *worker;
static struct fake_store store;

static void
setup(void)
{
	bare_worker_init(&bare);
	worker = &bare.worker;
	memset(&store, 0, sizeof(store));
	fake_store_start(&store, worker);
	fake_store_exchange(&store);
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
	    .topic_name = BYTES_LITERAL("a/b"),
	    .payload = bytes_of_string(payload),
	});
}

START_TEST(of_a_topic_only_the_last_message_is_written)
{
	struct message *messages[3] = { message_of("1"), message_of("2"),
		message_of("3") };

	for (size_t i = 0; i < 3; i++) {
		journal_retained_put(worker, messages[i]);
		message_unref(&messages[i]);
	}
	ck_assert_uint_eq(message_totals().count, 1);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.last.count, 1);
	ck_assert_uint_eq(fake_store_count(&store, IPC_STORE_RETAINED_PUT), 1);
	messages[0] = message_of("4");
	journal_retained_put(worker, messages[0]);
	journal_retained_remove(worker, BYTES_LITERAL("a/b"));
	message_unref(&messages[0]);
	fake_store_settle(&store);
	ck_assert_uint_eq(store.last.count, 1);
	ck_assert_uint_eq(store.rows.count, 0);
}
END_TEST

TCase *
test_journal_changes(void)
{
	TCase *tcase = tcase_create("journal_changes");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, of_a_topic_only_the_last_message_is_written);
	return tcase;
}
