/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch.h"

#include <errno.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "lib/pack.h"
#include "store/reference.h"

void
store_batch_init(struct store_batch *batch, struct database *database)
{
	*batch = (struct store_batch){ .database = database,
		.batch = rocksdb.writebatch_create() };
}

void
store_batch_done(struct store_batch *batch)
{
	if (batch->batch != NULL)
		rocksdb.writebatch_destroy(batch->batch);
	batch->batch = NULL;
	buffer_done(&batch->key);
	buffer_done(&batch->head);
}

void
store_batch_put(struct store_batch *batch, enum database_family family,
    struct bytes key, struct bytes head, struct bytes body)
{
	const char *keys[1] = { (const char *)key.data };
	const char *values[2] = { (const char *)head.data,
		(const char *)body.data };
	const size_t lens[2] = { head.len, body.len };

	rocksdb.writebatch_putv_cf(batch->batch,
	    batch->database->families[family], 1, keys, &key.len, 2, values,
	    lens);
}

void
store_batch_remove(struct store_batch *batch, enum database_family family,
    struct bytes key)
{
	rocksdb.writebatch_delete_cf(batch->batch,
	    batch->database->families[family], (const char *)key.data, key.len);
}

static void
refer(struct store_batch *batch, uint64_t message,
    const struct reference *reference)
{
	batch->key.len = 0;
	batch->head.len = 0;
	row_message_key(message, &batch->key);
	reference_encode(reference, &batch->head);
	rocksdb.writebatch_merge_cf(batch->batch,
	    batch->database->families[DATABASE_MESSAGES],
	    (const char *)batch->key.data, batch->key.len,
	    (const char *)batch->head.data, batch->head.len);
}

void
store_batch_refer(struct store_batch *batch, uint64_t message, int64_t count)
{
	refer(batch, message, &(struct reference){ .count = count });
}

void
store_batch_cursor(struct store_batch *batch, uint16_t worker,
    const struct row_cursor *cursor)
{
	batch->key.len = 0;
	batch->head.len = 0;
	row_worker_key(worker, &batch->key);
	row_cursor_encode(cursor, &batch->head);
	store_batch_put(batch, DATABASE_META, buffer_view(&batch->key),
	    buffer_view(&batch->head), BYTES_NONE);
}

void
store_batch_number(struct store_batch *batch, struct bytes key, uint64_t number)
{
	batch->head.len = 0;
	pack_u64(&batch->head, number);
	store_batch_put(batch, DATABASE_META, key, buffer_view(&batch->head),
	    BYTES_NONE);
}

/* A row of the family sessions. value: NULL if it is removed. */
static void
session_row(struct store_batch *batch, const struct row_session *row,
    const struct bytes *value)
{
	batch->key.len = 0;
	row_session_key(row, &batch->key);
	if (value == NULL)
		store_batch_remove(batch, DATABASE_SESSIONS,
		    buffer_view(&batch->key));
	else
		store_batch_put(batch, DATABASE_SESSIONS,
		    buffer_view(&batch->key), *value, BYTES_NONE);
}

static void
on_session_put(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	struct row_session row = { .session = change->session,
		.kind = ROW_SESSION_HEAD };
	struct bytes value;

	(void)worker;
	batch->head.len = 0;
	row_head_encode(change, &batch->head);
	value = buffer_view(&batch->head);
	session_row(batch, &row, &value);
}

/* Its rows go at once; its queue, which may be long, in steps: see sweep.h. */
static void
on_session_remove(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	size_t half = sizeof(uint64_t);

	(void)worker;
	batch->key.len = 0;
	pack_u64(&batch->key, change->session);
	pack_u64(&batch->key, change->session + 1);
	rocksdb.writebatch_delete_range_cf(batch->batch,
	    batch->database->families[DATABASE_SESSIONS],
	    (const char *)batch->key.data, half,
	    (const char *)batch->key.data + half, half);
	batch->has_dead = true;
	batch->key.len = 0;
	row_dead_key(change->session, &batch->key);
	store_batch_put(batch, DATABASE_META, buffer_view(&batch->key),
	    BYTES_NONE, BYTES_NONE);
}

static void
on_subscription(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	struct row_session row = { .session = change->session,
		.kind = ROW_SESSION_SUBSCRIPTION,
		.filter = change->key };

	(void)worker;
	session_row(batch, &row,
	    change->type == IPC_STORE_SUBSCRIPTION_PUT ? &change->value : NULL);
}

static void
on_received(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	struct row_session row = { .session = change->session,
		.kind = ROW_SESSION_RECEIVED,
		.packet_id = change->packet_id,
		.worker = worker };

	session_row(batch, &row,
	    change->type == IPC_STORE_RECEIVED_PUT ? &BYTES_NONE : NULL);
}

