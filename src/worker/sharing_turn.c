/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a member that leaves to another: its messages are taken out of its
 * session at once, and find another member over as many turns as it takes.
 */
#include "worker/journal.h"
#include "worker/router.h"
#include "worker/session.h"
#include "worker/session_queue.h"
#include "worker/sharing_internal.h"

/* Messages that find another member, and sessions that are drained, a turn. */
#define MESSAGES_PER_TURN 256
#define DRAINED_PER_TURN  4

/*
 * What may go to another: at QoS 2 only what was never sent [MQTT5-4.8.2-4,
 * -5]. PUBREL is no message.
 */
static bool
may_move(const struct pending *item)
{
	return item->share != NULL && item->message != NULL &&
	       (item->packet_id == 0 || item->qos == 1);
}

static bool
is_for_anyone(void *context, const struct pending *item)
{
	(void)context;
	return may_move(item);
}

static bool
is_for_others_online(void *context, const struct pending *item)
{
	(void)context;
	return may_move(item) && share_count_all(item->share).online > 0;
}

static bool
is_of_share(void *context, const struct pending *item)
{
	return item->share == context;
}

/* From a queue in memory. */
static void
take(struct session *session, struct pending_queue *queue,
    pending_filter *filter, void *context)
{
	struct pending_queue *orphans = &session->worker->sharing.orphans;
	struct pending_queue moved = { .ring = NULL };

	if (session->queue == NULL) {
		pending_queue_move(queue, filter, context, orphans);
		return;
	}
	pending_queue_move(queue, filter, context, &moved);
	while (pending_queue_count(&moved) > 0) {
		struct pending item = pending_queue_pop(&moved);

		session_queue_popped(session->queue, &item);

		sharing_orphan(session->queue, &item);
	}
	pending_queue_done(&moved);
}

/* Is there anybody online for what the session got of a share? */
static bool
others_are_online(const struct session *session)
{
	const struct subscription *subscription;

	LIST_FOREACH(subscription, &session->subscriptions, of_session)
	if (subscription->is_shared &&
	    share_count_all(subscription->share).online > 0)
		return true;
	return false;
}

void
sharing_shed(struct session *session)
{
	if (session->queue == NULL) {
		take(session, &session->state.inflight, is_for_others_online,
		    NULL);
		take(session, &session->state.queued, is_for_others_online,
		    NULL);
	} else if (session->queue->has_shared && others_are_online(session)) {
		sharing_drain_queue(session->queue);
	}
}

bool
sharing_end(struct session *session)
{
	if (session->queue != NULL) {
		/* What others were not there for has to go, too: begin anew. */
		sharing_drain_free(&session->queue->drain);
		if (session->queue->has_shared)
			sharing_drain_queue(session->queue);
		return session->queue->has_shared;
	}
	take(session, &session->state.inflight, is_for_anyone, NULL);
	take(session, &session->state.queued, is_for_anyone, NULL);
	return false;
}

bool
sharing_takes(struct session_queue *queue, struct pending *item)
{
	if (item->share == NULL ||
	    share_member(item->share, queue->session) != NULL ||
	    share_count_all(item->share).online == 0)
		return false;
	sharing_orphan(queue, item);
	return true;
}

void
sharing_unsubscribed(struct session *session, struct share *share)
{
	/* What it was sent is completed with it [MQTT5-3.10.4-4]. */
	if (share_count_all(share).online > 0)
		take(session, &session->state.queued, is_of_share, share);
}

void
sharing_drain(struct worker *worker, struct share *share)
{
	share->drained = 0;
	if (share->is_draining)
		return;
	share->is_draining = true;
	TAILQ_INSERT_TAIL(&worker->sharing.draining, share_ref(share),
	    in_draining);
}

/* Drain the next member. False if there is none left. */
static bool
drain_next(struct share *share)
{
	struct session *session;

	/* Who has come online meanwhile keeps what it has. */
	if (share->drained < share->online)
		share->drained = share->online;
	if (share->drained >= share->member_count)
		return false;
	session = share->members[share->drained++]->session;
	sharing_shed(session);
	return true;
}

static void
drain(struct worker *worker)
{
	struct share *share;
	unsigned int count = 0;

	while ((share = TAILQ_FIRST(&worker->sharing.draining)) != NULL) {
		while (drain_next(share))
			if (++count == DRAINED_PER_TURN)
				return;
		TAILQ_REMOVE(&worker->sharing.draining, share, in_draining);
		share->is_draining = false;
		share_unref(&share);
	}
}

static void
give(struct worker *worker, struct pending *item)
{
	if (item->sequence != IPC_STORE_NONE)
		sharing_give(worker, item);
	else if (!message_is_expired(item->message, worker_now_ms(worker)))
		router_share(worker, item->share, item->message);
}

void
sharing_turn(struct worker *worker)
{
	struct pending_queue *orphans = &worker->sharing.orphans;

	drain(worker);
	/* At the start nobody knows yet who is where. */
	if (!worker->is_ready)
		return;
	if (worker->sharing.has_restored)
		sharing_resend(worker);
	for (unsigned int i = 0;
	     i < MESSAGES_PER_TURN && pending_queue_count(orphans) > 0 &&
	     !worker_is_congested(worker);
	     i++) {
		struct pending item = pending_queue_pop(orphans);

		give(worker, &item);
		pending_done(&item);
	}
	pending_queue_rest(orphans);
	sharing_resume(worker);
}

bool
sharing_is_busy(const struct worker *worker)
{
	const struct sharing *sharing = &worker->sharing;

	return !TAILQ_EMPTY(&sharing->draining) ||
	       (pending_queue_count(&sharing->orphans) > 0 &&
		   !worker_is_congested(worker));
}
