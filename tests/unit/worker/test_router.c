/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/router.h"

#include <errno.h>
#include <stdlib.h>

#include "bare_peer.h"
#include "tests.h"

static struct bare_worker bare;
static struct bare_peer peers[2];
static struct session *session;
static uint64_t publisher;

static void
setup(void)
{
	bare_worker_init(&bare);
	for (uint16_t i = 0; i < 2; i++)
		bare_peer_init(&peers[i], &bare.worker, (uint16_t)(i + 1));
	session = bare_session_new(&bare.worker, "one");
	publisher = 9;
}

static void
teardown(void)
{
	for (size_t i = 0; i < 2; i++)
		bare_peer_done(&peers[i], &bare.worker);
	bare_worker_done(&bare);
}

static void
subscribe(const char *topic_filter, uint8_t qos, uint32_t identifier,
    bool no_local)
{
	const struct session_subscription wanted = {
		.topic_filter = bytes_of_string(topic_filter),
		.qos = qos,
		.identifier = identifier,
		.no_local = no_local,
	};
	struct subscription *made;
	bool is_new;

	session_subscribe(session, &wanted, &made, &is_new);
	for (size_t i = 0; i < 2; i++)
		bare_peer_listen(&peers[i]);
}

/* Another worker has subscribers for a filter. */
static void
want(struct bare_peer *peer, const char *topic_filter)
{
	topic_node_add_worker(topic_tree_node(bare.worker.topics,
				  bytes_of_string(topic_filter)),
	    peer->peer.public.index, false);
}

static struct ipc_publish
message_to(const char *topic_name)
{
	return (struct ipc_publish){
		.qos = 1,
		.publisher = publisher,
		.topic_name = bytes_of_string(topic_name),
		.payload = BYTES_LITERAL("x"),
	};
}

static struct router_result
publish(const char *topic_name)
{
	const struct ipc_publish parts = message_to(topic_name);
	struct router_result result = router_publish(&bare.worker, &parts,
	    NULL);

	for (size_t i = 0; i < 2; i++)
		bare_peer_listen(&peers[i]);
	return result;
}

/* What waits for the session, which has no connection. */
static struct pending
pop_queued(void)
{
	ck_assert_uint_gt(pending_queue_count(&session->state.queued), 0);
	return pending_queue_pop(&session->state.queued);
}

START_TEST(a_message_goes_to_each_worker_that_wants_it_once)
{
	struct ipc_publish forwarded;

	want(&peers[0], "a/+");
	want(&peers[0], "a/#");
	want(&peers[1], "b");
	ck_assert(publish("a/b").has_receivers);
	ck_assert_uint_eq(peers[0].count, 1);
	ck_assert_uint_eq(peers[1].count, 0);
	ck_assert_int_eq(peers[0].told[0].type, IPC_PUBLISH_FORWARD);
	ck_assert_int_eq(ipc_publish_decode(buffer_view(
						&peers[0].told[0].payload),
			     &forwarded),
	    0);
	ck_assert_uint_eq(forwarded.qos, 1);
	ck_assert_uint_eq(forwarded.publisher, 9);
	ck_assert(bytes_equal(forwarded.topic_name, BYTES_LITERAL("a/b")));
	ck_assert(bytes_equal(forwarded.payload, BYTES_LITERAL("x")));
}
END_TEST

START_TEST(what_nobody_wants_has_no_receivers)
{
	subscribe("a", 1, 0, false);
	want(&peers[0], "a");
	ck_assert(!publish("b").has_receivers);
	ck_assert_uint_eq(peers[0].count, 0);
	ck_assert_uint_eq(pending_queue_count(&session->state.queued), 0);
}
END_TEST

/* As from another worker; storage: what the payload lies in, or NULL. */
static int
receive(struct bytes payload, struct buffer *storage)
{
	const struct ipc_message message = {
		.type = IPC_PUBLISH_FORWARD,
		.payload = payload,
		.fd = -1,
		.storage = storage,
	};

	return on_publish_forward(&bare.worker, &message);
}