static void
on_moved(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	struct row_session row = { .session = change->session,
		.kind = ROW_SESSION_RECEIVED,
		.packet_id = change->packet_id,
		.worker = change->worker,
		.homes = change->key };

	(void)worker;
	session_row(batch, &row, NULL);
}

static void
on_queue_put(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	(void)worker;
	batch->key.len = 0;
	batch->head.len = 0;
	row_queue_key(change->session, change->sequence, &batch->key);
	row_queue_encode(change, &batch->head);
	store_batch_put(batch, DATABASE_QUEUES, buffer_view(&batch->key),
	    buffer_view(&batch->head), change->body);
}

static void
on_queue_remove(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	(void)worker;
	batch->key.len = 0;
	row_queue_key(change->session, change->sequence, &batch->key);
	store_batch_remove(batch, DATABASE_QUEUES, buffer_view(&batch->key));
	if (change->message != IPC_STORE_NONE)
		store_batch_refer(batch, change->message, -1);
}

static void
on_message_put(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	struct reference reference = { .count = change->references,
		.has_body = true,
		.expires_at = change->expires_at,
		.body = change->body };

	(void)worker;
	refer(batch, change->message, &reference);
}

static void
on_retained(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	(void)worker;
	batch->head.len = 0;
	row_retained_encode(change, &batch->head);
	if (change->type == IPC_STORE_RETAINED_PUT)
		store_batch_put(batch, DATABASE_RETAINED, change->key,
		    buffer_view(&batch->head), change->body);
	else
		store_batch_remove(batch, DATABASE_RETAINED, change->key);
}

static void
on_share(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	batch->key.len = 0;
	batch->head.len = 0;
	row_message_key(change->message, &batch->key);
	row_share_encode(change, worker, &batch->head);
	if (change->type == IPC_STORE_SHARE_PUT)
		store_batch_put(batch, DATABASE_SHARES,
		    buffer_view(&batch->key), buffer_view(&batch->head),
		    change->body);
	else
		store_batch_remove(batch, DATABASE_SHARES,
		    buffer_view(&batch->key));
}

static void
on_forwarded(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change)
{
	batch->key.len = 0;
	row_forwarded_key(worker, change->worker, &batch->key);
	store_batch_number(batch, buffer_view(&batch->key), change->sequence);
}

typedef void change_handler(struct store_batch *batch, uint16_t worker,
    const struct ipc_store_change *change);

static change_handler *const handlers[IPC_STORE_CHANGE_TYPE_COUNT] = {
	[IPC_STORE_SESSION_PUT] = on_session_put,
	[IPC_STORE_SESSION_REMOVE] = on_session_remove,
	[IPC_STORE_SUBSCRIPTION_PUT] = on_subscription,
	[IPC_STORE_SUBSCRIPTION_REMOVE] = on_subscription,
	[IPC_STORE_RECEIVED_PUT] = on_received,
	[IPC_STORE_RECEIVED_REMOVE] = on_received,
	[IPC_STORE_QUEUE_PUT] = on_queue_put,
	[IPC_STORE_QUEUE_REMOVE] = on_queue_remove,
	[IPC_STORE_MESSAGE_PUT] = on_message_put,
	[IPC_STORE_RETAINED_PUT] = on_retained,
	[IPC_STORE_RETAINED_REMOVE] = on_retained,
	[IPC_STORE_SHARE_PUT] = on_share,
	[IPC_STORE_SHARE_REMOVE] = on_share,
	[IPC_STORE_FORWARDED_PUT] = on_forwarded,
	[IPC_STORE_MOVED_REMOVE] = on_moved,
};

/* The last number has no successor, which removal of a range needs. */
static bool
change_is_well(const struct ipc_start *start, uint16_t worker,
    const struct ipc_store_change *change)
{
	if (change->session == UINT64_MAX)
		return false;
	if (change->type == IPC_STORE_SESSION_PUT)
		return hash_home(start->home_key, change->key,
			   start->worker_count) == worker;
	if (change->type != IPC_STORE_QUEUE_PUT)
		return true;
	return change->message == IPC_STORE_NONE || change->body.len == 0;
}

int
store_changes_check(const struct ipc_start *start, uint16_t worker,
    struct bytes changes)
{
	struct ipc_store_change change;
	int result;

	while ((result = ipc_store_change_next(&changes, &change)) > 0)
		if (!change_is_well(start, worker, &change))
			return -EBADMSG;
	return result;
}

void
store_batch_apply(struct store_batch *batch, uint16_t worker,
    struct bytes changes)
{
	struct ipc_store_change change;
	int result;

	while ((result = ipc_store_change_next(&changes, &change)) > 0)
		handlers[change.type](batch, worker, &change);
	if (result != 0)
		panic("changes were checked when they came");
}
