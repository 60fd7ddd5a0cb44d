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

struct session_state {
	struct message *will;    /* NULL: none */
	uint32_t expiry_seconds; /* counted from the end of a connection */
	uint32_t will_delay_seconds;
	uint32_t will_expiry_seconds; /* from when it is published */
	bool has_will_expiry;

	/* To the client, at QoS above 0. */
	uint16_t next_packet_id;
	struct pending_queue queued;   /* without a packet identifier yet */
	struct pending_queue inflight; /* with one, in the order of sending */

	/* From the client, at QoS 2: PUBREC is sent, PUBREL awaited. */
	uint16_t received_count;
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

/* Free what it holds, but not what its views point to. */
void session_state_done(struct session_state *state);

#endif