START_TEST(what_another_worker_forwards_stays_here)
{
	const struct ipc_publish parts = message_to("a");
	struct buffer payload = { .data = NULL };

	subscribe("a", 1, 0, false);
	want(&peers[1], "a");
	ipc_publish_encode(&parts, &payload);
	ck_assert_int_eq(receive(buffer_view(&payload), NULL), 0);
	ck_assert_uint_eq(pending_queue_count(&session->state.queued), 1);
	bare_peer_listen(&peers[1]);
	ck_assert_uint_eq(peers[1].count, 0);
	buffer_done(&payload);
}
END_TEST

START_TEST(what_is_forwarded_may_stay_in_the_memory_it_came_in)
{
	const struct ipc_publish parts = message_to("a");
	struct buffer payload = { .data = NULL };
	const uint8_t *memory;

	ipc_publish_encode(&parts, &payload);
	memory = payload.data;
	ck_assert_int_eq(receive(buffer_view(&payload), &payload), 0);
	ck_assert_ptr_eq(payload.data, memory); /* nobody wants it */

	subscribe("a", 1, 0, false);
	ck_assert_int_eq(receive(buffer_view(&payload), &payload), 0);
	ck_assert_ptr_null(payload.data);
	ck_assert_uint_eq(pending_queue_count(&session->state.queued), 1);
}
END_TEST

START_TEST(what_cannot_be_published_is_not_forwarded_here)
{
	const struct ipc_publish parts = message_to("a/+");
	struct buffer payload = { .data = NULL };

	ipc_publish_encode(&parts, &payload);
	ck_assert_int_eq(receive(buffer_view(&payload), NULL), -EBADMSG);
	ck_assert_int_eq(receive(bytes_of(payload.data, 5), NULL), -EBADMSG);
	buffer_done(&payload);
}
END_TEST

/* [MQTT-3.3.5-1], [MQTT5-3.3.4-2], [MQTT5-3.3.4-4] */
START_TEST(overlapping_subscriptions_make_one_delivery)
{
	struct pending item;
	uint32_t sum = 0;

	subscribe("a/+", 0, 1, false);
	subscribe("a/#", 1, 2, false);
	subscribe("#", 0, 4, false);
	subscribe("+/b", 1, 0, false);
	publish("a/b");
	ck_assert_uint_eq(pending_queue_count(&session->state.queued), 1);
	item = pop_queued();
	ck_assert_uint_eq(item.qos, 1);
	ck_assert_uint_eq(item.subscription_id_count, 3);
	for (size_t i = 0; i < 3; i++)
		sum += item.subscription_ids[i];
	ck_assert_uint_eq(sum, 1 + 2 + 4);
	pending_done(&item);
}
END_TEST

/* [MQTT5-3.8.3-3]: but another subscription may want it all the same */
START_TEST(no_local_leaves_out_the_own_messages)
{
	struct pending item;

	subscribe("a", 1, 1, true);
	publisher = session_publisher(session);
	ck_assert(!publish("a").has_receivers);
	ck_assert_uint_eq(pending_queue_count(&session->state.queued), 0);
	subscribe("+", 1, 2, false);
	publish("a");
	item = pop_queued();
	ck_assert_uint_eq(item.subscription_id_count, 1);
	ck_assert_uint_eq(item.subscription_ids[0], 2);
	pending_done(&item);
}
END_TEST

TCase *
test_router(void)
{
	TCase *tcase = tcase_create("router");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_message_goes_to_each_worker_that_wants_it_once);
	tcase_add_test(tcase, what_nobody_wants_has_no_receivers);
	tcase_add_test(tcase, what_another_worker_forwards_stays_here);
	tcase_add_test(tcase,
	    what_is_forwarded_may_stay_in_the_memory_it_came_in);
	tcase_add_test(tcase, what_cannot_be_published_is_not_forwarded_here);
	tcase_add_test(tcase, overlapping_subscriptions_make_one_delivery);
	tcase_add_test(tcase, no_local_leaves_out_the_own_messages);
	return tcase;
}
