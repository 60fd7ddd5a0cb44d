/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/pending.h"

#include "tests.h"
#include "worker/topic_tree.h"

static struct pending
item_with(uint16_t packet_id, const char *payload)
{
	struct ipc_publish parts = {
		.qos = 1,
		.topic_name = BYTES_LITERAL("t"),
		.payload = bytes_of_string(payload),
	};

	return (struct pending){
		.message = message_new(&parts),
		.packet_id = packet_id,
		.qos = 1,
	};
}

START_TEST(items_come_out_in_their_order)
{
	struct pending_queue queue = { .ring = NULL };

	for (uint16_t i = 1; i <= 100; i++)
		pending_queue_push(&queue, item_with(i, "abc"));
	ck_assert_uint_eq(pending_queue_bytes(&queue), 400);
	for (uint16_t i = 1; i <= 100; i++) {
		struct pending item = pending_queue_pop(&queue);

		ck_assert_uint_eq(item.packet_id, i);
		pending_done(&item);
	}
	ck_assert_uint_eq(pending_queue_bytes(&queue), 0);
	pending_queue_done(&queue);
}
END_TEST

START_TEST(one_in_the_middle_is_taken_out_and_the_order_stays)
{
	static const uint16_t left[] = { 1, 2, 4, 5 };
	struct pending_queue queue = { .ring = NULL };
	struct pending item;

	/* a ring that has wrapped */
	for (uint16_t i = 0; i < 3; i++)
		pending_queue_push(&queue, item_with(9, ""));
	for (uint16_t i = 0; i < 3; i++) {
		item = pending_queue_pop(&queue);
		pending_done(&item);
	}
	for (uint16_t i = 1; i <= 5; i++)
		pending_queue_push(&queue, item_with(i, i == 3 ? "xy" : ""));
	ck_assert_uint_eq(pending_queue_find(&queue, 6), 5);
	ck_assert_uint_eq(pending_queue_find(&queue, 3), 2);
	item = pending_queue_remove(&queue, 2);
	ck_assert_uint_eq(item.packet_id, 3);
	pending_done(&item);
	ck_assert_uint_eq(pending_queue_count(&queue), 4);
	ck_assert_uint_eq(pending_queue_bytes(&queue), 4);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_eq(pending_queue_at(&queue, i)->packet_id,
		    left[i]);
	pending_queue_done(&queue);
	ck_assert_ptr_null(queue.ring);
}
END_TEST

static bool
is_odd(void *context, const struct pending *item)
{
	(void)context;
	return item->packet_id % 2 == 1;
}

START_TEST(items_move_to_another_queue_as_if_unsent)
{
	struct topic_tree *tree = topic_tree_new();
	struct share *share = share_get(tree, BYTES_LITERAL("t"),
	    BYTES_LITERAL("g"));
	struct pending_queue from = { .ring = NULL }, to = { .ring = NULL };

	for (uint16_t i = 1; i <= 5; i++) {
		struct pending item = item_with(i, "abc");

		if (i > 2)
			item.share = share_ref(share);
		pending_queue_push(&from, item);
	}
	ck_assert_uint_eq(pending_queue_shared(&from), 3);
	pending_queue_move(&from, is_odd, NULL, &to);
	ck_assert_uint_eq(pending_queue_count(&from), 2);
	ck_assert_uint_eq(pending_queue_bytes(&from), 8);
	ck_assert_uint_eq(pending_queue_shared(&from), 1);
	ck_assert_uint_eq(pending_queue_at(&from, 0)->packet_id, 2);
	ck_assert_uint_eq(pending_queue_at(&from, 1)->packet_id, 4);
	ck_assert_uint_eq(pending_queue_count(&to), 3);
	ck_assert_uint_eq(pending_queue_shared(&to), 2);
	ck_assert_uint_eq(pending_queue_at(&to, 0)->packet_id, 0);
	pending_queue_release(&from, 1);
	ck_assert_uint_eq(pending_queue_shared(&from), 0);
	/* nothing of a share: nothing moves */
	pending_queue_move(&from, is_odd, NULL, &to);
	ck_assert_uint_eq(pending_queue_count(&to), 3);
	pending_queue_done(&from);
	pending_queue_done(&to);
	ck_assert_uint_eq(share->references, 1);
	share_unref(&share);
	topic_tree_free(&tree);
}
END_TEST

TCase *
test_pending(void)
{
	TCase *tcase = tcase_create("pending");

	tcase_add_test(tcase, items_come_out_in_their_order);
	tcase_add_test(tcase,
	    one_in_the_middle_is_taken_out_and_the_order_stays);
	tcase_add_test(tcase, items_move_to_another_queue_as_if_unsent);
	return tcase;
}
