/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An MQTT Session: subscriptions and messages on their way. It belongs to an
 * identity and a client identifier, and lives on the worker that is its home.
 */
#ifndef SIGNET_WORKER_SESSION_H
#define SIGNET_WORKER_SESSION_H

#include "lib/table.h"
#include "worker/message.h"
#include "worker/pending.h"
#include "worker/topic_tree.h"
#include "worker/worker.h"

/* identity and client identifier with their lengths */
#define SESSION_KEY_MAX (4 + 512 + 65535)

LIST_HEAD(subscription_list, subscription);

struct session {
	UT_hash_handle hh;
	struct worker *worker;
	struct connection *connection;
	uint64_t id; /* of its connection: in every log line, for No Local */
	const struct rights *rights;
	struct subscription_list subscriptions;
	uint32_t subscription_count;

	/* Messages to the client at QoS above 0. */
	struct pending_queue queued;   /* not sent yet */
	struct pending_queue inflight; /* sent, not acknowledged */
	uint16_t next_packet_id;
	uint16_t inflight_max;        /* min(Receive Maximum, our own bound) */
	uint32_t maximum_packet_size; /* what the client takes; 0: any */
	uint64_t dropped; /* messages that an outbox or queue had no room for */

	struct message *will; /* NULL: none */

	/* Of the message that is being routed; see router.c. */
	uint64_t route_number;
	uint32_t route_delivery;

	size_t identity_len;
	size_t key_len;
	uint8_t key[];
};

/* Append the key of a session: who and which. */
void session_key_encode(struct bytes identity, struct bytes client_id,
    struct buffer *out);

struct session *session_find(struct worker *worker, struct bytes key);

/* A new one under this key, which is copied; free with session_free(). */
struct session *session_new(struct worker *worker, struct bytes identity,
    struct bytes key);

/* Withdraw its subscriptions and free everything. */
void session_free(struct session **session);

struct bytes session_identity(const struct session *session);
struct bytes session_client_id(const struct session *session);

/* A subscription to add, or to put in another's place. */
struct session_subscription {
	struct bytes topic_filter;
	uint32_t identifier;
	uint8_t qos;
	bool no_local;
	bool retain_as_published;
};

/*
 * Subscribe [MQTT-3.8.4-3]. Returns the number of the announcement that other
 * workers must have taken in before the SUBACK.
 */
uint64_t session_subscribe(struct session *session,
    const struct session_subscription *wanted);

/* Is there a subscription with this very Topic Filter? */
bool session_is_subscribed(const struct session *session,
    struct bytes topic_filter);

/* False if there was no such subscription. */
bool session_unsubscribe(struct session *session, struct bytes topic_filter);

/*
 * Deliver a message: QoS 0 to the outbox or, if that is full, not at all;
 * above 0 to the outbox or the queue. The identifiers are borrowed.
 */
void session_deliver(struct session *session, struct message *message,
    const struct message_delivery *delivery);

/* The client has acknowledged a message. False if it was not in flight. */
bool session_acknowledge(struct session *session, uint16_t packet_id);

/* Send what waits, as far as the client's Receive Maximum and the outbox
 * allow. */
void session_send_queued(struct session *session);

/* Give memory back while nothing happens. */
void session_rest(struct session *session);

#endif
