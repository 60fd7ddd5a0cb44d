/* SPDX-License-Identifier: Apache-2.0 */
#include "store/homes.h"

#include <stdlib.h>

#include "lib/pack.h"
#include "store/batch.h"
#include "store/iterator.h"

static int
is_settled(struct database *database, struct bytes homes, bool *is_same,
    bool *is_new, char *why)
{
	struct bytes value;
	int error = database_get(database, DATABASE_META, ROW_META_HOMES,
	    &value, why);

	if (error != 0)
		return error;
	*is_new = value.data == NULL;
	*is_same = !*is_new && bytes_equal(value, homes);
	free((void *)(uintptr_t)value.data);
	return 0;
}

static int
remove_notes(struct store_batch *batch, uint64_t *removed, char *why)
{
	struct iterator *rows = iterator_open(batch->database,
	    DATABASE_SESSIONS);
	struct row_session row;
	int error;

	for (iterator_seek(rows, BYTES_NONE); iterator_is_valid(rows);
	     iterator_next(rows)) {
		if (row_session_key_decode(iterator_key(rows), &row) != 0 ||
		    row.kind != ROW_SESSION_RECEIVED)
			continue;
		store_batch_remove(batch, DATABASE_SESSIONS,
		    iterator_key(rows));
		++*removed;
	}
	error = iterator_error(rows, why);
	iterator_close(&rows);
	return error;
}

int
homes_settle(struct database *database, const struct ipc_start *start,
    uint64_t *removed, char *why)
{
	struct buffer homes = { NULL, 0, 0 };
	bool is_same = false, is_new = false;
	struct store_batch batch;
	int error;

	*removed = 0;
	pack_u16(&homes, start->worker_count);
	pack_raw(&homes, start->home_key, sizeof(start->home_key));
	store_batch_init(&batch, database);
	error = is_settled(database, buffer_view(&homes), &is_same, &is_new,
	    why);
	if (error == 0 && !is_same) {
		if (!is_new)
			error = remove_notes(&batch, removed, why);
		store_batch_put(&batch, DATABASE_META, ROW_META_HOMES,
		    buffer_view(&homes), BYTES_NONE);
		if (error == 0)
			error = database_write(database, batch.batch, why);
	}
	store_batch_done(&batch);
	buffer_done(&homes);
	return error;
}
