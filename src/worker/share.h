/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Shared Subscription (MQTT 5.0, 4.8.2): a group's name and a Topic Filter,
 * the members that this worker's sessions are, and how many members each other
 * worker has. It says in turn who gets a message.
 *
 * It lives at the node of its filter as long as it has a member anywhere or
 * somebody holds a reference, as each message does that waits for a member.
 */
#ifndef SIGNET_WORKER_SHARE_H
#define SIGNET_WORKER_SHARE_H

#include <sys/queue.h>

#include "lib/buffer.h"
#include "lib/bytes.h"

struct session;
struct subscription;
struct topic_node;
struct topic_tree;

/* How many members a worker has. */
struct share_count {
	uint32_t online;
	uint32_t offline; /* of sessions without a connection */
};

struct share_elsewhere {
	unsigned int worker;
	struct share_count count;
	bool is_owed; /* the worker is gone: its members may return */
};

struct share {
	LIST_ENTRY(share) of_node;
	struct topic_tree *tree;
	struct topic_node *node;
	uint32_t references;

	struct subscription **members; /* here; those online are the first */
	uint32_t member_count;
	uint32_t member_capacity;
	uint32_t online;                   /* of the members here */
	struct share_elsewhere *elsewhere; /* by no order; NULL if none */
	uint32_t elsewhere_count;
	uint32_t turn;        /* counts picks among all members, */
	uint32_t member_turn; /* and among those here */

	/* See sharing.c; each list holds a reference. */
	struct share_count announced;
	uint64_t announced_number;
	TAILQ_ENTRY(share) in_changed;
	TAILQ_ENTRY(share) in_draining;
	bool is_changed;
	bool is_draining;
	uint32_t drained; /* members up to this position are */

	size_t group_len;
	uint8_t group[];
};

LIST_HEAD(share_list, share);

/* The share of this name. find: NULL if there is none. get: made if it is not
 * there; with a reference, as share_ref() returns it. */
struct share *share_find(struct topic_tree *tree, struct bytes topic_filter,
    struct bytes group);
struct share *share_get(struct topic_tree *tree, struct bytes topic_filter,
    struct bytes group);

struct share *share_ref(struct share *share);
/* Give a reference back; frees the share if nothing uses it. *share is NULL
 * afterwards. NULL is allowed. */
void share_unref(struct share **share);

/* Free the shares of a node whatever uses them: the tree ends. */
void share_list_free(struct share_list *shares);

struct bytes share_group(const struct share *share);

/* Append $share/<group>/<filter>, as its members subscribe. */
void share_filter(const struct share *share, struct buffer *out);

/* The session's subscription, or NULL. */
struct subscription *share_member(const struct share *share,
    const struct session *session);

/* A subscription becomes a member, ends, or gets or loses a connection. The
 * caller holds a reference while it removes one. */
void share_add(struct share *share, struct subscription *subscription,
    bool is_online);
void share_remove(struct subscription *subscription);
void share_set_online(struct subscription *subscription, bool is_online);

/* The members here, those of another worker, and those of all workers. */
struct share_count share_count_here(const struct share *share);
bool share_is_at(const struct share *share, unsigned int worker);
struct share_count share_count_all(const struct share *share);

/* So many members another worker has now. The caller holds a reference. */
void share_set_elsewhere(struct share *share, unsigned int worker,
    struct share_count count);

/*
 * A worker is gone: its members count as offline until the one that comes in
 * its place has said what it has; those that it has not named are over then.
 * The caller holds a reference.
 */
void share_worker_gone(struct share *share, unsigned int worker);
void share_worker_known(struct share *share, unsigned int worker);

/*
 * Which worker's member gets the next message: in turn, each worker as often
 * as it has members that are online; only if nobody is, as it has offline
 * ones. SHARE_HERE, SHARE_NOBODY or the other worker's index.
 */
#define SHARE_HERE   (-1)
#define SHARE_NOBODY (-2)
int share_pick(struct share *share);

/* The next member here in turn: an online one if there is any, else an offline
 * one; NULL if there is none. */
struct subscription *share_pick_member(struct share *share);

#endif
