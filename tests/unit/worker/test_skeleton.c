/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session without a connection costs, at its own worker and at the other
 * one, which knows what it wants.
 */
#include <malloc.h>
#include <stdlib.h>

#include "cluster.h"
#include "lib/memory.h"
#include "lib/pool.h"
#include "tests.h"
#include "worker/journal.h"
#include "worker/session_queue.h"

#define SESSIONS   2000
#define SUBSCRIBED 3
#define BYTES_MAX  850

static size_t
bytes_in_use(void)
{
	return mallinfo2().uordblks + pool_bytes();
}

/* Two of its filters are its own, the third is everybody's. */
static void
make(unsigned int number)
{
	static const char *const filters[SUBSCRIBED] = {
		"devices/sensor-%05u/commands/#",
		"devices/sensor-%05u/settings",
		"announcements/all",
	};
	struct session_subscription wanted = { .qos = 1 };
	struct subscription *made;
	struct session *session;
	char text[64];
	bool is_new;

	snprintf(text, sizeof(text), "sensor-%05u", number);
	session = bare_session_new(cluster_worker(0), text);
	session->state.expiry_seconds = SESSION_EXPIRY_NEVER;
	session_keep(session);
	for (int i = 0; i < SUBSCRIBED; i++) {
		snprintf(text, sizeof(text), filters[i], number);
		wanted.topic_filter = bytes_of_string(text);
		session_subscribe(session, &wanted, &made, &is_new);
	}
	session_queue_detach(session->queue);
	session_rest(session);
	if (number % 100 == 0)
		cluster_settle();
}

/* About 430 bytes of session, queue and subscriptions; the rest is nodes of the
 * trees, of which four are its own at each of two workers. */
START_TEST(a_session_that_is_away_costs_its_skeleton)
{
	/* Where each instruction takes many, nothing is counted. */
	unsigned int count = cluster_stride() == 1 ? SESSIONS : 10;
	size_t before, bytes;

	cluster_setup();
	before = bytes_in_use();
	for (unsigned int i = 0; i < count; i++)
		make(i);
	cluster_settle();
	/* What is on disk here lies in this process, too. */
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++)
		fake_store_forget(&cluster_stores[i]);
	bytes = (bytes_in_use() - before) / count;
	ck_assert_msg(bytes <= BYTES_MAX, "%zu bytes", bytes);
	cluster_teardown();
}
END_TEST

/* One of a payload of so many bytes is put on disk. */
static void
put_retained(size_t len)
{
	struct worker *worker = cluster_worker(0);
	void *payload = memory_new(1, len);
	struct message *message = message_new(&(struct ipc_publish){
	    .topic_name = BYTES_LITERAL("a/b"),
	    .payload = bytes_of(payload, len),
	});

	journal_retained_put(worker, message);
	message_unref(&message);
	cluster_settle();
	free(payload);
}

/* The tick trims the heap when it has holes. */
START_TEST(a_large_transaction_leaves_holes_and_a_small_one_none)
{
	struct worker *worker = cluster_worker(0);

	cluster_setup();
	put_retained(100);
	ck_assert_uint_eq(worker->hole_count, 0);
	put_retained(3 * IPC_STORE_PART_LEN);
	ck_assert_uint_eq(worker->hole_count, 3);
	cluster_teardown();
}
END_TEST

TCase *
test_skeleton(void)
{
	TCase *tcase = tcase_create("skeleton");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_session_that_is_away_costs_its_skeleton);
	tcase_add_test(tcase,
	    a_large_transaction_leaves_holes_and_a_small_one_none);
	return tcase;
}
