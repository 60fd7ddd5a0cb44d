/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gathers. Rows are kept as they are said, and encoded when they leave: a
 * message that is taken by then costs a few steps in memory and no byte.
 */
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/journal_internal.h"
#include "worker/message_record.h"
#include "worker/pending_record.h"
#include "worker/router_forward.h"
#include "worker/session.h"
#include "worker/session_head.h"
#include "worker/subscription_record.h"

void
journal_changes_init(struct journal_changes *changes)
{
	TAILQ_INIT(&changes->order);
}

static void
entry_free(struct journal_changes *changes, struct journal_entry *entry)
{
	if (entry->key.kind != 0)
		HASH_DEL(changes->index, entry);
	TAILQ_REMOVE(&changes->order, entry, next);
	changes->bytes -= entry->bytes;
	message_unref(&entry->message);
	free(entry);
}

void
journal_changes_clear(struct journal_changes *changes)
{
	struct journal_entry *entry;

	/* All at once: one by one, each would be looked up first. */
	HASH_CLEAR(hh, changes->index);
	while ((entry = TAILQ_FIRST(&changes->order)) != NULL) {
		entry->key.kind = 0;
		entry_free(changes, entry);
	}
	changes->is_awaited = false;
}

static struct journal_entry *
entry_find(const struct journal_changes *changes, struct journal_key key)
{
	struct journal_entry *entry;

	HASH_FIND(hh, changes->index, &key, sizeof(key), entry);
	return entry;
}

/* A row with room for its key and value, which are copied. */
static struct journal_entry *
entry_new(struct journal_changes *changes, struct journal_key key,
    const struct ipc_store_change *put)
{
	size_t len = put->key.len + put->value.len;
	struct journal_entry *entry = memory_new(1, sizeof(*entry) + len);

	entry->key = key;
	entry->put = *put;
	entry->put.key = bytes_of(entry->data, put->key.len);
	entry->put.value = bytes_of(entry->data + put->key.len, put->value.len);
	if (put->key.len > 0)
		memcpy(entry->data, put->key.data, put->key.len);
	if (put->value.len > 0)
		memcpy(entry->data + put->key.len, put->value.data,
		    put->value.len);
	entry->bytes = sizeof(*entry) + len;
	changes->bytes += entry->bytes;
	changes->is_awaited = true;
	TAILQ_INSERT_TAIL(&changes->order, entry, next);
	if (key.kind != 0)
		HASH_ADD(hh, changes->index, key, sizeof(key), entry);
	return entry;
}

/* A change that none takes back. */
static struct journal_entry *
change_new(struct journal *journal, const struct ipc_store_change *change)
{
	struct journal_entry *entry = entry_new(&journal->open,
	    (struct journal_key){ .kind = 0 }, change);

	entry->is_put = true;
	return entry;
}

static void
entry_hold(struct journal_changes *changes, struct journal_entry *entry,
    struct message *message)
{
	entry->message = message_ref(message);
	entry->bytes += message_bytes(message);
	changes->bytes += message_bytes(message);
}

/* One more, or with -1 one less, row of this transaction refers to a message
 * that is kept under an id: this one does. */
static void
message_refer(struct journal_changes *changes, struct message *message,
    const struct ipc_store_change *row, int count)
{
	struct journal_key key = { IPC_STORE_MESSAGE_PUT, row->message, 0 };
	struct ipc_store_change put = {
		.type = IPC_STORE_MESSAGE_PUT,
		.message = row->message,
		.expires_at = row->expires_at,
	};
	struct journal_entry *entry = entry_find(changes, key);

	if (entry == NULL) {
		entry = entry_new(changes, key, &put);
		entry->is_put = true;
		entry_hold(changes, entry, message);
	}
	/* It stays as long as the last that refers to it. */
	if (row->expires_at > entry->put.expires_at)
		entry->put.expires_at = row->expires_at;
	entry->put.references += (uint32_t)count;
	if (entry->put.references == 0)
		entry_free(changes, entry);
}

