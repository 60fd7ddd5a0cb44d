/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes of what was taken: of a debt, by whoever has taken it; of a will, for
 * the sessions that were at home at a worker then (moved.h).
 */
#include <stdlib.h>

#include "lib/memory.h"
#include "lib/pack.h"
#include "lib/table.h"
#include "worker/journal.h"
#include "worker/moved.h"
#include "worker/sharing_internal.h"

struct sharing_note {
	UT_hash_handle hh;
	uint64_t id;     /* of the debt's row */
	uint64_t row;    /* of the one that keeps this */
	unsigned int by; /* the worker whose the row is */
};

static struct sharing_note *
note_find(const struct worker *worker, uint64_t id)
{
	struct sharing_note *found;

	HASH_FIND(hh, worker->sharing.notes, &id, sizeof(id), found);
	return found;
}

static void
note_new(struct worker *worker, uint64_t id, uint64_t row, unsigned int by)
{
	struct sharing_note *made = memory_new(1, sizeof(*made));

	made->id = id;
	made->row = row;
	made->by = by;
	HASH_ADD(hh, worker->sharing.notes, id, sizeof(made->id), made);
}

static void
note_free(struct worker *worker, struct sharing_note *note)
{
	HASH_DEL(worker->sharing.notes, note);
	free(note);
}

bool
sharing_has_taken(const struct worker *worker, uint64_t id)
{
	struct forward_origin origin = { .session = id };

	return note_find(worker, id) != NULL ||
	       moved_is_noted_here(worker, &origin);
}

static void
put_row(struct worker *worker, uint64_t row, struct bytes value)
{
	/* It has no name, and has to have one. */
	journal_share_put(worker, row, BYTES_LITERAL("$share"), value, NULL);
}

static void
take_will(struct worker *worker, uint64_t id, uint64_t row)
{
	struct forward_origin origin = { .session = id };
	struct ipc_store_homes homes = moved_homes(worker);
	struct buffer value = { .data = NULL };

	pack_u8(&value, SHARING_ROW_WILL_NOTE);
	pack_u64(&value, id);
	ipc_store_homes_encode(&homes, &value);
	put_row(worker, row, buffer_view(&value));
	moved_note_here(worker, &origin, row);
	buffer_done(&value);
}

static void
take_debt(struct worker *worker, uint64_t id, uint64_t row)
{
	struct buffer value = { .data = NULL };

	pack_u8(&value, SHARING_ROW_NOTE);
	pack_u64(&value, id);
	put_row(worker, row, buffer_view(&value));
	note_new(worker, id, row, worker->child->index);
	buffer_done(&value);
}

void
sharing_taken(struct worker *worker, uint64_t id, bool is_will)
{
	uint64_t row = journal_next_id(worker);

	if (is_will)
		take_will(worker, id, row);
	else
		take_debt(worker, id, row);
}

void
sharing_forget_taken(struct worker *worker, uint64_t id)
{
	struct forward_origin origin = { .session = id };
	struct sharing_note *found = note_find(worker, id);

	moved_forget(worker, &origin);
	if (found == NULL)
		return;
	journal_share_remove(worker, found->row);
	note_free(worker, found);
}

static unsigned int
owner_of(const struct worker *worker, const struct ipc_store_row *row)
{
	return row->worker % worker->child->start.worker_count;
}

bool
sharing_is_own(const struct worker *worker, const struct ipc_store_row *row)
{
	return owner_of(worker, row) == worker->child->index;
}

static bool
take_will_note(struct worker *worker, struct unpack *in, uint64_t id,
    const struct ipc_store_row *row)
{
	struct forward_origin origin = { .session = id };
	struct ipc_store_homes homes;

	if (in->failed ||
	    ipc_store_homes_decode(bytes_skip(in->input, in->pos), &homes) != 0)
		return false;
	moved_note(worker, &origin, row->worker, &homes,
	    sharing_is_own(worker, row) ? row->put.message : IPC_STORE_NONE);
	return true;
}

bool
sharing_take_note(struct worker *worker, struct unpack *in,
    const struct ipc_store_row *row, bool is_will)
{
	uint64_t id = unpack_u64(in);

	if (is_will)
		return take_will_note(worker, in, id, row);
	if (!unpack_is_complete(in) || note_find(worker, id) != NULL)
		return false;
	note_new(worker, id, row->put.message, owner_of(worker, row));
	return true;
}

bool
sharing_find_note(const struct worker *worker, uint64_t id, unsigned int *by)
{
	const struct sharing_note *found = note_find(worker, id);

	if (found == NULL)
		return false;
	*by = found->by;
	return true;
}

void
sharing_notes_loaded(struct worker *worker)
{
	struct sharing_note *note, *next;

	HASH_ITER(hh, worker->sharing.notes, note, next)
	if (note->by != worker->child->index)
		note_free(worker, note);
}

void
sharing_notes_done(struct worker *worker)
{
	struct sharing_note *note, *next;

	HASH_ITER(hh, worker->sharing.notes, note, next)
	note_free(worker, note);
}
