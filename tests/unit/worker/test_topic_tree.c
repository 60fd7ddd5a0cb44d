/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/topic_tree.h"

#include <stdlib.h>

#include "mqtt/topic.h"
#include "tests.h"

struct session {
	int unused;
};

#define SESSIONS 3

static struct session sessions[SESSIONS];

static const char *const filters[] = { "#", "+", "+/+", "a", "a/#", "a/+",
	"a/b", "a/b/#", "a/+/c", "+/b/#", "/", "/#", "/+", "+/", "a//c",
	"a/+/+", "$SYS/#", "$SYS/+", "+/x/#", "a/b/c/d" };

static const char *const topics[] = { "a", "b", "a/b", "a/b/c", "a/x/c", "/",
	"/a", "a/", "a//c", "$SYS", "$SYS/x", "$SYS/x/y", "a/b/c/d",
	"a/b/c/d/e", "x/y/z" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct subscription subscriptions[COUNT(filters)];

static void
on_match(void *context, struct subscription *subscription)
{
	bool *is_matched = context;

	ck_assert(!is_matched[subscription - subscriptions]);
	is_matched[subscription - subscriptions] = true;
}

static void
subscribe(struct topic_tree *tree, size_t i)
{
	struct topic_node *node = topic_tree_node(tree,
	    bytes_of_string(filters[i]));

	subscriptions[i].session = &sessions[i % SESSIONS];
	topic_node_add(node, &subscriptions[i]);
	if (i < WORKER_SET_MAX)
		topic_node_add_worker(node, (unsigned int)i, false);
}

static void
check_matches(struct topic_tree *tree, size_t from)
{
	for (size_t t = 0; t < COUNT(topics); t++) {
		struct bytes topic = bytes_of_string(topics[t]);
		bool is_matched[COUNT(filters)] = { false };
		worker_set durable = 0;
		worker_set workers = topic_tree_match(tree, topic, on_match,
		    NULL, is_matched, &durable);

		for (size_t i = 0; i < COUNT(filters); i++) {
			bool expected = i >= from &&
					mqtt_topic_filter_match(bytes_of_string(
								    filters[i]),
					    topic);

			ck_assert_msg(is_matched[i] == expected, "%s of %s",
			    filters[i], topics[t]);
			ck_assert_int_eq(workers >> i & 1, expected);
		}
	}
}

START_TEST(a_match_finds_what_each_filter_alone_would) /* 4.7 */
{
	struct topic_tree *tree = topic_tree_new();

	for (size_t i = 0; i < COUNT(filters); i++)
		subscribe(tree, i);
	check_matches(tree, 0);
	for (size_t i = 0; i < COUNT(filters); i++) {
		topic_node_remove_worker(tree, subscriptions[i].node,
		    (unsigned int)i);
		topic_node_remove(tree, &subscriptions[i]);
		check_matches(tree, i + 1);
		ck_assert_ptr_null(
		    topic_tree_find(tree, bytes_of_string("a/q")));
	}
	for (size_t i = 0; i < COUNT(filters); i++)
		ck_assert_ptr_null(
		    topic_tree_find(tree, bytes_of_string(filters[i])));
	topic_tree_free(&tree);
}
END_TEST

START_TEST(a_worker_that_is_gone_leaves_nothing)
{
	struct topic_tree *tree = topic_tree_new();
	worker_set durable = 0;

	for (size_t i = 0; i < COUNT(filters); i++)
		for (unsigned int worker = 0; worker < 3; worker++)
			topic_node_add_worker(topic_tree_node(tree,
						  bytes_of_string(filters[i])),
			    worker, false);
	topic_tree_worker_gone(tree, 1);
	ck_assert_uint_eq(topic_tree_match(tree, bytes_of_string("a/b"),
			      on_match, NULL, NULL, &durable),
	    5);
	ck_assert_uint_eq(durable, 0);
	topic_tree_worker_gone(tree, 2);
	topic_tree_worker_gone(tree, 0);
	for (size_t i = 0; i < COUNT(filters); i++)
		ck_assert_ptr_null(
		    topic_tree_find(tree, bytes_of_string(filters[i])));
	topic_tree_free(&tree);
}
END_TEST

START_TEST(a_node_knows_its_filter_and_its_sessions)
{
	struct topic_tree *tree = topic_tree_new();

	for (size_t i = 0; i < COUNT(filters); i++)
		subscribe(tree, i);
	for (size_t i = 0; i < COUNT(filters); i++) {
		struct buffer filter = { .data = NULL };

		topic_node_filter(subscriptions[i].node, &filter);
		ck_assert(bytes_equal(buffer_view(&filter),
		    bytes_of_string(filters[i])));
		ck_assert_ptr_eq(topic_node_subscription(subscriptions[i].node,
				     &sessions[i % SESSIONS]),
		    &subscriptions[i]);
		ck_assert_ptr_null(
		    topic_node_subscription(subscriptions[i].node,
			&sessions[(i + 1) % SESSIONS]));
		buffer_done(&filter);
	}
	topic_tree_free(&tree);
}
END_TEST

TCase *
test_topic_tree(void)
{
	TCase *tcase = tcase_create("topic_tree");

	tcase_add_test(tcase, a_match_finds_what_each_filter_alone_would);
	tcase_add_test(tcase, a_worker_that_is_gone_leaves_nothing);
	tcase_add_test(tcase, a_node_knows_its_filter_and_its_sessions);
	return tcase;
}
