/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/interest.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/topic.h"
#include "worker/connection.h"
#include "worker/journal.h"
#include "worker/retention.h"
#include "worker/router_forward.h"
#include "worker/session.h"
#include "worker/sys.h"
#include "worker/worker.h"

void
interest_init(struct interest *interest)
{
	STAILQ_INIT(&interest->waits);
}

void
interest_done(struct interest *interest)
{
	struct interest_wait *wait;

	while ((wait = STAILQ_FIRST(&interest->waits)) != NULL) {
		STAILQ_REMOVE_HEAD(&interest->waits, next);
		free(wait);
	}
}

static void
interest_push(struct worker *worker, struct proc_peer *peer,
    enum ipc_message_type type, const struct ipc_interest *interest)
{
	worker->scratch.len = 0;
	ipc_interest_encode(interest, &worker->scratch);
	proc_peer_push(worker->child, peer, type, buffer_view(&worker->scratch),
	    -1, false);
}

static void
interest_tell(struct worker *worker, struct proc_peer *peer,
    enum ipc_message_type type, const struct topic_node *node)
{
	struct buffer filter = { .data = NULL };
	struct ipc_interest interest = { .number = worker->interest.announced };

	topic_node_filter(node, &filter);
	interest.topic_filter = buffer_view(&filter);
	interest_push(worker, peer, type, &interest);
	buffer_done(&filter);
}

static void
interest_tell_all(struct worker *worker, enum ipc_message_type type,
    const struct topic_node *node)
{
	worker->interest.announced++;
	if (!journal_is_loaded(worker))
		return;
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (worker->peers[i] != NULL)
			interest_tell(worker, worker->peers[i], type, node);
}

/* What kind of interest there is in a filter with subscribers. */
static enum ipc_message_type
interest_type(const struct topic_node *node)
{
	return topic_node_durable_count(node) > 0 ? IPC_INTEREST_DURABLE
						  : IPC_INTEREST_ADD;
}

static void
interest_announce(struct worker *worker, const struct topic_node *node)
{
	interest_tell_all(worker, interest_type(node), node);
}

void
interest_subscribed(struct subscription *subscription, bool is_new)
{
	const struct session *session = subscription->session;
	struct topic_node *node = subscription->node;
	enum ipc_message_type before = interest_type(node);

	topic_node_set_durable(subscription,
	    session->number != IPC_STORE_NONE && subscription->qos > 0);
	if ((is_new && topic_node_subscription_count(node) == 1) ||
	    interest_type(node) != before)
		interest_announce(session->worker, node);
}

void
interest_unsubscribe(struct subscription *subscription)
{
	struct worker *worker = subscription->session->worker;
	struct topic_node *node = subscription->node;
	enum ipc_message_type before = interest_type(node);

	topic_node_set_durable(subscription, false);
	if (topic_node_subscription_count(node) == 1)
		interest_tell_all(worker, IPC_INTEREST_REMOVE, node);
	else if (interest_type(node) != before)
		interest_announce(worker, node);
}

/* Up to which announcement every worker has taken ours in. */
static uint64_t
taken_in_by_all(const struct worker *worker)
{
	uint64_t least = worker->interest.announced;

	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (worker->peers[i] != NULL &&
		    worker->interest.taken_in[i] < least)
			least = worker->interest.taken_in[i];
	return least;
}

bool
interest_is_taken_in(const struct worker *worker, uint64_t number)
{
	return number <= taken_in_by_all(worker);
}

void
interest_send_after(struct worker *worker, struct connection *connection,
    uint64_t number, struct bytes packet)
{
	struct interest_wait *wait;

	if (interest_is_taken_in(worker, number) &&
	    STAILQ_EMPTY(&worker->interest.waits)) {
		connection_send(connection, packet);
		return;
	}
	wait = memory_new(1, sizeof(*wait) + packet.len);
	wait->connection = connection;
	wait->number = number;
	wait->len = packet.len;
	memcpy(wait->packet, packet.data, packet.len);
	connection->waiting_subacks++;
	STAILQ_INSERT_TAIL(&worker->interest.waits, wait, next);
}

void
interest_forget(struct worker *worker, struct connection *connection)
{
	struct interest_wait *wait;

	if (connection->waiting_subacks == 0)
		return;
	STAILQ_FOREACH(wait, &worker->interest.waits, next)
	if (wait->connection == connection)
		wait->connection = NULL;
	connection->waiting_subacks = 0;
}

/* Begin and send what waited for no more than what is taken in now. */
static void
interest_release(struct worker *worker)
{
	uint64_t number = taken_in_by_all(worker);
	struct interest_wait *wait;

	retention_taken_in(worker, number);
	while ((wait = STAILQ_FIRST(&worker->interest.waits)) != NULL &&
	       wait->number <= number) {
		STAILQ_REMOVE_HEAD(&worker->interest.waits, next);
		if (wait->connection != NULL) {
			wait->connection->waiting_subacks--;
			connection_send(wait->connection,
			    bytes_of(wait->packet, wait->len));
		}
		free(wait);
	}
}

