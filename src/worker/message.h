/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Application Message: immutable, reference counted, one object however
 * many sessions it goes to.
 */
#ifndef SIGNET_WORKER_MESSAGE_H
#define SIGNET_WORKER_MESSAGE_H

#include "ipc/message.h"
#include "mqtt/packet.h"

struct message;
struct share;

/*
 * A message of these parts, which are copied, as they also travel between
 * workers. Returned with one reference.
 */
struct message *message_new(const struct ipc_publish *parts);

/* The same without a copy: the memory that all parts lie in is taken, and the
 * buffer is empty then. */
struct message *message_new_in(const struct ipc_publish *parts,
    struct buffer *storage);

struct message *message_ref(struct message *message);
/* Give a reference back; *message is NULL afterwards. NULL is allowed. */
void message_unref(struct message **message);

/* How many there are in this process, and the bytes of their payloads. */
struct message_totals {
	size_t count;
	size_t bytes;
};
struct message_totals message_totals(void);

/* The parts, valid as long as a reference is held. */
const struct ipc_publish *message_parts(const struct message *message);

/*
 * The id that a message is kept under that several rows of the store refer to;
 * 0: none, whoever keeps it keeps it for itself. To be set before the message
 * is delivered, and by the one who makes it.
 */
uint64_t message_kept_id(const struct message *message);
void message_set_kept_id(struct message *message, uint64_t kept_id);

bool message_is_expired(const struct message *message, uint64_t now_ms);

/* How a receiver gets it. */
struct message_delivery {
	enum mqtt_version version;
	uint8_t qos;
	bool dup;
	bool retain;
	uint16_t packet_id;   /* if qos > 0 */
	uint16_t topic_alias; /* 0: none */
	bool omits_topic;     /* the client knows the alias */
	/* Subscription Identifiers (5.0) of the subscriptions that matched */
	const uint32_t *subscription_ids;
	size_t subscription_id_count;
	struct share *share; /* whose member the receiver is; NULL: of none */
};

/* The most bytes that the head of a PUBLISH can take for any delivery. */
size_t message_head_len_max(const struct message *message,
    size_t subscription_id_count);

/*
 * Write all of the PUBLISH up to its payload. What is the same for all
 * receivers of a protocol version is encoded once and copied.
 *
 * out: message_head_len_max() bytes. Returns the length.
 */
size_t message_head_write(struct message *message,
    const struct message_delivery *delivery, uint64_t now_ms, uint8_t *out);

/* The length of the whole packet for this delivery. */
size_t message_packet_len(const struct message *message,
    const struct message_delivery *delivery);

/* What it costs to keep or send: topic, properties and payload. */
size_t message_bytes(const struct message *message);

#endif
