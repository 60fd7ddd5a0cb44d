/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is at a node is kept in several ways, each as small as may be: whatever
 * comes and goes, it is what a plain list of it would be.
 */
#include "tests.h"
#include "worker/topic_tree.h"

struct session {
	int unused;
};

#define SUBSCRIPTIONS 4
#define WORKERS       3
#define STEPS         20000
#define FILTER        BYTES_LITERAL("a/b")
#define GROUP         BYTES_LITERAL("g")

/* What is to be there. */
struct model {
	struct topic_tree *tree;
	struct session sessions[SUBSCRIPTIONS];
	struct subscription subscriptions[SUBSCRIPTIONS];
	bool is_there[SUBSCRIPTIONS];
	worker_set workers, durable, owed;
	struct share *share;
	uint32_t random;
};

static unsigned int
draw(struct model *model, unsigned int below)
{
	model->random = model->random * 1664525u + 1013904223u;
	return (model->random >> 16) % below;
}

static void
change_subscription(struct model *model)
{
	unsigned int i = draw(model, SUBSCRIPTIONS);
	struct subscription *subscription = &model->subscriptions[i];

	if (!model->is_there[i]) {
		subscription->session = &model->sessions[i];
		topic_node_add(topic_tree_node(model->tree, FILTER),
		    subscription);
		model->is_there[i] = true;
	} else if (draw(model, 2) == 0) {
		topic_node_set_durable(subscription, draw(model, 2) == 0);
	} else {
		topic_node_remove(model->tree, subscription);
		ck_assert(!subscription->is_durable);
		model->is_there[i] = false;
	}
}

static void
change_interest(struct model *model)
{
	unsigned int worker = draw(model, WORKERS);
	worker_set bit = (worker_set)1 << worker;
	bool is_durable = draw(model, 2) == 0;

	if ((model->workers & bit) != 0 && draw(model, 2) == 0) {
		topic_node_remove_worker(model->tree,
		    topic_tree_find(model->tree, FILTER), worker);
		model->workers &= ~bit;
		model->durable &= ~bit;
		return;
	}
	topic_node_add_worker(topic_tree_node(model->tree, FILTER), worker,
	    is_durable);
	model->workers |= bit;
	model->durable = is_durable ? model->durable | bit
				    : model->durable & ~bit;
}

static void
change_worker(struct model *model)
{
	unsigned int worker = draw(model, WORKERS);
	worker_set bit = (worker_set)1 << worker;

	if (draw(model, 2) == 0) {
		topic_tree_worker_known(model->tree, worker);
		model->owed &= ~bit;
		return;
	}
	topic_tree_worker_gone(model->tree, worker);
	model->owed |= model->durable & bit;
	model->workers &= ~bit;
	model->durable &= ~bit;
}

static void
change_share(struct model *model)
{
	if (model->share == NULL)
		model->share = share_get(model->tree, FILTER, GROUP);
	else
		share_unref(&model->share);
}

static void
on_subscription(void *context, struct subscription *subscription)
{
	const struct model *model = context;
	size_t i = (size_t)(subscription - model->subscriptions);

	ck_assert(model->is_there[i]);
}

static void
on_share(void *context, struct share *share)
{
	const struct model *model = context;

	ck_assert_ptr_eq(share, model->share);
}

/* What the node says, if anything keeps it. */
static void
check_node(const struct model *model)
{
	const struct topic_node *node = topic_tree_find(model->tree, FILTER);
	size_t count = 0, durable_count = 0;

	for (size_t i = 0; i < SUBSCRIPTIONS; i++) {
		if (!model->is_there[i])
			continue;
		count++;
		durable_count += model->subscriptions[i].is_durable ? 1 : 0;
		ck_assert_ptr_eq(topic_node_subscription(node,
				     &model->sessions[i]),
		    &model->subscriptions[i]);
	}
	if (count == 0 && (model->workers | model->owed) == 0 &&
	    model->share == NULL) {
		ck_assert_ptr_null(node);
		return;
	}
	ck_assert_uint_eq(topic_node_subscription_count(node), count);
	ck_assert_uint_eq(topic_node_durable_count(node), durable_count);
	ck_assert_ptr_eq(topic_node_share(node), model->share);
}

START_TEST(what_is_at_a_node_is_what_came_and_did_not_go)
{
	static void (*const change[])(struct model *) = { change_subscription,
		change_subscription, change_interest, change_interest,
		change_worker, change_share };
	struct model model = { .tree = topic_tree_new(), .random = 1 };

	for (int step = 0; step < STEPS; step++) {
		worker_set durable = 0, workers;

		change[draw(&model, sizeof(change) / sizeof(change[0]))](
		    &model);
		check_node(&model);
		workers = topic_tree_match(model.tree, FILTER, on_subscription,
		    on_share, &model, &durable);
		ck_assert_uint_eq(workers, model.workers | model.owed);
		ck_assert_uint_eq(durable, model.durable | model.owed);
	}
	share_unref(&model.share);
	topic_tree_free(&model.tree);
}
END_TEST

TCase *
test_topic_node(void)
{
	TCase *tcase = tcase_create("topic_node");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_add_test(tcase, what_is_at_a_node_is_what_came_and_did_not_go);
	return tcase;
}
