/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/router_forward.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/journal.h"
#include "worker/moved.h"
#include "worker/router_forward_internal.h"
#include "worker/session.h"

struct forwards *
forwards_new(struct worker *worker)
{
	struct forwards *forwards = memory_new(1, sizeof(*forwards));

	forwards->worker = worker;
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++) {
		TAILQ_INIT(&forwards->peers[i].kept);
		TAILQ_INIT(&forwards->peers[i].owed);
	}
	return forwards;
}

/* It is acknowledged, or nobody is left to do so. */
static void
kept_free(struct forwards *forwards, struct forward_peer *peer,
    struct forward_kept *kept, bool is_acknowledged)
{
	struct forward_wait *wait;

	TAILQ_REMOVE(&peer->kept, kept, next);
	forwards->bytes -= kept->bytes;
	while ((wait = LIST_FIRST(&kept->waits)) != NULL) {
		LIST_REMOVE(wait, next);
		if (is_acknowledged)
			wait->on_acknowledged(forwards->worker, wait);
	}
	message_unref(&kept->message);
	free(kept);
}

static void
note_free(struct forwards *forwards, struct forward_note *note)
{
	HASH_DEL(forwards->notes, note);
	free(note);
}

void
forwards_free(struct forwards **pointer)
{
	struct forwards *forwards = *pointer;

	if (forwards == NULL)
		return;
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		while (!TAILQ_EMPTY(&forwards->peers[i].kept))
			kept_free(forwards, &forwards->peers[i],
			    TAILQ_FIRST(&forwards->peers[i].kept), false);
	while (forwards->notes != NULL)
		note_free(forwards, forwards->notes);
	forwards_received_done(forwards);
	free(forwards);
	*pointer = NULL;
}

static void
send_release(struct worker *worker, unsigned int index,
    const struct forward_kept *kept)
{
	struct ipc_release release = {
		.number = kept->number,
		.session = kept->origin.session,
		.packet_id = kept->origin.packet_id,
	};

	worker->scratch.len = 0;
	ipc_release_encode(&release, &worker->scratch);
	proc_peer_push(worker->child, worker->peers[index], IPC_FORWARD_RELEASE,
	    buffer_view(&worker->scratch), -1, false);
}

static void
send_message(struct worker *worker, unsigned int index,
    const struct forward_kept *kept)
{
	struct ipc_forward forward = {
		.kind = kept->names_len > 0 ? IPC_FORWARD_SHARE
					    : IPC_FORWARD_PUBLISH,
		.number = kept->number,
		.kept_id = message_kept_id(kept->message),
		.session = kept->origin.session,
		.packet_id = kept->origin.packet_id,
		.is_unsure = kept->origin.is_unsure,
	};
	struct ipc_publish_share share = {
		.has_interest = kept->has_interest,
		.hops = kept->hops,
		.names = bytes_of(kept->names, kept->names_len),
		.publish = *message_parts(kept->message),
	};
	struct bytes pieces[1 + IPC_PUBLISH_SHARE_PART_COUNT];
	uint8_t head[IPC_FORWARD_HEAD_LEN];
	uint8_t content_head[IPC_PUBLISH_SHARE_HEAD_LEN];
	size_t count = 1 + IPC_PUBLISH_PART_COUNT;

	ipc_forward_head(&forward, head);
	pieces[0] = bytes_of(head, sizeof(head));
	if (forward.kind == IPC_FORWARD_SHARE) {
		ipc_publish_share_parts(&share, content_head, pieces + 1);
		count = 1 + IPC_PUBLISH_SHARE_PART_COUNT;
	} else {
		ipc_publish_parts(&share.publish, content_head, pieces + 1);
	}
	proc_peer_push_parts(worker->child, worker->peers[index],
	    IPC_FORWARD_KEPT, pieces, count, -1, false);
}

static void
send_kept(struct worker *worker, unsigned int index, struct forward_kept *kept)
{
	worker->forwards->peers[index].sent = kept->number;
	if (kept->message == NULL)
		send_release(worker, index, kept);
	else
		send_message(worker, index, kept);
	/* If it is sent again, it is to another process. */
	kept->origin.is_unsure = true;
}

/* Keep one and send it, if it is known who gets it. */
static void
keep(struct worker *worker, unsigned int index, struct forward_kept *kept)
{
	struct forwards *forwards = worker->forwards;
	struct forward_peer *peer = &forwards->peers[index];

	if (peer->given == 0)
		peer->given = journal_first_id(worker);
	kept->number = ++peer->given;
	forwards->bytes += kept->bytes;
	LIST_INIT(&kept->waits);
	TAILQ_INSERT_TAIL(&peer->kept, kept, next);
	if (interest_is_known(worker, index))
		send_kept(worker, index, kept);
}

static struct forward_note *
note_find(const struct forwards *forwards, const struct forward_origin *origin)
{
	struct forward_note key = { .key = { origin->session,
					origin->packet_id } };
	struct forward_note *note;

	HASH_FIND(hh, forwards->notes, &key.key, sizeof(key.key), note);
	return note;
}

static struct forward_note *
note_get(struct forwards *forwards, const struct forward_origin *origin)
{
	struct forward_note *note = note_find(forwards, origin);

	if (note != NULL)
		return note;
	note = memory_new(1, sizeof(*note));
	note->key.session = origin->session;
	note->key.packet_id = origin->packet_id;
	HASH_ADD(hh, forwards->notes, key, sizeof(note->key), note);
	return note;
}

