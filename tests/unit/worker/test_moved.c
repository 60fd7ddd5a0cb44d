/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sessions and a publisher's were at three different workers, by homes of
 * before, when one worker noted that its sessions have a message.
 */
#include "worker/moved.h"

#include "cluster.h"
#include "lib/hash.h"
#include "tests.h"
#include "worker/router.h"
#include "worker/session_queue.h"

#define HERE      0 /* the publisher's worker now */
#define THERE     1
#define PACKET_ID 7

static struct session *
make(unsigned int worker, const char *client_id, bool is_subscribed)
{
	struct session *session = bare_session_new(cluster_worker(worker),
	    client_id);
	struct session_subscription wanted = {
		.topic_filter = BYTES_LITERAL("a"),
		.qos = 2,
	};
	struct subscription *made;
	bool is_new;

	session->state.expiry_seconds = SESSION_EXPIRY_NEVER;
	session_keep(session);
	if (is_subscribed)
		session_subscribe(session, &wanted, &made, &is_new);
	return session;
}

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

/* At which worker it was at home. */
static uint16_t
home_of(const struct ipc_store_homes *homes, const struct session *session)
{
	return (uint16_t)hash_home(homes->home_key,
	    bytes_of(session->key, session->key_len), homes->worker_count);
}

/* who: whose worker has noted it: 0: the one here, 1: there, 2: publisher. */
static struct ipc_store_change
note_of(struct session *const sessions[3], int who, struct buffer *key)
{
	struct ipc_store_homes homes = { .worker_count = 8 };
	uint16_t at[3];

	do {
		homes.home_key[0]++;
		for (int i = 0; i < 3; i++)
			at[i] = home_of(&homes, sessions[i]);
	} while (at[0] == at[1] || at[1] == at[2] || at[2] == at[0]);
	ipc_store_homes_encode(&homes, key);
	return (struct ipc_store_change){ .type = IPC_STORE_RECEIVED_PUT,
		.session = sessions[2]->number,
		.packet_id = PACKET_ID,
		.worker = at[who],
		.key = buffer_view(key) };
}

/* Everything starts anew, and every worker gets the note. */
static void
setup(int who)
{
	struct session *sessions[3];
	struct buffer key = { .data = NULL };
	struct ipc_store_change note;

	cluster_setup();
	sessions[0] = make(HERE, "here", true);
	sessions[1] = make(THERE, "there", true);
	sessions[2] = make(HERE, "publisher", false);
	cluster_settle();
	note = note_of(sessions, who, &key);
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++) {
		fake_store_put(&cluster_stores[i], &note);
		cluster_kill(i);
	}
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++)
		cluster_start(i);
	cluster_settle();
	/* They are one store: who removes it does so for all. */
	fake_store_drop(&cluster_stores[THERE], &note);
	buffer_done(&key);
}

static void
teardown(void)
{
	cluster_teardown();
	ck_assert_uint_eq(message_totals().count, 0);
}

static struct forward_origin
origin(void)
{
	return (struct forward_origin){
		.session = find(HERE, "publisher")->number,
		.packet_id = PACKET_ID,
	};
}

static void
publish(void)
{
	struct ipc_publish parts = { .qos = 2,
		.topic_name = BYTES_LITERAL("a"),
		.payload = BYTES_LITERAL("x") };
	struct forward_origin of = origin();

	router_publish_once(cluster_worker(HERE), &parts, NULL, &of, false);
	cluster_settle();
}

static void
check_queues(size_t here, size_t there)
{
	ck_assert_uint_eq(fake_store_count(&cluster_stores[HERE],
			      IPC_STORE_QUEUE_PUT),
	    here);
	ck_assert_uint_eq(fake_store_count(&cluster_stores[THERE],
			      IPC_STORE_QUEUE_PUT),
	    there);
}

static void
check_forgotten(void)
{
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++) {
		ck_assert_ptr_null(cluster_worker(i)->moved);
		ck_assert_uint_eq(fake_store_count(&cluster_stores[i],
				      IPC_STORE_RECEIVED_PUT),
		    0);
	}
}

START_TEST(who_had_it_before_does_not_get_it_again)
{
	struct forward_origin of;

	setup(_i);
	of = origin();
	ck_assert(session_has_received(find(HERE, "publisher"), PACKET_ID));
	ck_assert(forwards_take_restored(cluster_worker(HERE), &of));
	ck_assert_int_eq(moved_has_got(cluster_worker(HERE), &of,
			     find(HERE, "publisher")),
	    _i == 2);
	publish();
	check_queues(_i == 0 ? 0 : 1, _i == 1 ? 0 : 1);
	forwards_release(cluster_worker(HERE), &of, true);
	cluster_settle();
	check_forgotten();
	/* With this identifier there is another message now. */
	publish();
	check_queues(_i == 0 ? 1 : 2, _i == 1 ? 1 : 2);
	teardown();
}
END_TEST

START_TEST(with_the_publishers_session_the_notes_go)
{
	setup(_i);
	ck_assert_ptr_nonnull(cluster_worker(HERE)->moved);
	ck_assert_ptr_nonnull(cluster_worker(THERE)->moved);
	session_end(find(HERE, "publisher"));
	cluster_settle();
	check_forgotten();
	teardown();
}
END_TEST

TCase *
test_moved(void)
{
	TCase *tcase = tcase_create("moved");

	tcase_add_loop_test(tcase, who_had_it_before_does_not_get_it_again, 0,
	    3);
	tcase_add_loop_test(tcase, with_the_publishers_session_the_notes_go, 0,
	    3);
	return tcase;
}
