/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiving side: what other workers keep until it is on disk here.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/journal.h"
#include "worker/moved.h"
#include "worker/router.h"
#include "worker/router_forward_internal.h"

static struct forward_received *
received_find(const struct forwards *forwards, uint64_t session)
{
	struct forward_received *received;

	HASH_FIND(hh, forwards->received, &session, sizeof(session), received);
	return received;
}

/* The position of an identifier; count if it is not noted. */
static uint32_t
received_position(const struct forward_received *received, uint16_t packet_id)
{
	uint32_t i = 0;

	while (i < received->count &&
	       (uint16_t)received->packet_ids[i] != packet_id)
		i++;
	return i;
}

static bool
is_noted(const struct forwards *forwards, const struct forward_origin *origin)
{
	const struct forward_received *received = received_find(forwards,
	    origin->session);

	return received != NULL &&
	       received_position(received, origin->packet_id) < received->count;
}

static void
received_free(struct forwards *forwards, struct forward_received *received)
{
	HASH_DEL(forwards->received, received);
	free(received->packet_ids);
	free(received);
}

static void
note(struct worker *worker, const struct forward_origin *origin, uint32_t flag)
{
	struct forwards *forwards = worker->forwards;
	struct forward_received *received = received_find(forwards,
	    origin->session);

	if (received == NULL) {
		received = memory_new(1, sizeof(*received));
		received->session = origin->session;
		HASH_ADD(hh, forwards->received, session,
		    sizeof(received->session), received);
	}
	received->packet_ids = memory_resize(received->packet_ids,
	    (received->count + 1) * sizeof(uint32_t));
	received->packet_ids[received->count++] = origin->packet_id | flag;
}

void
forwards_noted(struct worker *worker, const struct forward_origin *origin)
{
	note(worker, origin, FORWARD_ON_DISK);
}

static void
forget_on_disk(struct worker *worker, uint64_t session, uint32_t packet_id)
{
	if (packet_id & FORWARD_ON_DISK)
		journal_received_remove(worker, session, (uint16_t)packet_id);
}

/* Forget one note, or all of the session. */
static void
forget(struct worker *worker, const struct forward_origin *origin)
{
	struct forwards *forwards = worker->forwards;
	struct forward_received *received = received_find(forwards,
	    origin->session);
	uint32_t position;

	moved_forget(worker, origin);
	if (origin->packet_id == 0)
		sharing_forget_taken(worker, origin->session);
	if (received == NULL)
		return;
	if (origin->packet_id == 0) {
		for (uint32_t i = 0; i < received->count; i++)
			forget_on_disk(worker, origin->session,
			    received->packet_ids[i]);
		received_free(forwards, received);
		return;
	}
	position = received_position(received, origin->packet_id);
	if (position == received->count)
		return;
	forget_on_disk(worker, origin->session, received->packet_ids[position]);
	received->packet_ids[position] = received
					     ->packet_ids[--received->count];
	if (received->count == 0)
		received_free(forwards, received);
}

static void
owed_push(struct forwards *forwards, struct forward_owed *owed)
{
	TAILQ_INSERT_TAIL(&owed->peer->owed, owed, next);
	forwards->owing |= (worker_set)1 << (owed->peer - forwards->peers);
}

void
forwards_received_done(struct forwards *forwards)
{
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		forwards_peer_down(forwards->worker, i);
	while (forwards->received != NULL)
		received_free(forwards, forwards->received);
}

/* Is it on disk when the last that is owed is, and next to it? */
static bool
is_covered(const struct forward_owed *last, uint64_t number,
    uint64_t transaction)
{
	return last != NULL && last->numbers.to + 1 == number &&
	       (transaction == IPC_STORE_NONE ||
		   last->transaction == transaction);
}

/* Owe an acknowledgement for when it is on disk. */
static void
owe(struct forwards *forwards, struct forward_peer *peer, uint64_t number,
    uint64_t transaction)
{
	struct forward_owed *owed = TAILQ_LAST(&peer->owed, forward_owed_list);

	if (is_covered(owed, number, transaction)) {
		owed->numbers.to = number;
		return;
	}
	owed = memory_new(1, sizeof(*owed));
	owed->peer = peer;
	owed->numbers = (struct ipc_forward_ack){ number, number };
	owed->transaction = transaction;
	owed_push(forwards, owed);
}

/* Was it delivered? */
static bool
is_taken(const struct worker *worker, const struct forward_origin *origin)
{
	if (origin->session == 0)
		return false;
	return origin->packet_id == 0
		   ? sharing_has_taken(worker, origin->session)
		   : is_noted(worker->forwards, origin);
}

