/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the database: keys and values of each family (docs/store.md).
 * Numbers are big-endian, so that keys sort by them. Values have their parts
 * of unknown length last, so that a message's body need not be copied to be
 * put behind the rest.
 */
#ifndef SIGNET_STORE_ROW_H
#define SIGNET_STORE_ROW_H

#include "ipc/store.h"
#include "lib/buffer.h"
#include "lib/bytes.h"

/* meta */
#define ROW_META_FORMAT BYTES_LITERAL("format")
#define ROW_META_EPOCH  BYTES_LITERAL("epoch")
#define ROW_META_HOMES  BYTES_LITERAL("homes")
#define ROW_META_GROUP  BYTES_LITERAL("group")
#define ROW_META_WORKER BYTES_LITERAL("worker/") /* and its index */
#define ROW_META_DEAD   BYTES_LITERAL("dead/")   /* and a session's number */
/* and the indexes of who delivered and who forwarded */
#define ROW_META_FORWARDED BYTES_LITERAL("forwarded/")

/* The last transaction of a worker that is written. */
struct row_cursor {
	uint32_t epoch;
	uint64_t transaction;
};
void row_cursor_encode(const struct row_cursor *cursor, struct buffer *out);
int row_cursor_decode(struct bytes value, struct row_cursor *cursor);
void row_worker_key(uint16_t worker, struct buffer *out);
int row_worker_key_decode(struct bytes key, uint16_t *worker);
void row_dead_key(uint64_t session, struct buffer *out);
int row_dead_key_decode(struct bytes key, uint64_t *session);
void row_forwarded_key(uint16_t worker, uint16_t from, struct buffer *out);
int row_forwarded_key_decode(struct bytes key, uint16_t *worker,
    uint16_t *from);

/* sessions: a number, what it is, and the rest: a Topic Filter; a packet
 * identifier, the index of a worker and, if sessions had other homes when it
 * said so, ipc_store_homes_encode()'s; nothing. */
enum row_session_kind {
	ROW_SESSION_HEAD = 'h', /* sorts before the others */
	ROW_SESSION_RECEIVED = 'r',
	ROW_SESSION_SUBSCRIPTION = 's',
};
struct row_session {
	uint64_t session;
	enum row_session_kind kind;
	struct bytes filter;
	uint16_t packet_id;
	uint16_t worker;
	struct bytes homes; /* empty: those of now */
};
void row_session_key(const struct row_session *row, struct buffer *out);
int row_session_key_decode(struct bytes key, struct row_session *row);
/* expires_at, key, value of a SESSION_PUT */
void row_head_encode(const struct ipc_store_change *put, struct buffer *out);
int row_head_decode(struct bytes value, struct ipc_store_change *put);

/* queues: message, total, len, expires_at, value of a QUEUE_PUT; its body is
 * what follows. */
void row_queue_key(uint64_t session, uint64_t sequence, struct buffer *out);
int row_queue_key_decode(struct bytes key, uint64_t *session,
    uint64_t *sequence);
void row_queue_encode(const struct ipc_store_change *put, struct buffer *out);
int row_queue_decode(struct bytes value, struct ipc_store_change *put);

/* messages and shares */
void row_message_key(uint64_t message, struct buffer *out);
int row_message_key_decode(struct bytes key, uint64_t *message);

/* retained: expires_at of a RETAINED_PUT; its body follows; the key is the
 * Topic Name. */
void row_retained_encode(const struct ipc_store_change *put,
    struct buffer *out);
int row_retained_decode(struct bytes value, struct ipc_store_change *put);

/* shares: the worker that said so; expires_at, key, value of a SHARE_PUT; its
 * body follows. */
void row_share_encode(const struct ipc_store_change *put, uint16_t worker,
    struct buffer *out);
int row_share_decode(struct bytes value, struct ipc_store_change *put,
    uint16_t *worker);

#endif
