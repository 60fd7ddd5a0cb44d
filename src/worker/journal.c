/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions: one is under way at most. The bytes of that one are kept until
 * it is on disk, and sent again to a store that does not have it.
 */
#include "worker/journal.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "worker/journal_internal.h"
#include "worker/moved.h"
#include "worker/presence.h"
#include "worker/retention.h"
#include "worker/router_forward.h"
#include "worker/session_restore.h"

/*
 * What nobody awaits leaves with what somebody does, or by itself when there is
 * so much of it, or after so long: else each message that is received as soon
 * as it is there would cost two syncs, and the next would wait for the second.
 */
#define QUIET_BYTES_MAX 65536
#define QUIET_MS_MAX    50

struct journal *
journal_new(struct worker *worker)
{
	struct journal *journal = memory_new(1, sizeof(*journal));

	journal->worker = worker;
	journal->gathering = 1;
	journal_changes_init(&journal->open);
	TAILQ_INIT(&journal->waits);
	return journal;
}

void
journal_free(struct journal **pointer)
{
	struct journal *journal = *pointer;

	if (journal == NULL)
		return;
	*pointer = NULL;
	journal_changes_clear(&journal->open);
	journal_parts_done(&journal->parts);
	free(journal);
}

bool
journal_is_loaded(const struct worker *worker)
{
	return worker->journal->is_loaded;
}

struct proc_peer *
journal_store(const struct worker *worker)
{
	const struct journal *journal = worker->journal;

	return journal->is_open ? journal->store : NULL;
}

uint64_t
journal_next_id(struct worker *worker)
{
	struct journal *journal = worker->journal;

	/* Neither is used up in a daemon's life. */
	if (journal->epoch == 0 ||
	    ++journal->ids >> IPC_STORE_COUNTER_BITS != 0)
		panic("ids are given out after the epoch, and never run out");
	return journal->epoch << IPC_STORE_COUNTER_BITS | journal->ids;
}

uint64_t
journal_first_id(const struct worker *worker)
{
	return worker->journal->epoch << IPC_STORE_COUNTER_BITS;
}

/* Is anything in the open transaction? */
static bool
has_gathered(const struct journal *journal)
{
	return !TAILQ_EMPTY(&journal->open.order);
}

uint64_t
journal_covering(const struct worker *worker)
{
	struct journal *journal = worker->journal;

	if (!has_gathered(journal))
		return journal->under_way;
	/* Who asks waits for it, or has others wait. */
	journal->open.is_awaited = true;
	return journal->gathering;
}

bool
journal_is_written(const struct worker *worker, uint64_t transaction)
{
	return transaction <= worker->journal->written;
}

void
journal_wait(struct worker *worker, struct journal_wait *wait)
{
	struct journal *journal = worker->journal;

	/* If nothing is unwritten, it is called at the turn's end: not sooner,
	 * or one that waits again and again would never let go. */
	wait->transaction = journal_covering(worker);
	if (wait->transaction == IPC_STORE_NONE)
		wait->transaction = journal->gathering;
	TAILQ_INSERT_TAIL(&journal->waits, wait, next);
}

void
journal_wait_cancel(struct worker *worker, struct journal_wait *wait)
{
	TAILQ_REMOVE(&worker->journal->waits, wait, next);
}

/* Let those go on that waited for what is written. */
static void
release_waits(struct journal *journal)
{
	struct journal_wait *wait;

	while ((wait = TAILQ_FIRST(&journal->waits)) != NULL &&
	       wait->transaction <= journal->written) {
		TAILQ_REMOVE(&journal->waits, wait, next);
		wait->on_written(journal->worker, wait);
	}
}

/* Send the parts of the one that is under way. */
static void
send_parts(struct journal *journal)
{
	for (size_t i = 0; i < journal->parts.count; i++) {
		uint8_t head[IPC_STORE_WRITE_HEAD_LEN];
		struct ipc_store_write write = {
			.transaction = journal->sent,
			.is_last = i + 1 == journal->parts.count,
		};
		struct bytes pieces[] = {
			bytes_of(head, sizeof(head)),
			buffer_view(&journal->parts.items[i]),
		};

		ipc_store_write_head(&write, head);
		proc_peer_push_parts(journal->worker->child, journal->store,
		    IPC_STORE_WRITE, pieces, 2, -1, false);
	}
}

