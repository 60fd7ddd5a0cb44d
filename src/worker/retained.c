/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of levels whose edges lie in one table, and whose nodes know their
 * children in a list. A walk holds the nodes on its path: a node that is held
 * stays in its parent's list, so that a walk finds the way on.
 */
#include "worker/retained.h"

#include <sys/queue.h>

#include <stdlib.h>

#include "lib/memory.h"
#include "lib/table.h"
#include "mqtt/topic.h"

TAILQ_HEAD(node_list, node);

struct node {
	UT_hash_handle hh;
	TAILQ_ENTRY(node) sibling;
	struct node *parent; /* NULL: the root */
	struct node_list children;
	struct message *message; /* NULL: only its children have any */
	uint32_t holds;
	size_t edge_len;
	uint8_t edge[]; /* the parent's address, then the level */
};

struct retained {
	struct node *root;
	struct node *edges;
	struct buffer edge;
	size_t count;
	size_t bytes;
	struct retained_walk *sweep; /* NULL: begin anew */
};

/* A level of a filter on the path of a walk. */
struct level {
	struct bytes text;
	bool is_plus;
	bool is_number;
};

struct retained_walk {
	struct retained *retained;
	uint8_t *topic_filter; /* the levels are views into it */
	struct level *levels;
	size_t level_count;
	struct node *at; /* held; NULL: not begun, or done */
	size_t depth;    /* of at: the root has 0 */
	bool is_begun;
	bool is_done;
	bool shows_all; /* what a first wildcard hides too */
	uint64_t until_ns;
};

#define PARENT_LEN sizeof(struct node *)

static struct bytes
node_level(const struct node *node)
{
	return bytes_of(node->edge + PARENT_LEN, node->edge_len - PARENT_LEN);
}

static struct node *
child_find(struct retained *retained, const struct node *parent,
    struct bytes level)
{
	struct node *child;

	retained->edge.len = 0;
	buffer_append(&retained->edge, bytes_of(&parent, PARENT_LEN));
	buffer_append(&retained->edge, level);
	HASH_FIND(hh, retained->edges, retained->edge.data, retained->edge.len,
	    child);
	return child;
}

/* Behind a child_find() that found nothing. */
static struct node *
child_new(struct retained *retained, struct node *parent)
{
	struct node *child = memory_new(1, sizeof(*child) + retained->edge.len);

	child->parent = parent;
	TAILQ_INIT(&child->children);
	child->edge_len = retained->edge.len;
	memcpy(child->edge, retained->edge.data, retained->edge.len);
	HASH_ADD_KEYPTR(hh, retained->edges, child->edge, child->edge_len,
	    child);
	TAILQ_INSERT_TAIL(&parent->children, child, sibling);
	return child;
}

/* Free the node, and those above it, if nothing needs them. */
static void
node_release(struct retained *retained, struct node *node)
{
	while (node->parent != NULL && node->message == NULL &&
	       node->holds == 0 && TAILQ_EMPTY(&node->children)) {
		struct node *parent = node->parent;

		HASH_DEL(retained->edges, node);
		TAILQ_REMOVE(&parent->children, node, sibling);
		free(node);
		node = parent;
	}
}

static void
node_clear(struct retained *retained, struct node *node)
{
	if (node->message == NULL)
		return;
	retained->count--;
	retained->bytes -= message_bytes(node->message);
	message_unref(&node->message);
}

struct retained *
retained_new(void)
{
	struct retained *retained = memory_new(1, sizeof(*retained));

	retained->root = memory_new(1, sizeof(*retained->root));
	TAILQ_INIT(&retained->root->children);
	return retained;
}

void
retained_free(struct retained **retained)
{
	struct node *node, *next;

	if (*retained == NULL)
		return;
	retained_walk_free(&(*retained)->sweep);
	HASH_ITER(hh, (*retained)->edges, node, next)
	{
		HASH_DEL((*retained)->edges, node);
		message_unref(&node->message);
		free(node);
	}
	buffer_done(&(*retained)->edge);
	free((*retained)->root);
	free(*retained);
	*retained = NULL;
}

static struct node *
node_find(struct retained *retained, struct bytes topic_name)
{
	struct node *node = retained->root;
	bool is_done = false;
	struct bytes level;

	while (node != NULL &&
	       mqtt_topic_level_next(&topic_name, &is_done, &level))
		node = child_find(retained, node, level);
	return node;
}

const struct message *
retained_find(struct retained *retained, struct bytes topic_name)
{
	const struct node *node = node_find(retained, topic_name);

	return node == NULL ? NULL : node->message;
}

static void
retained_remove(struct retained *retained, struct bytes topic_name)
{
	struct node *node = node_find(retained, topic_name);

	if (node == NULL)
		return;
	node_clear(retained, node);
	node_release(retained, node);
}

void
retained_put(struct retained *retained, struct message *message)
{
	const struct ipc_publish *parts = message_parts(message);
	struct bytes topic_name = parts->topic_name;
	struct node *node = retained->root;
	bool is_done = false;
	struct bytes level;

	if (parts->payload.len == 0) {
		retained_remove(retained, topic_name);
		return;
	}
	while (mqtt_topic_level_next(&topic_name, &is_done, &level)) {
		struct node *child = child_find(retained, node, level);

		node = child != NULL ? child : child_new(retained, node);
	}
	node_clear(retained, node);
	node->message = message_ref(message);
	retained->count++;
	retained->bytes += message_bytes(message);
}

