/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members: who is one, and what the other workers are told of it.
 */
#include "worker/sharing.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/topic.h"
#include "worker/journal.h"
#include "worker/session.h"
#include "worker/sharing_internal.h"

void
sharing_init(struct sharing *sharing)
{
	TAILQ_INIT(&sharing->changed);
	TAILQ_INIT(&sharing->draining);
	TAILQ_INIT(&sharing->paused);
	TAILQ_INIT(&sharing->debts);
}

void
sharing_done(struct worker *worker)
{
	struct sharing *sharing = &worker->sharing;
	struct share *share;

	while ((share = TAILQ_FIRST(&sharing->changed)) != NULL) {
		TAILQ_REMOVE(&sharing->changed, share, in_changed);
		share_unref(&share);
	}
	while ((share = TAILQ_FIRST(&sharing->draining)) != NULL) {
		TAILQ_REMOVE(&sharing->draining, share, in_draining);
		share_unref(&share);
	}
	sharing_forget_debts(worker);
	pending_queue_done(&sharing->orphans);
}

static void
changed(struct worker *worker, struct share *share)
{
	if (share->is_changed)
		return;
	share->is_changed = true;
	TAILQ_INSERT_TAIL(&worker->sharing.changed, share_ref(share),
	    in_changed);
}

static void
tell(struct worker *worker, struct proc_peer *peer, const struct share *share)
{
	struct share_count count = share_count_here(share);
	struct buffer filter = { .data = NULL };
	struct ipc_interest_share interest = {
		.number = worker->interest.announced,
		.online = count.online,
		.offline = count.offline,
		.group = share_group(share),
	};

	topic_node_filter(share->node, &filter);
	interest.topic_filter = buffer_view(&filter);
	worker->scratch.len = 0;
	ipc_interest_share_encode(&interest, &worker->scratch);
	proc_peer_push(worker->child, peer, IPC_INTEREST_SHARE,
	    buffer_view(&worker->scratch), -1, false);
	buffer_done(&filter);
}

static bool
is_announced(const struct share *share)
{
	return share->announced.online > 0 || share->announced.offline > 0;
}

static void
announce(struct worker *worker, struct share *share)
{
	struct share_count count = share_count_here(share);

	if (count.online == share->announced.online &&
	    count.offline == share->announced.offline)
		return;
	worker->interest.announced++;
	if (!is_announced(share))
		share->announced_number = worker->interest.announced;
	share->announced = count;
	/* While this worker loads, nobody is told: see interest_loaded(). */
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (worker->peers[i] != NULL && journal_is_loaded(worker))
			tell(worker, worker->peers[i], share);
}

void
sharing_announce(struct worker *worker)
{
	struct share *share;

	while ((share = TAILQ_FIRST(&worker->sharing.changed)) != NULL) {
		TAILQ_REMOVE(&worker->sharing.changed, share, in_changed);
		share->is_changed = false;
		announce(worker, share);
		share_unref(&share);
	}
}

/* was: the members of all workers before something changed. */
static void
drain_if_first(struct worker *worker, struct share *share,
    struct share_count was)
{
	if (was.online == 0 && share_count_all(share).online > 0 &&
	    share->member_count > share->online)
		sharing_drain(worker, share);
}

void
sharing_join(struct worker *worker, struct share *share,
    struct subscription *subscription)
{
	struct share_count was = share_count_all(share);

	share_add(share, subscription,
	    subscription->session->connection != NULL);
	/* The first must be known before the SUBACK, the others need not. */
	if (is_announced(share))
		changed(worker, share);
	else
		announce(worker, share);
	drain_if_first(worker, share, was);
}

void
sharing_leave(struct worker *worker, struct subscription *subscription)
{
	struct share *share = share_ref(subscription->share);

	share_remove(subscription);
	changed(worker, share);
	share_unref(&share);
}

/* Each of the session's shares has a member more, or less, that is online. */
static void
set_online(struct session *session, bool is_online)
{
	struct worker *worker = session->worker;
	struct subscription *subscription;

	LIST_FOREACH(subscription, &session->subscriptions, of_session)
	{
		struct share *share = subscription_share(subscription);
		struct share_count was;

		if (share == NULL)
			continue;
		was = share_count_all(share);
		share_set_online(subscription, is_online);
		changed(worker, share);
		drain_if_first(worker, share, was);
	}
}

void
sharing_attach(struct session *session)
{
	if (session->share_count > 0)
		set_online(session, true);
}

void
sharing_detach(struct session *session)
{
	if (session->share_count > 0)
		set_online(session, false);
	sharing_shed(session);
}

static void
tell_peer(void *context, struct share *share)
{
	struct sharing_peer *telling = context;

	if (share->member_count > 0)
		tell(telling->worker, telling->peer, share);
}

void
sharing_peer_up(struct worker *worker, struct proc_peer *peer)
{
	struct sharing_peer telling = { .worker = worker, .peer = peer };

	topic_tree_each_share(worker->topics, tell_peer, &telling);
}

static void
collect(void *context, struct share *share)
{
	struct sharing_peer *gone = context;

	if (!share_is_at(share, gone->peer->index))
		return;
	gone->shares = memory_resize(gone->shares,
	    (gone->count + 1) * sizeof(struct share *));
	gone->shares[gone->count++] = share_ref(share);
}

static void
each_share_at(struct worker *worker, struct proc_peer *peer,
    void (*visit)(struct share *share, unsigned int worker))
{
	struct sharing_peer at = { .worker = worker, .peer = peer };

	topic_tree_each_share(worker->topics, collect, &at);
	for (size_t i = 0; i < at.count; i++) {
		visit(at.shares[i], peer->index);
		share_unref(&at.shares[i]);
	}
	free(at.shares);
}

void
sharing_peer_down(struct worker *worker, struct proc_peer *peer)
{
	each_share_at(worker, peer, share_worker_gone);
}

void
sharing_peer_known(struct worker *worker, struct proc_peer *peer)
{
	each_share_at(worker, peer, share_worker_known);
}

/* Could a SUBSCRIBE have named it so [MQTT5-4.8.2-1, -2]? */
static bool
is_valid(struct bytes group, struct bytes topic_filter)
{
	for (size_t i = 0; i < group.len; i++)
		if (group.data[i] == '/' || group.data[i] == '+' ||
		    group.data[i] == '#')
			return false;
	return mqtt_topic_filter_is_valid(topic_filter);
}

int
on_interest_share(struct worker *worker, struct proc_peer *peer,
    struct bytes payload)
{
	struct ipc_interest_share interest;
	struct share_count was;
	struct share *share;
	int error = ipc_interest_share_decode(payload, &interest);

	if (error != 0)
		return error;
	if (!is_valid(interest.group, interest.topic_filter))
		return -EBADMSG;
	share = share_get(worker->topics, interest.topic_filter,
	    interest.group);
	was = share_count_all(share);
	share_set_elsewhere(share, peer->index,
	    (struct share_count){ interest.online, interest.offline });
	drain_if_first(worker, share, was);
	share_unref(&share);
	worker->interest.owed[peer->index] = interest.number;
	return 0;
}

int
sharing_await(struct worker *worker, struct bytes group,
    struct bytes topic_filter, const struct ipc_publish *parts)
{
	struct message *message;
	struct share *share;

	if (!is_valid(group, topic_filter))
		return -EBADMSG;
	share = share_get(worker->topics, topic_filter, group);
	message = message_new(parts);
	sharing_keep(worker, share, message);
	message_unref(&message);
	share_unref(&share);
	return 0;
}
