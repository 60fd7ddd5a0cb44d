/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_store.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "proc/child_private.h"
#include "worker/journal.h"

#define BATCHES 1000

static void
row_done(struct fake_row *row)
{
	buffer_done(&row->key);
	buffer_done(&row->value);
	buffer_done(&row->body);
}

static void
rows_done(struct fake_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		row_done(&rows->items[i]);
	free(rows->items);
	*rows = (struct fake_rows){ .items = NULL };
}

static void
rows_add(struct fake_rows *rows, const struct ipc_store_change *put)
{
	struct fake_row *row;

	rows->items = memory_resize(rows->items,
	    (rows->count + 1) * sizeof(*rows->items));
	row = &rows->items[rows->count++];
	*row = (struct fake_row){ .put = *put };
	buffer_append(&row->key, put->key);
	buffer_append(&row->value, put->value);
	buffer_append(&row->body, put->body);
	row->put.key = buffer_view(&row->key);
	row->put.value = buffer_view(&row->value);
	row->put.body = buffer_view(&row->body);
}

static void
rows_remove(struct fake_rows *rows, size_t i)
{
	row_done(&rows->items[i]);
	memmove(&rows->items[i], &rows->items[i + 1],
	    (--rows->count - i) * sizeof(*rows->items));
}

/* The type of the row that a change is about. */
static enum ipc_store_change_type
type_of_row(enum ipc_store_change_type type)
{
	switch (type) {
	case IPC_STORE_SESSION_REMOVE:
		return IPC_STORE_SESSION_PUT;
	case IPC_STORE_SUBSCRIPTION_REMOVE:
		return IPC_STORE_SUBSCRIPTION_PUT;
	case IPC_STORE_RECEIVED_REMOVE:
	case IPC_STORE_MOVED_REMOVE:
		return IPC_STORE_RECEIVED_PUT;
	case IPC_STORE_QUEUE_REMOVE:
		return IPC_STORE_QUEUE_PUT;
	case IPC_STORE_RETAINED_REMOVE:
		return IPC_STORE_RETAINED_PUT;
	case IPC_STORE_SHARE_REMOVE:
		return IPC_STORE_SHARE_PUT;
	default:
		return type;
	}
}

static bool
is_same_row(const struct ipc_store_change *row,
    const struct ipc_store_change *change)
{
	if (row->type != type_of_row(change->type))
		return false;
	if (row->type == IPC_STORE_MESSAGE_PUT ||
	    row->type == IPC_STORE_SHARE_PUT)
		return row->message == change->message;
	if (row->type == IPC_STORE_SUBSCRIPTION_PUT ||
	    row->type == IPC_STORE_RETAINED_PUT)
		return row->session == change->session &&
		       bytes_equal(row->key, change->key);
	if (row->type == IPC_STORE_FORWARDED_PUT)
		return row->worker == change->worker;
	if (row->type == IPC_STORE_RECEIVED_PUT &&
	    !bytes_equal(row->key, change->key))
		return false;
	return row->session == change->session &&
	       row->sequence == change->sequence &&
	       row->packet_id == change->packet_id;
}

static struct fake_row *
row_find(struct fake_rows *rows, const struct ipc_store_change *change)
{
	for (size_t i = 0; i < rows->count; i++)
		if (is_same_row(&rows->items[i].put, change))
			return &rows->items[i];
	return NULL;
}

/* Give a reference to a message back. */
static void
unrefer(struct fake_rows *rows, uint64_t message)
{
	struct ipc_store_change change = {
		.type = IPC_STORE_MESSAGE_PUT,
		.message = message,
	};
	struct fake_row *row;

	if (message == IPC_STORE_NONE)
		return;
	row = row_find(rows, &change);
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_gt(row->put.references, 0);
	if (--row->put.references == 0)
		rows_remove(rows, (size_t)(row - rows->items));
}

