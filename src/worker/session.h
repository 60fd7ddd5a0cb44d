/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An MQTT Session (4.1): subscriptions and messages on their way. It belongs
 * to an identity and a client identifier, lives on the worker that is its
 * home, and may outlive its connections.
 */
#ifndef SIGNET_WORKER_SESSION_H
#define SIGNET_WORKER_SESSION_H

#include "ipc/store.h"
#include "lib/index.h"
#include "worker/deadline.h"
#include "worker/message.h"
#include "worker/session_state.h"
#include "worker/topic_tree.h"
#include "worker/worker.h"

/* identity and client identifier with a length */
#define SESSION_KEY_MAX (2 + SESSION_IDENTITY_MAX + SESSION_CLIENT_ID_MAX)

/* Session Expiry Interval (MQTT 5.0, 3.1.2.11.2): it does not expire. */
#define SESSION_EXPIRY_NEVER UINT32_MAX

LIST_HEAD(subscription_list, subscription);

/*
 * What survives the process, of a durable session, is in state, in the topic
 * tree (subscriptions), in the times below and in its queue: session_head.h and
 * the rows of ipc/store.h keep it. The rest is of the moment.
 */
struct session {
	TAILQ_ENTRY(session) in_all;
	struct index_link in_index; /* by its key */
	struct session_state state;
	uint64_t number; /* in the store; IPC_STORE_NONE: it is not durable */
	struct worker *worker;
	struct session_queue *queue;   /* NULL: it is not durable */
	struct connection *connection; /* NULL: none */
	uint64_t id; /* of its (last) connection: for the log */
	struct subscription_list subscriptions;
	uint32_t subscription_count;
	uint32_t share_count; /* of them: Shared Subscriptions */

	/* While there is no connection: when what is due next is due. */
	struct deadline deadline;
	uint64_t expires_at_ms; /* UINT64_MAX: never */

	uint32_t sent; /* of inflight, from its front: on this connection */
	bool has_heartbeat; /* a subscription that asks for one */
	/* Its process died under its connection: what the client sends again at
	 * QoS 2 may have been delivered. Until it sends a new one. */
	bool was_cut_off;
	uint16_t inflight_max; /* min(Receive Maximum, our own bound) */

	uint64_t dropped; /* messages that no room was left for */

	uint32_t route_delivery; /* of a message; see router.c */

	uint32_t key_len;
	uint8_t key[]; /* see session_key_encode() */
};

/* When its will is due; UINT64_MAX: it has none, or is connected. */
static inline uint64_t
session_will_at_ms(const struct session *session)
{
	return session->state.will == NULL ? UINT64_MAX
					   : session->state.will->at_ms;
}

/* Append the key of a session: who and which. */
void session_key_encode(struct bytes identity, struct bytes client_id,
    struct buffer *out);

struct session *session_find(struct worker *worker, struct bytes key);

/* Has it a connection that has got its CONNACK? */
bool session_is_online(const struct session *session);

/* Its CONNECT is taken in: make it durable if it is to outlive the connection,
 * and have it kept as it is now. */
void session_keep(struct session *session);

/* A new one under this key of session_key_encode(), which is copied;
 * session_end() frees it. */
struct session *session_new(struct worker *worker, struct bytes key);

struct bytes session_identity(const struct session *session);
struct bytes session_client_id(const struct session *session);

/* A keyed hash of its key, for No Local: the same for all workers, and for as
 * long as retained messages are kept. */
uint64_t session_publisher(const struct session *session);

/*
 * A connection has taken the session: a delayed will is not published
 * [MQTT5-3.1.3-9], what was in flight is sent again by session_send_queued().
 */
void session_attach(struct session *session, struct connection *connection);

/*
 * Its connection is over: publish the will, at once or later; expire at once
 * or later. The session may be gone after this.
 */
void session_detach(struct session *session, bool keeps_will);

/* Set the Session Expiry Interval, as far as the configuration allows. */
void session_set_expiry(struct session *session, uint32_t expiry_seconds);

/* End it now: publish a will that is still due, withdraw its subscriptions,
 * free everything. It has no connection. */
void session_end(struct session *session);

/* It is gone for everybody; what it owes to Shared Subscriptions is not yet
 * with others, and stays on disk under its number until session_left(). */
void session_leave(struct session *session);
/* It has ended, and what it owed to Shared Subscriptions is with others. */
void session_left(struct session *session);

/* Its time is over: it has no connection, and ends at the next tick. */
bool session_is_over(const struct session *session);

/* Free all sessions without another word: the process ends. */
void session_forget_all(struct worker *worker);

/* While nobody is connected: be called when the next of its times has come. */
void session_set_deadline(struct session *session);

/* Its deadline is due. */
void session_due(struct session *session);

/*
 * Subscribe [MQTT-3.8.4-3]. *made: the subscription, the session's; *is_new:
 * was there none for this filter?
 * Returns the number of the announcement that other workers must have taken
 * in before the SUBACK.
 */
uint64_t session_subscribe(struct session *session,
    const struct session_subscription *wanted, struct subscription **made,
    bool *is_new);

/* The same for one that comes from the store. */
void session_restore_subscription(struct session *session,
    const struct session_subscription *wanted);

/* Is there a subscription with this very Topic Filter? */
bool session_is_subscribed(const struct session *session,
    struct bytes topic_filter);

/* False if there was no such subscription. */
bool session_unsubscribe(struct session *session, struct bytes topic_filter);

void session_unsubscribe_all(struct session *session);

/*
 * Deliver a message: QoS 0 to the outbox or, if that is full, not at all;
 * above 0 to the outbox or the queue, whose newest is dropped at its bounds.
 * The identifiers are borrowed.
 */
void session_deliver(struct session *session, struct message *message,
    const struct message_delivery *delivery);

/* How many messages wait, in memory or on disk, besides those in flight. */
uint64_t session_waiting(const struct session *session);

/* Would a message be delivered or queued now, or dropped? */
bool session_has_room(const struct session *session,
    const struct message *message, uint8_t qos);

/*
 * The client's answers to messages at QoS above 0. False, or UNKNOWN, if the
 * packet identifier is not one that such an answer is awaited for.
 *
 * on_pubrec: is_refused if its Reason Code is 0x80 or more: that ends the
 * delivery [MQTT5-4.3.3-3].
 */
bool session_on_puback(struct session *session, uint16_t packet_id);
enum session_pubrec {
	SESSION_PUBREC_UNKNOWN,
	SESSION_PUBREC_DONE,  /* PUBREL can be sent, unless it is refused */
	SESSION_PUBREC_WAITS, /* the session sends it when that is on disk */
};
enum session_pubrec session_on_pubrec(struct session *session,
    uint16_t packet_id, bool is_refused);
bool session_on_pubcomp(struct session *session, uint16_t packet_id);

/* Send what waits, as far as the client's Receive Maximum and the outbox
 * allow. */
void session_send_queued(struct session *session);

/* What was said so far is on disk: send what waited for that. */
void session_on_written(struct session *session);

/*
 * A PUBLISH at QoS 2 came. True if it is new and its packet identifier was
 * noted [MQTT-4.3.3-2]; false if it is a duplicate.
 */
bool session_receive(struct session *session, uint16_t packet_id);
bool session_has_received(const struct session *session, uint16_t packet_id);
/* The same as session_receive() for one that comes from the store. */
bool session_restore_received(struct session *session, uint16_t packet_id);
/* PUBREL came: the identifier is free again. False if it was not noted. */
bool session_release(struct session *session, uint16_t packet_id);

/* Give memory back while nothing happens. */
void session_rest(struct session *session);

#endif