struct telling {
	struct worker *worker;
	struct proc_peer *peer;
};

static void
tell_subscribed(void *context, struct topic_node *node)
{
	struct telling *telling = context;

	interest_tell(telling->worker, telling->peer, interest_type(node),
	    node);
}

static void
tell_everything(struct worker *worker, struct proc_peer *peer)
{
	struct telling telling = { worker, peer };
	struct ipc_interest sync = { .number = worker->interest.announced };

	topic_tree_each_subscribed(worker->topics, tell_subscribed, &telling);
	sharing_peer_up(worker, peer);
	interest_push(worker, peer, IPC_INTEREST_SYNC, &sync);
}

void
interest_peer_up(struct worker *worker, struct proc_peer *peer)
{
	worker->interest.taken_in[peer->index] = 0;
	worker->interest.owed[peer->index] = 0;
	worker->interest.synced &= ~((worker_set)1 << peer->index);
	if (journal_is_loaded(worker))
		tell_everything(worker, peer);
}

void
interest_loaded(struct worker *worker)
{
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (worker->peers[i] != NULL)
			tell_everything(worker, worker->peers[i]);
}

void
interest_peer_down(struct worker *worker, struct proc_peer *peer)
{
	topic_tree_worker_gone(worker->topics, peer->index);
	sharing_peer_down(worker, peer);
	worker->interest.owed[peer->index] = 0;
	worker->interest.synced &= ~((worker_set)1 << peer->index);
	/* Nobody waits any longer for one that is gone. */
	interest_release(worker);
}

/* Decode what names a filter. */
static int
interest_decode_filter(struct bytes payload, struct ipc_interest *interest)
{
	int error = ipc_interest_decode(payload, interest);

	if (error != 0)
		return error;
	if (!mqtt_topic_filter_is_valid(interest->topic_filter))
		return -EBADMSG;
	return 0;
}

int
on_interest_add(struct worker *worker, struct proc_peer *peer,
    struct bytes payload, bool is_durable)
{
	struct ipc_interest interest;
	int error = interest_decode_filter(payload, &interest);

	if (error != 0)
		return error;
	topic_node_add_worker(topic_tree_node(worker->topics,
				  interest.topic_filter),
	    peer->index, is_durable);
	worker->interest.owed[peer->index] = interest.number;
	return 0;
}

int
on_interest_remove(struct worker *worker, struct proc_peer *peer,
    struct bytes payload)
{
	struct ipc_interest interest;
	int error = interest_decode_filter(payload, &interest);
	struct topic_node *node;

	if (error != 0)
		return error;
	node = topic_tree_find(worker->topics, interest.topic_filter);
	if (node == NULL)
		return -EBADMSG;
	topic_node_remove_worker(worker->topics, node, peer->index);
	worker->interest.owed[peer->index] = interest.number;
	return 0;
}

int
on_interest_sync(struct worker *worker, struct proc_peer *peer,
    struct bytes payload)
{
	struct ipc_interest interest;
	int error = ipc_interest_decode(payload, &interest);

	if (error != 0)
		return error;
	worker->interest.synced |= (worker_set)1 << peer->index;
	worker->interest.owed[peer->index] = interest.number;
	topic_tree_worker_known(worker->topics, peer->index);
	sharing_peer_known(worker, peer);
	forwards_resume(worker, peer->index);
	retention_resume(worker, peer->index);
	sys_peer_known(worker);
	return 0;
}

int
on_interest_ack(struct worker *worker, struct proc_peer *peer,
    struct bytes payload)
{
	struct ipc_interest interest;
	int error = ipc_interest_decode(payload, &interest);

	if (error != 0)
		return error;
	if (interest.number > worker->interest.announced)
		return -EBADMSG;
	worker->interest.taken_in[peer->index] = interest.number;
	interest_release(worker);
	return 0;
}

void
interest_turn_end(struct worker *worker)
{
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++) {
		struct ipc_interest ack = {
			.number = worker->interest.owed[i],
		};

		if (ack.number == 0 || worker->peers[i] == NULL)
			continue;
		interest_push(worker, worker->peers[i], IPC_INTEREST_ACK, &ack);
		worker->interest.owed[i] = 0;
	}
}

bool
interest_is_known(const struct worker *worker, unsigned int index)
{
	return worker->peers[index] != NULL &&
	       (worker->interest.synced >> index & 1) != 0;
}

bool
interest_is_complete(const struct worker *worker)
{
	for (unsigned int i = 0; i < worker->child->start.worker_count; i++)
		if (i != worker->child->index && !interest_is_known(worker, i))
			return false;
	return true;
}
