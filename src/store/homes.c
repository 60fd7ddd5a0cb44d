/* SPDX-License-Identifier: Apache-2.0 */
#include "store/homes.h"

#include <stdlib.h>

#include "store/batch.h"
#include "store/iterator.h"

static void
move_note(struct store_batch *batch, struct row_session note,
    struct bytes homes)
{
	batch->key.len = 0;
	row_session_key(&note, &batch->key);
	store_batch_remove(batch, DATABASE_SESSIONS, buffer_view(&batch->key));
	note.homes = homes;
	batch->key.len = 0;
	row_session_key(&note, &batch->key);
	store_batch_put(batch, DATABASE_SESSIONS, buffer_view(&batch->key),
	    BYTES_NONE, BYTES_NONE);
}

/* Those that were made with these homes. */
static int
move_notes(struct store_batch *batch, struct bytes homes, uint64_t *moved,
    char *why)
{
	struct iterator *rows = iterator_open(batch->database,
	    DATABASE_SESSIONS);
	struct row_session row;
	int error;

	for (iterator_seek(rows, BYTES_NONE); iterator_is_valid(rows);
	     iterator_next(rows)) {
		if (row_session_key_decode(iterator_key(rows), &row) != 0 ||
		    row.kind != ROW_SESSION_RECEIVED || row.homes.len > 0)
			continue;
		move_note(batch, row, homes);
		++*moved;
	}
	error = iterator_error(rows, why);
	iterator_close(&rows);
	return error;
}

int
homes_settle(struct database *database, const struct ipc_start *start,
    uint64_t *moved, char *why)
{
	struct ipc_store_homes now = { .worker_count = start->worker_count };
	struct buffer homes = { NULL, 0, 0 };
	struct bytes before = BYTES_NONE;
	struct store_batch batch;
	int error;

	*moved = 0;
	memcpy(now.home_key, start->home_key, sizeof(now.home_key));
	ipc_store_homes_encode(&now, &homes);
	store_batch_init(&batch, database);
	error = database_get(database, DATABASE_META, ROW_META_HOMES, &before,
	    why);
	if (error != 0 || bytes_equal(before, buffer_view(&homes)))
		goto out;
	if (before.len == IPC_STORE_HOMES_LEN)
		error = move_notes(&batch, before, moved, why);
	if (error != 0)
		goto out;
	store_batch_put(&batch, DATABASE_META, ROW_META_HOMES,
	    buffer_view(&homes), BYTES_NONE);
	error = database_write(database, batch.batch, why);
out:
	free((void *)(uintptr_t)before.data);
	store_batch_done(&batch);
	buffer_done(&homes);
	return error;
}
