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

/* What is to be there: each filter may be wanted by a session here, by other
 * workers, or be owed to those. */
#define RANDOM_FILTERS 64
#define RANDOM_WORKERS 3
#define RANDOM_STEPS   800
#define NODES_STEPS    16 /* between two looks at all nodes */

struct model {
	struct topic_tree *tree;
	char filters[RANDOM_FILTERS][16];
	struct subscription subscriptions[RANDOM_FILTERS];
	bool is_subscribed[RANDOM_FILTERS];
	worker_set workers[RANDOM_FILTERS], durable[RANDOM_FILTERS];
	worker_set owed[RANDOM_FILTERS];
	uint32_t random;
};

static unsigned int
draw(struct model *model, unsigned int below)
{
	model->random = model->random * 1664525u + 1013904223u;
	return (model->random >> 16) % below;
}

/* Of few levels, so that many have some in common. */
static void
draw_topic(struct model *model, bool is_filter, char *topic)
{
	static const char *const levels[] = { "a", "b", "$", "", "+", "#" };
	unsigned int count = 1 + draw(model, 4);
	const char *level = "";

	*topic = '\0';
	for (unsigned int i = 0; i < count && *level != '#'; i++) {
		level = levels[draw(model, is_filter ? COUNT(levels) : 4)];
		if (i > 0)
			strcat(topic, "/");
		strcat(topic, level);
	}
	if (*topic == '\0')
		strcpy(topic, "a");
}

/* Each filter once, as a subscription is for a session. */
static void
draw_filters(struct model *model)
{
	for (unsigned int i = 0; i < RANDOM_FILTERS; i++) {
		bool is_new = true;

		draw_topic(model, true, model->filters[i]);
		for (unsigned int k = 0; k < i; k++)
			if (strcmp(model->filters[k], model->filters[i]) == 0)
				is_new = false;
		if (!is_new)
			i--;
	}
}

static void
change_subscription(struct model *model)
{
	unsigned int i = draw(model, RANDOM_FILTERS);

	if (model->is_subscribed[i])
		topic_node_remove(model->tree, &model->subscriptions[i]);
	else
		topic_node_add(topic_tree_node(model->tree,
				   bytes_of_string(model->filters[i])),
		    &model->subscriptions[i]);
	model->is_subscribed[i] = !model->is_subscribed[i];
}

static void
change_interest(struct model *model)
{
	unsigned int i = draw(model, RANDOM_FILTERS);
	unsigned int worker = draw(model, RANDOM_WORKERS);
	worker_set bit = (worker_set)1 << worker;
	bool is_durable = draw(model, 2) == 0;
	struct topic_node *node = topic_tree_node(model->tree,
	    bytes_of_string(model->filters[i]));

	if (model->workers[i] & bit) {
		topic_node_remove_worker(model->tree, node, worker);
		model->workers[i] &= ~bit;
		model->durable[i] &= ~bit;
		return;
	}
	topic_node_add_worker(node, worker, is_durable);
	model->workers[i] |= bit;
	model->durable[i] |= is_durable ? bit : 0;
}

static void
change_worker(struct model *model)
{
	unsigned int worker = draw(model, RANDOM_WORKERS);
	worker_set bit = (worker_set)1 << worker;
	bool is_gone = draw(model, 2) == 0;

	if (is_gone)
		topic_tree_worker_gone(model->tree, worker);
	else
		topic_tree_worker_known(model->tree, worker);
	for (unsigned int i = 0; i < RANDOM_FILTERS; i++) {
		if (!is_gone) {
			model->owed[i] &= ~bit;
			continue;
		}
		model->owed[i] |= model->durable[i] & bit;
		model->workers[i] &= ~bit;
		model->durable[i] &= ~bit;
	}
}

static void
on_random_match(void *context, struct subscription *subscription)
{
	bool *is_matched = context;

	/* Its identifier is its place. */
	ck_assert(!is_matched[subscription->identifier]);
	is_matched[subscription->identifier] = true;
}

static void
check_random_match(struct model *model)
{
	bool is_matched[RANDOM_FILTERS] = { false };
	worker_set durable = 0, durable_expected = 0, expected = 0, workers;
	char name[16];

	draw_topic(model, false, name);
	workers = topic_tree_match(model->tree, bytes_of_string(name),
	    on_random_match, NULL, is_matched, &durable);
	for (unsigned int i = 0; i < RANDOM_FILTERS; i++) {
		bool matches = mqtt_topic_filter_match(bytes_of_string(
							   model->filters[i]),
		    bytes_of_string(name));

		ck_assert_msg(is_matched[i] ==
				  (matches && model->is_subscribed[i]),
		    "%s of %s", model->filters[i], name);
		if (!matches)
			continue;
		expected |= model->workers[i] | model->owed[i];
		durable_expected |= model->durable[i] | model->owed[i];
	}
	ck_assert_uint_eq(workers, expected);
	ck_assert_uint_eq(durable, durable_expected);
}

/* A node is there as long as it, or one below it, has something. */
static void
check_nodes(const struct model *model)
{
	for (unsigned int i = 0; i < RANDOM_FILTERS; i++) {
		struct bytes filter = bytes_of_string(model->filters[i]);
		bool is_needed = false;

		for (unsigned int k = 0; k < RANDOM_FILTERS; k++) {
			const char *rest = model->filters[k] + filter.len;

			if ((model->is_subscribed[k] ||
				model->workers[k] != 0 ||
				model->owed[k] != 0) &&
			    strncmp(model->filters[k], model->filters[i],
				filter.len) == 0 &&
			    (*rest == '\0' || *rest == '/'))
				is_needed = true;
		}
		ck_assert_msg((topic_tree_find(model->tree, filter) != NULL) ==
				  is_needed,
		    "%s", model->filters[i]);
	}
}

START_TEST(whatever_comes_and_goes_a_match_finds_what_is_there) /* 4.7 */
{
	static void (*const change[])(struct model *) = { change_subscription,
		change_subscription, change_subscription, change_interest,
		change_interest, change_interest, change_worker };
	struct model model = { .tree = topic_tree_new(),
		.random = (uint32_t)_i + 1 };

	draw_filters(&model);
	for (unsigned int i = 0; i < RANDOM_FILTERS; i++)
		model.subscriptions[i].identifier = i;
	for (int step = 0; step < RANDOM_STEPS; step++) {
		change[draw(&model, COUNT(change))](&model);
		check_random_match(&model);
		if (step % NODES_STEPS == 0)
			check_nodes(&model);
	}
	topic_tree_free(&model.tree);
}
END_TEST

TCase *
test_topic_tree(void)
{
	TCase *tcase = tcase_create("topic_tree");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_match_finds_what_each_filter_alone_would);
	tcase_add_test(tcase, a_worker_that_is_gone_leaves_nothing);
	tcase_add_test(tcase, a_node_knows_its_filter_and_its_sessions);
	tcase_add_loop_test(tcase,
	    whatever_comes_and_goes_a_match_finds_what_is_there, 0, 3);
	return tcase;
}