size_t
retained_count(const struct retained *retained)
{
	return retained->count;
}

size_t
retained_bytes(const struct retained *retained)
{
	return retained->bytes;
}

static void
walk_add_level(struct retained_walk *walk, struct bytes text)
{
	walk->levels = memory_resize(walk->levels,
	    (walk->level_count + 1) * sizeof(*walk->levels));
	walk->levels[walk->level_count++] = (struct level){
		.text = text,
		.is_plus = bytes_equal(text, BYTES_LITERAL("+")),
		.is_number = bytes_equal(text, BYTES_LITERAL("#")),
	};
}

struct retained_walk *
retained_walk_new(struct retained *retained, struct bytes topic_filter,
    uint64_t until_ns)
{
	struct retained_walk *walk = memory_new(1, sizeof(*walk));
	struct bytes rest, level;
	bool is_done = false;

	walk->retained = retained;
	walk->until_ns = until_ns;
	walk->topic_filter = memory_copy(topic_filter);
	rest = bytes_of(walk->topic_filter, topic_filter.len);
	while (mqtt_topic_level_next(&rest, &is_done, &level))
		walk_add_level(walk, level);
	return walk;
}

/* Stand on another node; NULL ends the walk. */
static void
walk_to(struct retained_walk *walk, struct node *node, size_t depth)
{
	struct node *before = walk->at;

	if (node != NULL)
		node->holds++;
	walk->at = node;
	walk->depth = depth;
	if (node == NULL)
		walk->is_done = true;
	if (before != NULL) {
		before->holds--;
		node_release(walk->retained, before);
	}
}

void
retained_walk_free(struct retained_walk **walk)
{
	if (*walk == NULL)
		return;
	walk_to(*walk, NULL, 0);
	free((*walk)->levels);
	free((*walk)->topic_filter);
	free(*walk);
	*walk = NULL;
}

/* The level of the filter for the children of a node at that depth. */
static const struct level *
walk_level(const struct retained_walk *walk, size_t depth)
{
	const struct level *last = &walk->levels[walk->level_count - 1];

	if (depth < walk->level_count)
		return &walk->levels[depth];
	return last->is_number ? last : NULL;
}

/* A first wildcard does not match $-topics [MQTT-4.7.2-1], nor what is below
 * them: does the walk stand on one? */
static bool
is_hidden(const struct retained_walk *walk)
{
	const struct level *first = &walk->levels[0];
	struct bytes level;

	if (walk->depth != 1 || walk->shows_all ||
	    (!first->is_plus && !first->is_number))
		return false;
	level = node_level(walk->at);
	return level.len > 0 && level.data[0] == '$';
}

static struct node *
first_child(struct retained_walk *walk)
{
	const struct level *level = walk_level(walk, walk->depth);

	/* Each that is hidden is a step too: there may be very many. */
	if (level == NULL || is_hidden(walk))
		return NULL;
	if (level->is_plus || level->is_number)
		return TAILQ_FIRST(&walk->at->children);
	return child_find(walk->retained, walk->at, level->text);
}

/* The next node in depth first order. */
static void
walk_step(struct retained_walk *walk)
{
	struct node *node = walk->is_begun ? first_child(walk)
					   : walk->retained->root;
	size_t depth = walk->is_begun ? walk->depth + 1 : 0;

	walk->is_begun = true;
	if (node != NULL) {
		walk_to(walk, node, depth);
		return;
	}
	for (node = walk->at, depth = walk->depth; node->parent != NULL;
	     node = node->parent, depth--) {
		const struct level *level = walk_level(walk, depth - 1);
		struct node *next;

		if (!level->is_plus && !level->is_number)
			continue;
		next = TAILQ_NEXT(node, sibling);
		if (next != NULL) {
			walk_to(walk, next, depth);
			return;
		}
	}
	walk_to(walk, NULL, 0);
}

/* Is there a message where the walk stands, and does the filter end there? */
static bool
walk_is_match(const struct retained_walk *walk)
{
	const struct level *last = &walk->levels[walk->level_count - 1];
	const struct message *message = walk->at->message;

	if (message == NULL || is_hidden(walk) ||
	    message_parts(message)->published_ns > walk->until_ns)
		return false;
	if (last->is_number) /* "a/#" matches "a" too (4.7.1.2) */
		return walk->depth + 1 >= walk->level_count;
	return walk->depth == walk->level_count;
}

struct message *
retained_walk_next(struct retained_walk *walk, uint64_t now_ms,
    unsigned int *steps)
{
	while (!walk->is_done && *steps > 0) {
		*steps -= 1;
		walk_step(walk);
		if (walk->is_done || !walk_is_match(walk))
			continue;
		if (!message_is_expired(walk->at->message, now_ms))
			return walk->at->message;
		node_clear(walk->retained, walk->at);
	}
	return NULL;
}

bool
retained_walk_is_done(const struct retained_walk *walk)
{
	return walk->is_done;
}

void
retained_sweep(struct retained *retained, uint64_t now_ms, unsigned int steps)
{
	if (retained->count == 0)
		return;
	if (retained->sweep == NULL) {
		retained->sweep = retained_walk_new(retained,
		    BYTES_LITERAL("#"), UINT64_MAX);
		retained->sweep->shows_all = true;
	}
	while (retained_walk_next(retained->sweep, now_ms, &steps) != NULL)
		;
	if (retained_walk_is_done(retained->sweep))
		retained_walk_free(&retained->sweep);
}