static void
remove_session(struct fake_rows *rows, uint64_t session)
{
	size_t i = 0;

	while (i < rows->count) {
		struct ipc_store_change put = rows->items[i].put;

		if (put.session != session) {
			i++;
			continue;
		}
		rows_remove(rows, i);
		if (put.type == IPC_STORE_QUEUE_PUT) {
			unrefer(rows, put.message);
			i = 0;
		}
	}
}

static void
apply(struct fake_rows *rows, const struct ipc_store_change *change)
{
	struct fake_row *row = row_find(rows, change);

	switch (change->type) {
	case IPC_STORE_SESSION_REMOVE:
		remove_session(rows, change->session);
		return;
	case IPC_STORE_MESSAGE_PUT:
		if (row != NULL)
			row->put.references += change->references;
		else
			rows_add(rows, change);
		return;
	default:
		break;
	}
	if (row != NULL)
		rows_remove(rows, (size_t)(row - rows->items));
	if (change->type == type_of_row(change->type))
		rows_add(rows, change);
	if (change->type == IPC_STORE_QUEUE_REMOVE)
		unrefer(rows, change->message);
}

static void
answer(struct fake_store *store, enum ipc_message_type type,
    struct bytes payload)
{
	ck_assert_int_eq(ipc_channel_push(store->channel, type, payload, -1,
			     false),
	    0);
}

static void
answer_state(struct fake_store *store, enum ipc_message_type type)
{
	struct ipc_store_state state = { store->epoch, store->transaction };
	struct buffer payload = { .data = NULL };

	ipc_store_state_encode(&state, &payload);
	answer(store, type, buffer_view(&payload));
	buffer_done(&payload);
}

/* The entry of a session's queue with the least sequence from one on; NULL if
 * there is none. */
static const struct ipc_store_change *
queue_next(const struct fake_store *store, uint64_t session, uint64_t from)
{
	const struct ipc_store_change *next = NULL;

	for (size_t i = 0; i < store->rows.count; i++) {
		const struct ipc_store_change *put = &store->rows.items[i].put;

		if (put->type == IPC_STORE_QUEUE_PUT &&
		    put->session == session && put->sequence >= from &&
		    (next == NULL || put->sequence < next->sequence))
			next = put;
	}
	return next;
}

/* What a queue holds. */
static void
set_queue(const struct fake_store *store, struct ipc_store_row *row)
{
	const struct ipc_store_change *first, *put;

	first = put = queue_next(store, row->put.session, 0);
	if (first == NULL)
		return;
	row->first_sequence = first->sequence;
	row->first_total = first->total;
	row->first_len = first->len;
	for (; put != NULL;
	     put = queue_next(store, row->put.session, put->sequence + 1)) {
		row->last_sequence = put->sequence;
		row->last_total = put->total;
	}
}

static void
answer_row(struct fake_store *store, const struct ipc_store_change *put,
    uint16_t worker)
{
	struct ipc_store_row row = { .put = *put, .worker = worker };
	struct buffer payload = { .data = NULL };

	if (put->type == IPC_STORE_RECEIVED_PUT && put->key.len > 0) {
		row.worker = put->worker;
		row.homes = put->key;
	}
	if (put->type == IPC_STORE_SESSION_PUT)
		set_queue(store, &row);
	ipc_store_row_encode(&row, &payload);
	answer(store, IPC_STORE_ROW, buffer_view(&payload));
	buffer_done(&payload);
}

/* What another has put, and every worker gets. */
static void
answer_notes(struct fake_store *store, const struct fake_store *other,
    uint16_t worker)
{
	for (size_t i = 0; i < other->rows.count; i++) {
		const struct ipc_store_change *put = &other->rows.items[i].put;

		if (put->type == IPC_STORE_SHARE_PUT && put->body.len == 0)
			answer_row(store, put, worker);
	}
}

/* Every row that a worker gets when it begins, sessions first; but for what
 * queues hold. */
