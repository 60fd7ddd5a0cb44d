/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What workers and the store say to each other. docs/store.md says what is
 * kept, and under which keys.
 *
 * A worker opens, takes in what is its own, and then sends transactions: each
 * is written whole or not at all, in the order of their numbers, and is
 * reported when it is on disk. A worker that finds a new store at the other
 * end of its channel opens with its epoch, hears which transaction was the
 * last, and repeats those behind it.
 */
#ifndef SIGNET_IPC_STORE_H
#define SIGNET_IPC_STORE_H

#include "lib/buffer.h"
#include "lib/bytes.h"

/* Of nothing: no message's id, no session's number, no transaction. */
#define IPC_STORE_NONE 0

/* A time that does not come; else seconds since 1970, as many as lib/clock.h
 * allows. */
#define IPC_STORE_NEVER INT64_MAX

/* A transaction is sent in parts of about so many bytes. */
#define IPC_STORE_PART_LEN 65536

/*
 * One change of what is kept. Which fields a type has is said beside it; the
 * others are zero.
 *
 * session: a session's number, never given twice: the epoch of the worker that
 * made it, above IPC_STORE_COUNTER_BITS of a counter.
 * message: an id of the same form, of a message that several rows refer to.
 */
#define IPC_STORE_COUNTER_BITS 40
#define IPC_STORE_EPOCH_MAX    ((UINT64_C(1) << (64 - IPC_STORE_COUNTER_BITS)) - 1)
enum ipc_store_change_type {
	/* session, key (session_key_encode()), expires_at, value */
	IPC_STORE_SESSION_PUT = 1,
	/* session: it, its subscriptions and packet identifiers, and its queue,
	 * whose references are given back later: so no QUEUE_REMOVE follows */
	IPC_STORE_SESSION_REMOVE,
	/* session, key (Topic Filter, $share/... and all), value */
	IPC_STORE_SUBSCRIPTION_PUT,
	/* session, key */
	IPC_STORE_SUBSCRIPTION_REMOVE,
	/* session (the publisher's), packet_id: the messages of a PUBLISH at
	 * QoS 2 were delivered to the sessions of the worker that says so */
	IPC_STORE_RECEIVED_PUT,
	/* session, packet_id */
	IPC_STORE_RECEIVED_REMOVE,
	/* session, sequence, message, total, len, expires_at, value; body: the
	 * message's record if message is none; replaces the one with the same
	 * sequence, whose reference is not given back */
	IPC_STORE_QUEUE_PUT,
	/* session, sequence, message: gives the reference back, if it is one */
	IPC_STORE_QUEUE_REMOVE,
	/* message, references (added), expires_at (that of the QUEUE_PUTs that
	 * refer to it: then it is dropped, whoever does), body */
	IPC_STORE_MESSAGE_PUT,
	/* key (Topic Name), expires_at, body */
	IPC_STORE_RETAINED_PUT,
	/* key */
	IPC_STORE_RETAINED_REMOVE,
	/* message (an id of its own, for this row alone), key ($share/...),
	 * expires_at, value, body: what a Shared Subscription owes */
	IPC_STORE_SHARE_PUT,
	/* message */
	IPC_STORE_SHARE_REMOVE,
	/* worker, sequence: what that one has forwarded, up to this number, was
	 * delivered to the sessions of the worker that says so */
	IPC_STORE_FORWARDED_PUT,
	/* session, packet_id, worker, key (ipc_store_homes_encode()): what that
	 * worker had put with RECEIVED_PUT when homes were these */
	IPC_STORE_MOVED_REMOVE,
	IPC_STORE_CHANGE_TYPE_COUNT
};

struct ipc_store_change {
	enum ipc_store_change_type type;
	uint64_t session;
	uint64_t sequence; /* of a queue: grows, 1 is the first */
	uint16_t worker;   /* the index of another */
	uint64_t message;
	uint64_t
	    total;    /* bytes put into this queue so far, this one included */
	uint32_t len; /* bytes of this one alone, as total counts them */
	int64_t expires_at;  /* IPC_STORE_NEVER */
	uint32_t references; /* 1.. */
	uint16_t packet_id;
	struct bytes key;   /* 1..IPC_STORE_KEY_MAX bytes where there is one */
	struct bytes value; /* the worker's own; may be empty */
	struct bytes body;  /* message_record_encode()'s; IPC_PAYLOAD_MAX */
};

/* The longest key of a change. */
#define IPC_STORE_KEY_MAX 131072

/* Append a change to the changes of a STORE_WRITE. */
void ipc_store_change_encode(const struct ipc_store_change *change,
    struct buffer *out);
/* Take the next one: 1, *change has views into changes; 0 at the end;
 * -EBADMSG. */
int ipc_store_change_next(struct bytes *changes,
    struct ipc_store_change *change);