/* What the row holds is taken back; the row itself may go with it. */
static void
entry_take_back(struct journal_changes *changes, struct journal_entry *entry)
{
	if (entry->is_put && entry->put.type == IPC_STORE_QUEUE_PUT &&
	    entry->put.message != IPC_STORE_NONE)
		message_refer(changes, NULL, &entry->put, -1);
	entry->is_put = false;
	if (!entry->is_removed)
		entry_free(changes, entry);
}

/* Put a row that may be taken back, in place of what this transaction has put
 * there before. */
static struct journal_entry *
entry_put(struct journal_changes *changes, struct journal_key key,
    const struct ipc_store_change *put)
{
	struct journal_entry *before = entry_find(changes, key), *entry;
	uint64_t removed_message = IPC_STORE_NONE;
	bool is_removed = false;

	if (before != NULL) {
		is_removed = before->is_removed;
		removed_message = before->removed_message;
		before->is_removed = false;
		entry_take_back(changes, before);
	}
	entry = entry_new(changes, key, put);
	entry->is_put = true;
	entry->is_removed = is_removed;
	entry->removed_message = removed_message;
	return entry;
}

/* Remove a row: if it was put just now, nothing happens at all. */
static void
entry_remove(struct journal_changes *changes, struct journal_key key,
    const struct ipc_store_change *put, uint64_t message)
{
	struct journal_entry *entry = entry_find(changes, key);

	if (entry != NULL && entry->is_put) {
		entry_take_back(changes, entry);
		return;
	}
	if (entry != NULL)
		return;
	entry = entry_new(changes, key, put);
	entry->is_removed = true;
	entry->removed_message = message;
}

void
journal_session_changed(struct session *session)
{
	struct journal_changes *changes = &session->worker->journal->open;
	struct journal_key key = { IPC_STORE_SESSION_PUT, session->number, 0 };
	struct ipc_store_change put = {
		.type = IPC_STORE_SESSION_PUT,
		.session = session->number,
		.key = bytes_of(session->key, session->key_len),
	};

	if (entry_find(changes, key) != NULL)
		return;
	entry_put(changes, key, &put)->session = session;
}

void
journal_session_removed(struct session *session)
{
	struct journal *journal = session->worker->journal;
	struct journal_key key = { IPC_STORE_SESSION_PUT, session->number, 0 };
	struct journal_entry *entry = entry_find(&journal->open, key);

	if (entry != NULL)
		entry_free(&journal->open, entry);
	change_new(journal, &(struct ipc_store_change){
				.type = IPC_STORE_SESSION_REMOVE,
				.session = session->number,
			    });
}

void
journal_subscription_put(struct session *session,
    const struct session_subscription *subscription)
{
	struct buffer value = { .data = NULL };
	struct ipc_store_change put = {
		.type = IPC_STORE_SUBSCRIPTION_PUT,
		.session = session->number,
		.key = subscription->topic_filter,
	};

	subscription_record_encode(subscription, &value);
	put.value = buffer_view(&value);
	change_new(session->worker->journal, &put);
	buffer_done(&value);
}

void
journal_subscription_remove(struct session *session, struct bytes topic_filter)
{
	change_new(session->worker->journal,
	    &(struct ipc_store_change){
		.type = IPC_STORE_SUBSCRIPTION_REMOVE,
		.session = session->number,
		.key = topic_filter,
	    });
}

static struct ipc_store_change
received_change(uint64_t session, uint16_t packet_id)
{
	return (struct ipc_store_change){
		.type = IPC_STORE_RECEIVED_PUT,
		.session = session,
		.packet_id = packet_id,
	};
}

void
journal_received_put(struct worker *worker, uint64_t session,
    uint16_t packet_id)
{
	struct ipc_store_change put = received_change(session, packet_id);
	struct journal_key key = { put.type, session, packet_id };

	entry_put(&worker->journal->open, key, &put);
}

void
journal_received_remove(struct worker *worker, uint64_t session,
    uint16_t packet_id)
{
	struct ipc_store_change put = received_change(session, packet_id);
	struct journal_key key = { put.type, session, packet_id };

	entry_remove(&worker->journal->open, key, &put, IPC_STORE_NONE);
}

