/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/share.h"

#include <stdlib.h>

#include "tests.h"
#include "worker/topic_tree.h"

#define MEMBERS 6

struct session {
	int unused;
};

static struct session sessions[MEMBERS];
static struct subscription members[MEMBERS];
static struct topic_tree *tree;
static struct share *share;

/* A share whose first members are online. */
static void
share_with(size_t online, size_t offline)
{
	tree = topic_tree_new();
	share = share_get(tree, BYTES_LITERAL("a/+"), BYTES_LITERAL("group"));
	for (size_t i = 0; i < online + offline; i++) {
		members[i] = (struct subscription){ .session = &sessions[i] };
		share_add(share, &members[i], i < online);
	}
}

static void
share_end(void)
{
	share_unref(&share);
	topic_tree_free(&tree);
}

static struct share_count
count_of(uint32_t online, uint32_t offline)
{
	return (struct share_count){ online, offline };
}

/* How often each worker is picked, here as index 9. */
static void
pick_often(unsigned int often, unsigned int picked[10])
{
	for (size_t i = 0; i < 10; i++)
		picked[i] = 0;
	for (unsigned int i = 0; i < often; i++) {
		int pick = share_pick(share);

		ck_assert_int_ne(pick, SHARE_NOBODY);
		picked[pick == SHARE_HERE ? 9 : pick]++;
	}
}

START_TEST(each_worker_is_picked_as_often_as_it_has_members) /* 4.8.2 */
{
	unsigned int picked[10];

	share_with(2, 1);
	share_set_elsewhere(share, 3, count_of(5, 0));
	share_set_elsewhere(share, 4, count_of(1, 7));
	share_set_elsewhere(share, 5, count_of(0, 7));
	pick_often(800, picked);
	ck_assert_uint_eq(picked[9], 200);
	ck_assert_uint_eq(picked[3], 500);
	ck_assert_uint_eq(picked[4], 100);
	share_set_elsewhere(share, 3, count_of(1, 0));
	pick_often(400, picked);
	ck_assert_uint_eq(picked[9], 200);
	ck_assert_uint_eq(picked[3], 100);
	ck_assert_uint_eq(picked[4], 100);
	share_end();
}
END_TEST

START_TEST(the_offline_are_picked_if_nobody_is_online)
{
	unsigned int picked[10];

	share_with(0, 2);
	share_set_elsewhere(share, 0, count_of(0, 2));
	pick_often(100, picked);
	ck_assert_uint_eq(picked[9], 50);
	ck_assert_uint_eq(picked[0], 50);
	share_set_elsewhere(share, 1, count_of(1, 0));
	pick_often(100, picked);
	ck_assert_uint_eq(picked[1], 100);
	share_end();
}
END_TEST

START_TEST(nobody_is_picked_of_none)
{
	share_with(0, 0);
	ck_assert_int_eq(share_pick(share), SHARE_NOBODY);
	ck_assert_ptr_null(share_pick_member(share));
	share_set_elsewhere(share, 0, count_of(1, 0));
	ck_assert_int_eq(share_pick(share), 0);
	share_set_elsewhere(share, 0, count_of(0, 0));
	ck_assert_int_eq(share_pick(share), SHARE_NOBODY);
	share_end();
}
END_TEST

/* How often each member here is picked. */
static void
check_members(unsigned int often, const unsigned int expected[MEMBERS])
{
	unsigned int picked[MEMBERS] = { 0 };

	for (unsigned int i = 0; i < often; i++)
		picked[share_pick_member(share) - members]++;
	for (size_t i = 0; i < MEMBERS; i++)
		ck_assert_uint_eq(picked[i], expected[i]);
}

START_TEST(members_get_their_turn_while_they_are_online)
{
	share_with(3, 3);
	check_members(30, (unsigned int[]){ 10, 10, 10, 0, 0, 0 });
	share_set_online(&members[4], true);
	share_set_online(&members[4], true);
	share_set_online(&members[0], false);
	check_members(30, (unsigned int[]){ 0, 10, 10, 0, 10, 0 });
	share_remove(&members[2]);
	share_remove(&members[3]);
	ck_assert_uint_eq(share_count_here(share).online, 2);
	ck_assert_uint_eq(share_count_here(share).offline, 2);
	check_members(30, (unsigned int[]){ 0, 15, 0, 0, 15, 0 });
	share_set_online(&members[1], false);
	share_set_online(&members[4], false);
	check_members(40, (unsigned int[]){ 10, 10, 0, 0, 10, 10 });
	for (size_t i = 0; i < MEMBERS; i++)
		ck_assert_ptr_eq(share_member(share, &sessions[i]),
		    i == 2 || i == 3 ? NULL : &members[i]);
	share_end();
}
END_TEST

START_TEST(a_share_lives_while_something_uses_it)
{
	struct bytes filter = BYTES_LITERAL("a/+");
	struct bytes group = BYTES_LITERAL("group");
	struct share *waiting;

	share_with(1, 0);
	ck_assert_ptr_eq(share_find(tree, filter, group), share);
	ck_assert_ptr_null(share_find(tree, filter, BYTES_LITERAL("other")));
	share_set_elsewhere(share, 7, count_of(0, 1));
	ck_assert(share_is_at(share, 7));
	waiting = share_ref(share);
	share_unref(&share);
	share_remove(&members[0]);
	share_set_elsewhere(waiting, 7, count_of(0, 0));
	ck_assert(!share_is_at(waiting, 7));
	ck_assert_ptr_eq(share_find(tree, filter, group), waiting);
	share_unref(&waiting);
	ck_assert_ptr_null(waiting);
	ck_assert_ptr_null(share_find(tree, filter, group));
	ck_assert_ptr_null(topic_tree_find(tree, filter));
	topic_tree_free(&tree);
}
END_TEST

static void
on_subscription(void *context, struct subscription *subscription)
{
	(void)context;
	(void)subscription;
	ck_abort_msg("a member is no subscription of the node");
}

static void
on_share(void *context, struct share *found)
{
	unsigned int *count = context;

	ck_assert_ptr_eq(found->node, share->node);
	++*count;
}

START_TEST(a_match_finds_shares_beside_subscriptions)
{
	unsigned int count = 0;
	worker_set durable = 0;
	struct share *other;

	share_with(1, 1);
	other = share_get(tree, BYTES_LITERAL("a/+"), BYTES_LITERAL("other"));
	ck_assert_uint_eq(topic_tree_match(tree, BYTES_LITERAL("a/b"),
			      on_subscription, on_share, &count, &durable),
	    0);
	ck_assert_uint_eq(count, 2);
	topic_tree_match(tree, BYTES_LITERAL("b/b"), on_subscription, on_share,
	    &count, &durable);
	topic_tree_match(tree, BYTES_LITERAL("a/b"), on_subscription, NULL,
	    NULL, &durable);
	ck_assert_uint_eq(count, 2);
	topic_tree_each_share(tree, on_share, &count);
	ck_assert_uint_eq(count, 4);
	share_unref(&other);
	share_end();
}
END_TEST

TCase *
test_share(void)
{
	TCase *tcase = tcase_create("share");

	tcase_add_test(tcase, each_worker_is_picked_as_often_as_it_has_members);
	tcase_add_test(tcase, the_offline_are_picked_if_nobody_is_online);
	tcase_add_test(tcase, nobody_is_picked_of_none);
	tcase_add_test(tcase, members_get_their_turn_while_they_are_online);
	tcase_add_test(tcase, a_share_lives_while_something_uses_it);
	tcase_add_test(tcase, a_match_finds_shares_beside_subscriptions);
	return tcase;
}
