/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/moved.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"
#include "lib/table.h"
#include "worker/journal.h"
#include "worker/session.h"

struct note {
	uint16_t packet_id;
	uint16_t by; /* a worker */
	bool is_now; /* homes are those of now, or are so again */
	bool is_of_before;
	struct ipc_store_homes homes;
	uint64_t row;
};

/* The notes of one session, or of one will. */
struct moved {
	UT_hash_handle hh;
	uint64_t session;
	struct note *notes;
	size_t count;
};

static struct moved *
moved_find(const struct worker *worker, uint64_t session)
{
	struct moved *moved;

	HASH_FIND(hh, worker->moved, &session, sizeof(session), moved);
	return moved;
}

static void
moved_free(struct worker *worker, struct moved *moved)
{
	HASH_DEL(worker->moved, moved);
	free(moved->notes);
	free(moved);
}

struct ipc_store_homes
moved_homes(const struct worker *worker)
{
	const struct ipc_start *start = &worker->child->start;
	struct ipc_store_homes homes = { .worker_count = start->worker_count };

	memcpy(homes.home_key, start->home_key, sizeof(homes.home_key));
	return homes;
}

static bool
is_now(const struct worker *worker, const struct ipc_store_homes *homes)
{
	struct ipc_store_homes now = moved_homes(worker);

	return homes->worker_count == now.worker_count &&
	       memcmp(homes->home_key, now.home_key, sizeof(now.home_key)) == 0;
}

static void
note_add(struct worker *worker, const struct forward_origin *origin,
    const struct note *note)
{
	struct moved *moved = moved_find(worker, origin->session);

	if (moved == NULL) {
		moved = memory_new(1, sizeof(*moved));
		moved->session = origin->session;
		HASH_ADD(hh, worker->moved, session, sizeof(moved->session),
		    moved);
	}
	moved->notes = memory_resize(moved->notes,
	    (moved->count + 1) * sizeof(*moved->notes));
	moved->notes[moved->count++] = *note;
}

void
moved_note(struct worker *worker, const struct forward_origin *origin,
    uint16_t by, const struct ipc_store_homes *homes, uint64_t row)
{
	note_add(worker, origin,
	    &(struct note){
		.packet_id = origin->packet_id,
		.by = by,
		.is_now = is_now(worker, homes),
		.is_of_before = true,
		.homes = *homes,
		.row = row,
	    });
}

void
moved_note_here(struct worker *worker, const struct forward_origin *origin,
    uint64_t row)
{
	note_add(worker, origin,
	    &(struct note){
		.packet_id = origin->packet_id,
		.by = worker->child->index,
		.is_now = true,
		.row = row,
	    });
}

/* Does a note say that a worker's sessions, or one session, have got it? */
static bool
speaks_of(const struct worker *worker, const struct note *note,
    const struct session *session)
{
	if (note->is_now)
		return note->by == worker->child->index;
	return session != NULL && hash_home(note->homes.home_key,
				      bytes_of(session->key, session->key_len),
				      note->homes.worker_count) == note->by;
}

/* session: NULL: all that are here. */
static bool
has_got(const struct worker *worker, const struct forward_origin *origin,
    const struct session *session)
{
	const struct moved *moved = moved_find(worker, origin->session);

	for (size_t i = 0; moved != NULL && i < moved->count; i++)
		if (moved->notes[i].packet_id == origin->packet_id &&
		    speaks_of(worker, &moved->notes[i], session))
			return true;
	return false;
}

bool
moved_is_noted(const struct worker *worker, const struct forward_origin *origin)
{
	const struct moved *moved = moved_find(worker, origin->session);

	for (size_t i = 0; moved != NULL && i < moved->count; i++)
		if (moved->notes[i].packet_id == origin->packet_id)
			return true;
	return false;
}

bool
moved_is_noted_here(const struct worker *worker,
    const struct forward_origin *origin)
{
	return has_got(worker, origin, NULL);
}

bool
moved_has_got(const struct worker *worker, const struct forward_origin *origin,
    const struct session *session)
{
	return has_got(worker, origin, session);
}

static void
remove_row(struct worker *worker, const struct moved *moved,
    const struct note *note)
{
	struct forward_origin origin = { .session = moved->session,
		.packet_id = note->packet_id };

	if (note->is_of_before)
		journal_moved_remove(worker, &origin, note->by, &note->homes);
}

/* Those of an origin go. at_home: see moved_end(). */
static void
forget(struct worker *worker, const struct forward_origin *origin, bool at_home)
{
	struct moved *moved = moved_find(worker, origin->session);
	size_t kept = 0;

	if (moved == NULL)
		return;
	for (size_t i = 0; i < moved->count; i++) {
		const struct note *note = &moved->notes[i];

		if (origin->packet_id != 0 &&
		    note->packet_id != origin->packet_id) {
			moved->notes[kept++] = *note;
			continue;
		}
		if (note->row != IPC_STORE_NONE)
			journal_share_remove(worker, note->row);
		if (at_home)
			remove_row(worker, moved, note);
	}
	moved->count = kept;
	if (kept == 0)
		moved_free(worker, moved);
}

void
moved_forget(struct worker *worker, const struct forward_origin *origin)
{
	forget(worker, origin, false);
}

void
moved_end(struct worker *worker, const struct forward_origin *origin)
{
	forget(worker, origin, true);
}

void
moved_done(struct worker *worker)
{
	while (worker->moved != NULL)
		moved_free(worker, worker->moved);
}
