/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a durable session as it is kept: what is neither a subscription
 * nor a packet identifier nor a message of its queue, which have rows of their
 * own. It is written when the session begins, and when a connection of it
 * begins or ends.
 *
 * Times are kept in seconds since 1970; see clock_read().
 */
#ifndef SIGNET_WORKER_SESSION_HEAD_H
#define SIGNET_WORKER_SESSION_HEAD_H

#include "lib/clock.h"
#include "worker/session.h"

#define SESSION_HEAD_VERSION 1

struct session_head {
	uint64_t id; /* of its last connection: for the log, No Local */
	uint32_t expiry_seconds;
	/* It has a connection: its times are not set, and begin with its end. */
	bool is_connected;
	/* It has ended, but what it owes to Shared Subscriptions is not yet with
	 * other members. */
	bool is_leaving;
	/* A process took along which of the first in its queue were sent. */
	bool is_unsure;
	/* Messages of Shared Subscriptions may be in its queue. */
	bool has_shared;
	/* As in struct session. */
	bool was_cut_off;
	uint64_t last_sequence; /* given in its queue so far; 0: none */
	uint64_t sent_sequence; /* what may have been sent; 0: nothing */

	struct message *will; /* NULL: none */
	uint32_t will_delay_seconds;
	uint32_t will_expiry_seconds;
	bool has_will_expiry;
	int64_t will_at_seconds; /* IPC_STORE_NEVER: it is not due */
};

/* Append a head. */
void session_head_pack(const struct session_head *head,
    const struct clock_reading *now, struct buffer *out);

/*
 * Append the head of a session as it is now.
 * Returns when it expires, in seconds since 1970; IPC_STORE_NEVER.
 */
int64_t session_head_encode(const struct session *session,
    const struct clock_reading *now, struct buffer *out);

/*
 * decoded: its will has a reference; untouched on error.
 * Returns 0; -EBADMSG if the bytes are not whole, of another version, or say
 * what no session can be.
 */
int session_head_decode(struct bytes bytes, const struct clock_reading *now,
    struct session_head *decoded);

#endif