void
journal_moved_remove(struct worker *worker, const struct forward_origin *origin,
    uint16_t by, const struct ipc_store_homes *homes)
{
	struct buffer key = { .data = NULL };

	ipc_store_homes_encode(homes, &key);
	change_new(worker->journal, &(struct ipc_store_change){
					.type = IPC_STORE_MOVED_REMOVE,
					.session = origin->session,
					.packet_id = origin->packet_id,
					.worker = by,
					.key = buffer_view(&key),
				    });
	buffer_done(&key);
}

void
journal_forwarded_put(struct worker *worker, unsigned int from, uint64_t number)
{
	struct journal_changes *changes = &worker->journal->open;
	struct journal_key key = { IPC_STORE_FORWARDED_PUT, from, 0 };
	struct journal_entry *entry = entry_find(changes, key);
	struct ipc_store_change put = {
		.type = IPC_STORE_FORWARDED_PUT,
		.worker = (uint16_t)from,
	};

	if (entry == NULL)
		entry = entry_put(changes, key, &put);
	entry->put.sequence = number;
}

/* When a message expires by the real clock, seconds since 1970. */
static int64_t
expires_at_of(const struct message *message)
{
	const struct ipc_publish *parts = message_parts(message);
	struct clock_reading now;

	if (!parts->has_expiry)
		return IPC_STORE_NEVER;
	now = clock_read();
	return clock_to_realtime_seconds(&now, parts->expires_at_ms);
}

void
journal_queue_put(struct session *session, uint64_t sequence, uint64_t total,
    const struct pending *item)
{
	struct journal_changes *changes = &session->worker->journal->open;
	struct journal_key key = { IPC_STORE_QUEUE_PUT, session->number,
		sequence };
	struct ipc_store_change put = {
		.type = IPC_STORE_QUEUE_PUT,
		.session = session->number,
		.sequence = sequence,
		.total = total,
		.expires_at = IPC_STORE_NEVER,
	};
	struct buffer value = { .data = NULL };
	struct journal_entry *entry;

	pending_delivery_encode(item, &value);
	put.value = buffer_view(&value);
	if (item->message != NULL) {
		put.message = message_kept_id(item->message);
		put.len = (uint32_t)message_bytes(item->message);
		if (!item->never_expires)
			put.expires_at = expires_at_of(item->message);
	}
	entry = entry_put(changes, key, &put);
	buffer_done(&value);
	if (item->message == NULL)
		return;
	if (put.message != IPC_STORE_NONE)
		message_refer(changes, item->message, &put, 1);
	else
		entry_hold(changes, entry, item->message);
}

void
journal_queue_remove(struct session *session, uint64_t sequence,
    uint64_t kept_id)
{
	struct journal_changes *changes = &session->worker->journal->open;
	struct journal_key key = { IPC_STORE_QUEUE_PUT, session->number,
		sequence };
	struct ipc_store_change put = {
		.type = IPC_STORE_QUEUE_PUT,
		.session = session->number,
		.sequence = sequence,
	};
	bool was_awaited = changes->is_awaited;

	entry_remove(changes, key, &put, kept_id);
	changes->is_awaited = was_awaited;
}

/* What becomes of a topic: only the last of a transaction is written. */
static struct journal_entry *
retained_change(struct worker *worker, const struct ipc_store_change *change)
{
	struct journal_changes *changes = &worker->journal->open;
	struct journal_key key = { IPC_STORE_RETAINED_PUT, hash_of(change->key),
		0 };
	struct journal_entry *entry = entry_find(changes, key);

	if (entry != NULL && bytes_equal(entry->put.key, change->key))
		entry_free(changes, entry);
	else if (entry != NULL) /* another topic of the same hash */
		key.kind = 0;
	entry = entry_new(changes, key, change);
	entry->is_put = true;
	return entry;
}