static void
leave(struct journal *journal)
{
	journal_changes_encode(&journal->open, &journal->parts);
	journal_changes_clear(&journal->open);
	journal->under_way = journal->gathering++;
	journal->sent++;
	journal->quiet_ms = 0;
	send_parts(journal);
}

/* Is it time for what has gathered to leave? */
static bool
is_due(struct journal *journal)
{
	uint64_t now_ms = worker_now_ms(journal->worker);

	if (journal->open.is_awaited || journal->worker->is_stopping ||
	    journal->open.bytes >= QUIET_BYTES_MAX)
		return true;
	if (journal->quiet_ms == 0)
		journal->quiet_ms = now_ms;
	return now_ms - journal->quiet_ms >= QUIET_MS_MAX;
}

void
journal_turn_end(struct worker *worker)
{
	struct journal *journal = worker->journal;

	/* With nothing unwritten, all that was said so far is on disk; what is
	 * said from now on has another number. */
	if (journal->under_way == IPC_STORE_NONE && !has_gathered(journal)) {
		journal->written = journal->gathering++;
		release_waits(journal);
	}
	if (journal->is_open && journal->is_loaded &&
	    journal->under_way == IPC_STORE_NONE && has_gathered(journal) &&
	    is_due(journal))
		leave(journal);
}

/* The one that was under way is on disk. */
static void
transaction_written(struct journal *journal)
{
	journal->written = journal->under_way;
	journal->under_way = IPC_STORE_NONE;
	journal->worker->hole_count += journal->parts.bytes /
				       IPC_STORE_PART_LEN;
	journal_parts_done(&journal->parts);
	release_waits(journal);
}

bool
journal_is_full(const struct worker *worker)
{
	const struct journal *journal = worker->journal;

	return journal->open.bytes + journal->parts.bytes >
	       worker->config->limits.unwritten_bytes;
}

void
journal_store_up(struct worker *worker, struct proc_peer *peer)
{
	struct journal *journal = worker->journal;
	const struct ipc_start *start = &worker->child->start;
	struct ipc_store_open open = {
		.worker = worker->child->index,
		.worker_count = start->worker_count,
		.epoch = journal->epoch,
	};

	/* Half of what is kept, and nobody to ask for the rest. */
	if (journal->epoch != 0 && !journal->is_loaded)
		fatal("the store went away while its content was loaded");
	journal->store = peer;
	journal->is_open = false;
	memcpy(open.home_key, start->home_key, sizeof(open.home_key));
	worker->scratch.len = 0;
	ipc_store_open_encode(&open, &worker->scratch);
	proc_peer_push(worker->child, peer, IPC_STORE_OPEN,
	    buffer_view(&worker->scratch), -1, false);
}

void
journal_store_down(struct worker *worker)
{
	worker->journal->store = NULL;
	worker->journal->is_open = false;
}

/* The store has answered; what it does not have yet is sent again. */
static void
repeat(struct journal *journal, uint64_t last)
{
	if (journal->under_way == IPC_STORE_NONE)
		return;
	if (last == journal->sent)
		transaction_written(journal);
	else
		send_parts(journal);
}

