/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Session State of the standard (4.1) that a session holds itself: what
 * must survive its connection, its process and the machine. It has no pointer
 * to anything that works; session_head.h and pending_record.h encode and decode
 * it.
 */
#ifndef SIGNET_WORKER_SESSION_STATE_H
#define SIGNET_WORKER_SESSION_STATE_H

#include "worker/pending.h"

#define SESSION_IDENTITY_MAX  512
#define SESSION_CLIENT_ID_MAX 65535

/* A will (3.1.2.5) until it is published, or taken back. */
struct session_will {
	struct message *message;
	uint64_t at_ms; /* when it is due; UINT64_MAX: that is not known yet */
	uint32_t delay_seconds;
	uint32_t expiry_seconds; /* from when it is published */
	bool has_expiry;
};

struct session_state {
	struct session_will *will; /* NULL: none */
	uint32_t expiry_seconds;   /* counted from the end of a connection */

	/* To the client, at QoS above 0. */
	uint16_t next_packet_id;
	uint16_t received_count;       /* of those below */
	struct pending_queue queued;   /* without a packet identifier yet */
	struct pending_queue inflight; /* with one, in the order of sending */

	/* From the client, at QoS 2: PUBREC is sent, PUBREL awaited. */
	uint16_t *received; /* packet identifiers, sorted */
};

/* A subscription (MQTT 5.0, 3.8.3.1) apart from the topic tree. */
struct session_subscription {
	struct bytes topic_filter; /* $share/... and all */
	uint32_t identifier;       /* Subscription Identifier; 0: none */
	uint8_t qos;
	bool no_local;
	bool retain_as_published;
};

/* The message is taken. Returned, free with session_will_free(). */
struct session_will *session_will_new(struct message *message);
void session_will_free(struct session_will **will);

/* Free what it holds, but not what its views point to. */
void session_state_done(struct session_state *state);

#endif