/* It is delivered: note that, so that it is not again. */
static void
take(struct worker *worker, unsigned int from,
    const struct ipc_forward *forward, struct router_result *result)
{
	struct forward_peer *peer = &worker->forwards->peers[from];
	struct forward_origin origin = { .session = forward->session,
		.packet_id = forward->packet_id };

	if (origin.session != 0 && origin.packet_id == 0) {
		sharing_taken(worker, origin.session,
		    forward->kind == IPC_FORWARD_PUBLISH);
		result->is_durable = true;
	} else if (origin.session != 0 && result->is_durable) {
		forwards_noted(worker, &origin);
		journal_received_put(worker, origin.session, origin.packet_id);
	} else if (origin.session != 0) {
		note(worker, &origin, 0);
	}
	if (result->is_durable && result->qos == 2) {
		peer->delivered = forward->number;
		journal_forwarded_put(worker, from, forward->number);
	}
}

/* Deliver it, unless it was: then that is on disk, or on its way. */
static int
deliver(struct worker *worker, unsigned int from,
    const struct ipc_forward *forward, struct buffer *storage,
    struct router_result *result)
{
	struct forward_origin origin = { .session = forward->session,
		.packet_id = forward->packet_id };
	bool is_repeated = forward->number <=
			   worker->forwards->peers[from].delivered;
	int error;

	*result = (struct router_result){ .is_durable = true };
	if (is_taken(worker, &origin))
		return 0;
	error = router_forwarded(worker, forward, storage, is_repeated, result);
	if (error == 0 && !result->is_repeated)
		take(worker, from, forward, result);
	return error;
}

int
on_forward_kept(struct worker *worker, struct proc_peer *from,
    const struct ipc_message *message)
{
	struct forwards *forwards = worker->forwards;
	struct forward_peer *peer = &forwards->peers[from->index];
	struct router_result result;
	struct ipc_forward forward;
	int error = ipc_forward_decode(message->payload, &forward);

	if (error != 0)
		return error;
	/* Nobody was told yet what is wanted here. */
	if (!journal_is_loaded(worker) || forward.number <= peer->taken_in)
		return -EBADMSG;
	error = deliver(worker, from->index, &forward, message->storage,
	    &result);
	if (error != 0)
		return error;
	peer->taken_in = forward.number;
	owe(forwards, peer, forward.number,
	    result.is_durable ? journal_covering(worker) : IPC_STORE_NONE);
	return 0;
}

int
forwards_take_row(struct worker *worker, const struct ipc_store_change *row)
{
	if (row->worker >= WORKER_SET_MAX)
		return -EBADMSG;
	worker->forwards->peers[row->worker].delivered = row->sequence;
	return 0;
}

int
on_forward_release(struct worker *worker, struct proc_peer *from,
    struct bytes payload)
{
	struct forward_peer *peer = &worker->forwards->peers[from->index];
	struct forward_origin origin;
	struct ipc_release release;
	int error = ipc_release_decode(payload, &release);

	if (error != 0)
		return error;
	if (release.number <= peer->taken_in)
		return -EBADMSG;
	origin = (struct forward_origin){ .session = release.session,
		.packet_id = release.packet_id };
	forget(worker, &origin);
	peer->taken_in = release.number;
	/* Even if nothing is noted now: a sender that has died since may have
	 * said it before, and that is still on its way to the disk. */
	owe(worker->forwards, peer, release.number, journal_covering(worker));
	return 0;
}

void
forwards_peer_up(struct worker *worker, unsigned int index)
{
	struct forward_peer *peer = &worker->forwards->peers[index];

	peer->taken_in = 0;
	peer->sent = 0;
}

void
forwards_peer_down(struct worker *worker, unsigned int index)
{
	struct forward_peer *peer = &worker->forwards->peers[index];
	struct forward_owed *owed;

	peer->sent = 0;
	worker->forwards->owing &= ~((worker_set)1 << index);
	while ((owed = TAILQ_FIRST(&peer->owed)) != NULL) {
		TAILQ_REMOVE(&peer->owed, owed, next);
		free(owed);
	}
}

/* Acknowledge to one worker what is on disk. */
static void
acknowledge(struct worker *worker, unsigned int index)
{
	struct forward_peer *peer = &worker->forwards->peers[index];
	struct forward_owed *owed;

	while ((owed = TAILQ_FIRST(&peer->owed)) != NULL &&
	       journal_is_written(worker, owed->transaction)) {
		TAILQ_REMOVE(&peer->owed, owed, next);
		worker->scratch.len = 0;
		ipc_forward_ack_encode(&owed->numbers, &worker->scratch);
		proc_peer_push(worker->child, worker->peers[index],
		    IPC_FORWARD_ACK, buffer_view(&worker->scratch), -1, false);
		free(owed);
	}
	if (owed == NULL)
		worker->forwards->owing &= ~((worker_set)1 << index);
}

void
forwards_turn_end(struct worker *worker)
{
	worker_set owing = worker->forwards->owing;

	for (unsigned int i = 0; owing != 0; i++, owing >>= 1)
		if (owing & 1)
			acknowledge(worker, i);
}