static void
answer_rows(struct fake_store *store)
{
	uint16_t self = store->worker->child->index;

	for (size_t i = 0; i < store->rows.count; i++)
		if (store->rows.items[i].put.type == IPC_STORE_SESSION_PUT)
			answer_row(store, &store->rows.items[i].put, self);
	for (size_t i = 0; i < store->rows.count; i++)
		switch (store->rows.items[i].put.type) {
		case IPC_STORE_SESSION_PUT:
		case IPC_STORE_QUEUE_PUT:
		case IPC_STORE_MESSAGE_PUT:
			break;
		default:
			answer_row(store, &store->rows.items[i].put, self);
		}
	for (size_t i = 0; i < store->other_count; i++)
		if (&store->others[i] != store)
			answer_notes(store, &store->others[i], (uint16_t)i);
	answer(store, IPC_STORE_LOADED, BYTES_NONE);
}

/* An entry of a queue, with its message's record wherever that is. */
static void
answer_entry(struct fake_store *store, uint64_t request,
    const struct ipc_store_change *put)
{
	struct ipc_store_entry entry = { .request = request, .put = *put };
	struct buffer payload = { .data = NULL };
	struct ipc_store_change message = {
		.type = IPC_STORE_MESSAGE_PUT,
		.message = put->message,
	};

	if (put->message != IPC_STORE_NONE) {
		struct fake_row *row = row_find(&store->rows, &message);

		ck_assert_ptr_nonnull(row);
		entry.put.body = row->put.body;
	}
	ipc_store_entry_encode(&entry, &payload);
	answer(store, IPC_STORE_ENTRY, buffer_view(&payload));
	buffer_done(&payload);
}

static int
on_read(struct fake_store *store, struct bytes payload)
{
	const struct ipc_store_change *put;
	struct ipc_store_page page = { .request = 0 };
	struct buffer out = { .data = NULL };
	struct ipc_store_read read;
	uint32_t count = 0;
	int error = ipc_store_read_decode(payload, &read);

	if (error != 0)
		return error;
	page.request = read.request;
	page.next = read.from;
	while ((put = queue_next(store, read.session, page.next)) != NULL &&
	       count++ < read.count) {
		answer_entry(store, read.request, put);
		page.next = put->sequence + 1;
	}
	page.is_end = put == NULL;
	ipc_store_page_encode(&page, &out);
	answer(store, IPC_STORE_PAGE, buffer_view(&out));
	buffer_done(&out);
	store->read_count++;
	return 0;
}

static int
on_open(struct fake_store *store, struct bytes payload)
{
	struct ipc_store_open open;
	int error = ipc_store_open_decode(payload, &open);

	if (error != 0)
		return error;
	if (open.epoch != IPC_STORE_NONE) {
		ck_assert_uint_eq(open.epoch, store->epoch);
		answer_state(store, IPC_STORE_OPENED);
		return 0;
	}
	store->epoch++;
	store->transaction = 0;
	answer_state(store, IPC_STORE_OPENED);
	answer_rows(store);
	return 0;
}

static int
on_write(struct fake_store *store, struct bytes payload)
{
	struct ipc_store_change change;
	struct ipc_store_write write;
	int error = ipc_store_write_decode(payload, &write);

	if (error != 0)
		return error;
	/* One at a time, each once, in order. */
	ck_assert_uint_eq(store->arrived, 0);
	ck_assert_uint_eq(write.transaction, store->transaction + 1);
	while ((error = ipc_store_change_next(&write.changes, &change)) > 0)
		rows_add(&store->received, &change);
	ck_assert_int_eq(error, 0);
	if (write.is_last)
		store->arrived = write.transaction;
	return 0;
}

static int
on_store_input(void *context, struct ipc_message *message)
{
	struct fake_store *store = context;

	switch (message->type) {
	case IPC_STORE_OPEN:
		return on_open(store, message->payload);
	case IPC_STORE_WRITE:
		return on_write(store, message->payload);
	case IPC_STORE_READ:
		return on_read(store, message->payload);
	default:
		return -EBADMSG;
	}
}

static int
on_worker_input(void *context, struct ipc_message *message)
{
	struct fake_store *store = context;

	return on_store_message(store->worker, message);
}