void
journal_retained_put(struct worker *worker, struct message *message)
{
	struct ipc_store_change put = {
		.type = IPC_STORE_RETAINED_PUT,
		.key = message_parts(message)->topic_name,
		.expires_at = expires_at_of(message),
	};

	entry_hold(&worker->journal->open, retained_change(worker, &put),
	    message);
}

void
journal_retained_remove(struct worker *worker, struct bytes topic_name)
{
	retained_change(worker, &(struct ipc_store_change){
				    .type = IPC_STORE_RETAINED_REMOVE,
				    .key = topic_name,
				});
}

void
journal_share_put(struct worker *worker, uint64_t id, struct bytes filter,
    struct bytes value, struct message *message)
{
	struct journal_changes *changes = &worker->journal->open;
	struct journal_key key = { IPC_STORE_SHARE_PUT, id, 0 };
	struct ipc_store_change put = {
		.type = IPC_STORE_SHARE_PUT,
		.message = id,
		.key = filter,
		.expires_at = IPC_STORE_NEVER,
		.value = value,
	};
	struct journal_entry *entry;

	if (message != NULL)
		put.expires_at = expires_at_of(message);
	entry = entry_put(changes, key, &put);
	if (message != NULL)
		entry_hold(changes, entry, message);
}

void
journal_share_remove(struct worker *worker, uint64_t id)
{
	struct journal_key key = { IPC_STORE_SHARE_PUT, id, 0 };
	struct ipc_store_change put = {
		.type = IPC_STORE_SHARE_PUT,
		.message = id,
	};

	entry_remove(&worker->journal->open, key, &put, id);
}

/* The type that removes what one of this type has put. */
static enum ipc_store_change_type
removing(enum ipc_store_change_type put)
{
	switch (put) {
	case IPC_STORE_RECEIVED_PUT:
		return IPC_STORE_RECEIVED_REMOVE;
	case IPC_STORE_SHARE_PUT:
		return IPC_STORE_SHARE_REMOVE;
	default:
		return IPC_STORE_QUEUE_REMOVE;
	}
}

static void
encode_removal(const struct journal_entry *entry, struct buffer *out)
{
	struct ipc_store_change change = {
		.type = removing(entry->put.type),
		.session = entry->put.session,
		.sequence = entry->put.sequence,
		.packet_id = entry->put.packet_id,
		.message = entry->removed_message,
	};

	ipc_store_change_encode(&change, out);
}

static void
encode_put(const struct journal_entry *entry, const struct clock_reading *now,
    struct buffer *out)
{
	struct ipc_store_change change = entry->put;
	struct buffer value = { .data = NULL }, body = { .data = NULL };

	if (entry->session != NULL) {
		change.expires_at = session_head_encode(entry->session, now,
		    &value);
		change.value = buffer_view(&value);
	}
	if (entry->message != NULL) {
		message_record_encode(entry->message, now, &body);
		change.body = buffer_view(&body);
	}
	ipc_store_change_encode(&change, out);
	buffer_done(&value);
	buffer_done(&body);
}

static struct buffer *
part_new(struct journal_parts *parts)
{
	parts->items = memory_resize(parts->items,
	    (parts->count + 1) * sizeof(*parts->items));
	parts->items[parts->count] = (struct buffer){ .data = NULL };
	return &parts->items[parts->count++];
}

void
journal_changes_encode(const struct journal_changes *changes,
    struct journal_parts *parts)
{
	struct clock_reading now = clock_read();
	struct buffer *part = part_new(parts);
	const struct journal_entry *entry;

	TAILQ_FOREACH(entry, &changes->order, next)
	{
		if (part->len >= IPC_STORE_PART_LEN) {
			parts->bytes += part->len;
			part = part_new(parts);
		}
		if (entry->is_removed)
			encode_removal(entry, part);
		if (entry->is_put)
			encode_put(entry, &now, part);
	}
	parts->bytes += part->len;
}

void
journal_parts_done(struct journal_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		buffer_done(&parts->items[i]);
	free(parts->items);
	*parts = (struct journal_parts){ .items = NULL };
}