/* Where sessions are at home: hash_home() of their keys. */
struct ipc_store_homes {
	uint16_t worker_count; /* 1.. */
	uint8_t home_key[16];
};
#define IPC_STORE_HOMES_LEN 18
void ipc_store_homes_encode(const struct ipc_store_homes *homes,
    struct buffer *out);
int ipc_store_homes_decode(struct bytes input, struct ipc_store_homes *homes);

/* STORE_OPEN */
struct ipc_store_open {
	uint16_t worker;
	uint16_t worker_count;
	uint64_t epoch; /* the one that it has; none: it begins */
	uint8_t home_key[16];
};
void ipc_store_open_encode(const struct ipc_store_open *open,
    struct buffer *out);
int ipc_store_open_decode(struct bytes payload, struct ipc_store_open *open);

/*
 * STORE_OPENED: the epoch is given out once, ever; the number of the last
 * transaction of this epoch that is on disk.
 * STORE_WRITTEN: the number alone counts.
 */
struct ipc_store_state {
	uint64_t epoch; /* 1..2^32-1; of STORE_WRITTEN: it may be 0 */
	uint64_t transaction;
};
void ipc_store_state_encode(const struct ipc_store_state *state,
    struct buffer *out);
int ipc_store_state_decode(struct bytes payload, struct ipc_store_state *state);

/*
 * STORE_ROW: what is kept of the sessions, the topics and the shares that are
 * at home at this worker, as the change that would put it there; a worker gets
 * it after STORE_OPENED if it began. SESSION_PUT comes before its
 * SUBSCRIPTION_PUTs and RECEIVED_PUTs, and with what its queue holds; no queue
 * is sent. The end of it all is STORE_LOADED, which is empty.
 *
 * Every worker gets each SHARE_PUT without a body, and each RECEIVED_PUT that
 * speaks of sessions by the homes that they had before.
 */
struct ipc_store_row {
	struct ipc_store_change put;
	uint16_t worker; /* of RECEIVED_PUT and SHARE_PUT: that has put it */
	/* of RECEIVED_PUT: ipc_store_homes_encode()'s; empty: as now */
	struct bytes homes;
	/* of SESSION_PUT: its queue; 0: it is empty */
	uint64_t first_sequence;
	uint64_t last_sequence;
	uint64_t first_total; /* total of the first, and its len */
	uint64_t first_len;
	uint64_t last_total;
};
void ipc_store_row_encode(const struct ipc_store_row *row, struct buffer *out);
int ipc_store_row_decode(struct bytes payload, struct ipc_store_row *row);

/* STORE_WRITE: a part of a transaction. The numbers of an epoch are 1, 2, ... */
struct ipc_store_write {
	uint64_t transaction;
	bool is_last;         /* the last part: write it now */
	struct bytes changes; /* one behind the other, whole */
};
#define IPC_STORE_WRITE_HEAD_LEN 9
void ipc_store_write_head(const struct ipc_store_write *write,
    uint8_t head[IPC_STORE_WRITE_HEAD_LEN]);
int ipc_store_write_decode(struct bytes payload, struct ipc_store_write *write);

/*
 * STORE_READ: a page of a queue, from a sequence on: at most count entries,
 * and not more after so many bytes. Answered, in the order of requests, with
 * STORE_ENTRYs and then a STORE_PAGE. It sees what was reported as written.
 */
struct ipc_store_read {
	uint64_t request;
	uint64_t session;
	uint64_t from;
	uint32_t count;
	uint32_t bytes;
};
void ipc_store_read_encode(const struct ipc_store_read *read,
    struct buffer *out);
int ipc_store_read_decode(struct bytes payload, struct ipc_store_read *read);

/* STORE_ENTRY: one of the queue, with the message's record as its body,
 * whether it was kept with it or under an id. Those that have expired, or
 * whose message a fault has taken, are left out. */
struct ipc_store_entry {
	uint64_t request;
	struct ipc_store_change
	    put; /* a QUEUE_PUT with both message and body */
};
void ipc_store_entry_encode(const struct ipc_store_entry *entry,
    struct buffer *out);
int ipc_store_entry_decode(struct bytes payload, struct ipc_store_entry *entry);

/* STORE_PAGE: the end of a page. */
struct ipc_store_page {
	uint64_t request;
	uint64_t next; /* where the next page begins */
	bool is_end;   /* nothing was behind it */
	uint32_t lost; /* entries of this page that could not be read */
};
void ipc_store_page_encode(const struct ipc_store_page *page,
    struct buffer *out);
int ipc_store_page_decode(struct bytes payload, struct ipc_store_page *page);

/* STORE_EXPIRED: an entry of a session's queue that had expired was removed;
 * the session's worker counts it out, unless it has it in its memory. */
struct ipc_store_expired {
	uint64_t session;
	uint64_t sequence;
	uint32_t len;
};
void ipc_store_expired_encode(const struct ipc_store_expired *expired,
    struct buffer *out);
int ipc_store_expired_decode(struct bytes payload,
    struct ipc_store_expired *expired);

#endif