static void
carry(struct ipc_channel *from, struct ipc_channel *to, ipc_handler *handler,
    void *context)
{
	const char *fault = "";
	int error;

	do {
		error = ipc_channel_flush(from);
		ck_assert(error == 0 || error == -EAGAIN);
		ck_assert_msg(ipc_channel_receive(to, BATCHES, handler, context,
				  &fault) == 0,
		    "%s", fault);
	} while (error == -EAGAIN);
}

void
fake_store_start(struct fake_store *store, struct worker *worker)
{
	int fds[2];

	store->worker = worker;
	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	store->peer = memory_new(1, sizeof(*store->peer));
	store->peer->child = worker->child;
	store->peer->public.role = IPC_ROLE_STORE;
	store->peer->public.channel = ipc_channel_open(fds[0], IPC_ROLE_WORKER,
	    IPC_ROLE_STORE);
	store->channel = ipc_channel_open(fds[1], IPC_ROLE_STORE,
	    IPC_ROLE_WORKER);
	journal_store_up(worker, &store->peer->public);
}

void
fake_store_die(struct fake_store *store)
{
	if (store->peer == NULL)
		return;
	journal_store_down(store->worker);
	ipc_channel_close(&store->peer->public.channel);
	ipc_channel_close(&store->channel);
	free(store->peer);
	store->peer = NULL;
	store->arrived = 0;
	rows_done(&store->received);
}

void
fake_store_done(struct fake_store *store)
{
	fake_store_die(store);
	rows_done(&store->rows);
	rows_done(&store->last);
}

void
fake_store_exchange(struct fake_store *store)
{
	carry(store->peer->public.channel, store->channel, on_store_input,
	    store);
	carry(store->channel, store->peer->public.channel, on_worker_input,
	    store);
}

void
fake_store_write(struct fake_store *store)
{
	ck_assert_uint_ne(store->arrived, 0);
	for (size_t i = 0; i < store->received.count; i++)
		apply(&store->rows, &store->received.items[i].put);
	rows_done(&store->last);
	store->last = store->received;
	store->received = (struct fake_rows){ .items = NULL };
	store->transaction = store->arrived;
	store->transaction_count++;
	store->arrived = 0;
}

void
fake_store_answer(struct fake_store *store)
{
	answer_state(store, IPC_STORE_WRITTEN);
	fake_store_exchange(store);
}

void
fake_store_settle(struct fake_store *store)
{
	do {
		journal_turn_end(store->worker);
		fake_store_exchange(store);
		if (store->arrived != 0) {
			fake_store_write(store);
			fake_store_answer(store);
		}
		journal_turn_end(store->worker);
	} while (journal_covering(store->worker) != IPC_STORE_NONE ||
		 store->worker->reads.sent_count > 0);
}

void
fake_store_forget(struct fake_store *store)
{
	rows_done(&store->rows);
	rows_done(&store->last);
}

void
fake_store_put(struct fake_store *store, const struct ipc_store_change *row)
{
	rows_add(&store->rows, row);
}

void
fake_store_drop(struct fake_store *store, const struct ipc_store_change *row)
{
	struct fake_row *found = row_find(&store->rows, row);

	ck_assert_ptr_nonnull(found);
	rows_remove(&store->rows, (size_t)(found - store->rows.items));
}

size_t
fake_store_count(const struct fake_store *store,
    enum ipc_store_change_type type)
{
	size_t count = 0;

	for (size_t i = 0; i < store->rows.count; i++)
		count += store->rows.items[i].put.type == type ? 1 : 0;
	return count;
}

const struct ipc_store_change *
fake_store_find(const struct fake_store *store, enum ipc_store_change_type type,
    uint64_t number, uint64_t sequence)
{
	for (size_t i = 0; i < store->rows.count; i++) {
		const struct ipc_store_change *put = &store->rows.items[i].put;
		bool is_by_message = type == IPC_STORE_MESSAGE_PUT ||
				     type == IPC_STORE_SHARE_PUT;

		if (put->type == type &&
		    (is_by_message ? put->message : put->session) == number &&
		    (put->sequence == sequence || put->packet_id == sequence))
			return put;
	}
	return NULL;
}