void
forwards_publish(struct worker *worker, unsigned int index,
    struct message *message, const struct forward_origin *origin,
    const struct forward_share *share)
{
	struct forward_kept *kept = memory_new(1,
	    sizeof(*kept) + share->names.len);

	kept->origin = *origin;
	kept->message = message_ref(message);
	kept->hops = share->hops;
	kept->has_interest = share->has_interest;
	kept->names_len = share->names.len;
	if (share->names.len > 0)
		memcpy(kept->names, share->names.data, share->names.len);
	kept->bytes = sizeof(*kept) + share->names.len + message_bytes(message);
	if (origin->packet_id != 0)
		note_get(worker->forwards, origin)->workers |= (worker_set)1
							       << index;
	keep(worker, index, kept);
}

/* The one that is of a PUBLISH; NULL if there is none. */
static struct forward_kept *
kept_of(const struct forward_peer *peer, const struct forward_origin *origin)
{
	struct forward_kept *kept;

	TAILQ_FOREACH(kept, &peer->kept, next)
	if (kept->origin.session == origin->session &&
	    kept->origin.packet_id == origin->packet_id &&
	    kept->message != NULL)
		return kept;
	return NULL;
}

worker_set
forwards_of(const struct worker *worker, const struct forward_origin *origin)
{
	const struct forwards *forwards = worker->forwards;
	worker_set workers = 0;

	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (kept_of(&forwards->peers[i], origin) != NULL)
			workers |= (worker_set)1 << i;
	return workers;
}

void
forwards_wait(struct worker *worker, unsigned int index,
    const struct forward_origin *origin, struct forward_wait *wait)
{
	struct forward_peer *peer = &worker->forwards->peers[index];

	wait->kept = origin != NULL
			 ? kept_of(peer, origin)
			 : TAILQ_LAST(&peer->kept, forward_kept_list);
	if (wait->kept == NULL)
		panic("what is waited for is kept");
	LIST_INSERT_HEAD(&wait->kept->waits, wait, next);
}

void
forwards_wait_cancel(struct forward_wait *wait)
{
	LIST_REMOVE(wait, next);
}

bool
forwards_is_full(const struct worker *worker)
{
	return worker->forwards->bytes > worker->config->limits.unwritten_bytes;
}

void
forwards_restored(struct worker *worker, const struct forward_origin *origin)
{
	struct forward_note *note = note_get(worker->forwards, origin);

	note->is_restored = true;
	note->workers = ~(worker_set)0;
}

bool
forwards_take_restored(struct worker *worker,
    const struct forward_origin *origin)
{
	struct forward_note *note = note_find(worker->forwards, origin);

	if (note == NULL || !note->is_restored)
		return false;
	note->is_restored = false;
	return true;
}

void
forwards_suspect(struct worker *worker, const struct forward_origin *origin)
{
	note_get(worker->forwards, origin)->workers = ~(worker_set)0;
}

void
forwards_release_to(struct worker *worker, unsigned int index,
    const struct forward_origin *origin)
{
	struct forward_kept *kept = memory_new(1, sizeof(*kept));

	kept->origin = *origin;
	kept->bytes = sizeof(*kept);
	keep(worker, index, kept);
}

static void
release_to_all(struct worker *worker, const struct forward_origin *origin,
    worker_set workers)
{
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (workers >> i & 1)
			forwards_release_to(worker, i, origin);
}

worker_set
forwards_release(struct worker *worker, const struct forward_origin *origin,
    bool is_known)
{
	struct forward_note *note = note_find(worker->forwards, origin);
	worker_set workers = is_known ? 0 : ~(worker_set)0;

	if (note != NULL) {
		workers = note->workers;
		note_free(worker->forwards, note);
	}
	moved_end(worker, origin);
	workers &= worker_others(worker);
	release_to_all(worker, origin, workers);
	return workers;
}

void
forwards_forget(struct session *session)
{
	struct forward_origin origin = { .session = session->number };
	struct forward_origin all = origin;
	struct worker *worker = session->worker;

	for (uint16_t i = 0; i < session->state.received_count; i++) {
		struct forward_note *note;

		origin.packet_id = session->state.received[i];
		note = note_find(worker->forwards, &origin);
		if (note != NULL)
			note_free(worker->forwards, note);
	}
	/* The store has removed what it had of the session. */
	moved_forget(worker, &all);
	release_to_all(worker, &all, worker_others(worker));
}

void
forwards_resume(struct worker *worker, unsigned int index)
{
	struct forward_peer *peer = &worker->forwards->peers[index];
	struct forward_kept *kept;

	TAILQ_FOREACH(kept, &peer->kept, next)
	send_kept(worker, index, kept);
}

int
on_forward_ack(struct worker *worker, struct proc_peer *from,
    struct bytes payload)
{
	struct forwards *forwards = worker->forwards;
	struct forward_peer *peer = &forwards->peers[from->index];
	struct forward_kept *kept, *next;
	struct ipc_forward_ack ack;
	int error = ipc_forward_ack_decode(payload, &ack);

	if (error != 0)
		return error;
	if (ack.to > peer->sent)
		return -EBADMSG;
	for (kept = TAILQ_FIRST(&peer->kept);
	     kept != NULL && kept->number <= ack.to; kept = next) {
		next = TAILQ_NEXT(kept, next);
		if (kept->number >= ack.from)
			kept_free(forwards, peer, kept, true);
	}
	return 0;
}