static int
on_opened(struct journal *journal, struct bytes payload)
{
	struct ipc_store_state state;
	int error = ipc_store_state_decode(payload, &state);
	uint64_t least;

	if (error != 0)
		return error;
	if (journal->is_open || state.epoch == 0 ||
	    state.epoch > IPC_STORE_EPOCH_MAX)
		return -EBADMSG;
	if (journal->epoch == 0) {
		if (state.transaction != IPC_STORE_NONE)
			return -EBADMSG;
		journal->epoch = state.epoch;
		journal->is_open = true;
		return 0;
	}
	least = journal->under_way == IPC_STORE_NONE ? journal->sent
						     : journal->sent - 1;
	if (state.epoch != journal->epoch || state.transaction > journal->sent)
		return -EBADMSG;
	/* Whatever the reason: nothing makes up for it but to say so. */
	if (state.transaction < least)
		log_error(log_word("event", "store-went-back"),
		    log_number("transactions_lost",
			(int64_t)(least - state.transaction)),
		    log_string("hint", "what was on disk is no longer there: "
				       "check the disk and the file system"));
	journal->is_open = true;
	/* First what was asked of the old store: what goes on now may ask more. */
	session_store_up(journal->worker);
	repeat(journal, state.transaction);
	return 0;
}

static int
on_written(struct journal *journal, struct bytes payload)
{
	struct ipc_store_state state;
	int error = ipc_store_state_decode(payload, &state);

	if (error != 0)
		return error;
	if (!journal->is_open || journal->under_way == IPC_STORE_NONE ||
	    state.transaction != journal->sent)
		return -EBADMSG;
	transaction_written(journal);
	return 0;
}

static int
on_loaded(struct journal *journal)
{
	if (!journal->is_open || journal->is_loaded)
		return -EBADMSG;
	journal->is_loaded = true;
	session_loaded(journal->worker);
	sharing_loaded(journal->worker);
	interest_loaded(journal->worker);
	presence_loaded(journal->worker);
	return 0;
}

/* A PUBLISH at QoS 2 that sessions have got, by the homes of now or before. */
static int
note_received(struct worker *worker, const struct ipc_store_row *row)
{
	struct forward_origin origin = { .session = row->put.session,
		.packet_id = row->put.packet_id };
	struct ipc_store_homes homes;

	if (row->homes.len == 0) {
		moved_note_here(worker, &origin, IPC_STORE_NONE);
		return 0;
	}
	if (ipc_store_homes_decode(row->homes, &homes) != 0)
		return -EBADMSG;
	moved_note(worker, &origin, row->worker, &homes, IPC_STORE_NONE);
	return 0;
}

/* It is of a session here, or forwarded to here. */
static int
take_received(struct worker *worker, const struct ipc_store_row *row)
{
	struct forward_origin origin = { .session = row->put.session,
		.packet_id = row->put.packet_id };
	int error = session_take_row(worker, row);

	if (error != 0 && error != -ENOENT)
		return error;
	if (error == 0)
		forwards_restored(worker, &origin);
	else if (row->homes.len == 0) {
		forwards_noted(worker, &origin);
		return 0;
	}
	return note_received(worker, row);
}

static int
on_row(struct journal *journal, struct bytes payload)
{
	struct ipc_store_row row;
	int error = ipc_store_row_decode(payload, &row);

	if (error != 0)
		return error;
	if (!journal->is_open || journal->is_loaded)
		return -EBADMSG;
	switch (row.put.type) {
	case IPC_STORE_RECEIVED_PUT:
		return take_received(journal->worker, &row);
	case IPC_STORE_RETAINED_PUT:
		return retention_take_row(journal->worker, &row.put);
	case IPC_STORE_SESSION_PUT:
	case IPC_STORE_SUBSCRIPTION_PUT:
		return session_take_row(journal->worker, &row);
	case IPC_STORE_FORWARDED_PUT:
		return forwards_take_row(journal->worker, &row.put);
	case IPC_STORE_SHARE_PUT:
		return sharing_take_row(journal->worker, &row);
	default:
		return -EBADMSG;
	}
}

int
on_store_message(struct worker *worker, const struct ipc_message *message)
{
	struct journal *journal = worker->journal;

	switch (message->type) {
	case IPC_STORE_OPENED:
		return on_opened(journal, message->payload);
	case IPC_STORE_ROW:
		return on_row(journal, message->payload);
	case IPC_STORE_LOADED:
		return on_loaded(journal);
	case IPC_STORE_WRITTEN:
		return on_written(journal, message->payload);
	default:
		return on_store_page(worker, message);
	}
}
