/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as it is kept: what survives the process, as bytes.
 *
 * A message is kept once, apart from this, under a number of 64 bits that is
 * never 0 (message_record.h); a session's record says the numbers of those
 * that it waits to deliver. Whoever keeps records gives the numbers out, and
 * knows from the records how many sessions a message is still needed for.
 *
 * The record holds whatever queues it is given. To keep a long queue apart,
 * one entry for each message in place of a new record for each change, encode
 * the session with its queues left empty (a copy of the struct shares the
 * rest) and each item with pending_record_encode(): the bytes are the same.
 *
 * Times are kept in seconds since 1970; see clock_read().
 */
#ifndef SIGNET_WORKER_SESSION_RECORD_H
#define SIGNET_WORKER_SESSION_RECORD_H

#include "lib/buffer.h"
#include "worker/pending_record.h"
#include "worker/session_state.h"

#define SESSION_RECORD_VERSION 1

/* A time that does not come. */
#define SESSION_RECORD_NEVER (-1)

struct session_record {
	struct session_state state;

	/* What the topic tree holds while the session lives. */
	struct session_subscription *subscriptions;
	uint32_t subscription_count;

	uint64_t id; /* of its last connection: for the log, No Local */

	/* It has a connection: its times are not set, and begin with its end.
	 * Else when it expires and when its will is due; or NEVER. */
	bool is_connected;
	int64_t expires_at_seconds;
	int64_t will_at_seconds;

	/* Decoded: how many messages were not found, and are left out. */
	uint32_t missing_count;
};

/* The number that a message is, or from now on will be, kept under: the same
 * each time, and not 0. */
typedef uint64_t record_number_of(void *context, struct message *message);

/* The message kept under a number, with a reference; NULL if there is none. */
typedef struct message *record_find(void *context, uint64_t number);

/* Append the record of a session. */
void session_record_encode(const struct session_record *record,
    record_number_of *number_of, void *context, struct buffer *out);

/*
 * Decode a record. What it announces is believed when it is there: the memory
 * that is taken is bounded by its length.
 *
 * bytes: borrowed as long as the record: its texts are views into it.
 * topics: of the worker that will have the session; a message of a Shared
 * Subscription refers to the share there.
 * decoded: free with session_record_done(); untouched on error.
 * Returns 0; -EBADMSG if the bytes are not whole, of another version, or say
 * what no session can be. A message that find does not know is no error.
 */
int session_record_decode(struct bytes bytes, record_find *find, void *context,
    struct topic_tree *topics, struct session_record *decoded);

void session_record_done(struct session_record *record);

#endif
