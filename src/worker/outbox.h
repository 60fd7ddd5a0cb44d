/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits to be sent on a connection, in order: control packets and
 * messages. Messages are kept by reference and encoded when they are taken.
 */
#ifndef SIGNET_WORKER_OUTBOX_H
#define SIGNET_WORKER_OUTBOX_H

#include "worker/message.h"
#include "worker/topic_alias_out.h"

struct outbox_entry;

struct outbox {
	struct outbox_entry *entries; /* a ring; NULL while at rest */
	uint32_t head;
	uint32_t count;
	uint32_t capacity;    /* a power of two */
	uint32_t offset;      /* of the first entry: bytes already taken */
	size_t bytes;         /* of messages that wait */
	size_t control_bytes; /* of other packets that wait */
	struct buffer packet; /* the first entry's head or packet, encoded */
	struct topic_aliases_out *aliases; /* NULL: the client takes none */
	uint32_t packet_max; /* with an alias that is new; 0: any */
};

/* Free everything that waits. */
void outbox_done(struct outbox *outbox);

/*
 * Let messages have Topic Aliases, in 5.0. packet_max: the client's Maximum
 * Packet Size, which a new alias must not exceed; 0: any.
 */
void outbox_use_aliases(struct outbox *outbox, uint16_t maximum,
    uint32_t packet_max);

/* Give memory back if nothing waits. */
void outbox_rest(struct outbox *outbox);

static inline bool
outbox_is_empty(const struct outbox *outbox)
{
	return outbox->count == 0;
}

/* Append an encoded control packet; it is copied. */
void outbox_push_packet(struct outbox *outbox, struct bytes packet);

/*
 * Append a message: a reference is taken, the Subscription Identifiers are
 * copied; delivery->version is given when it is sent.
 */
void outbox_push_message(struct outbox *outbox, struct message *message,
    const struct message_delivery *delivery);

/*
 * Take up to room bytes of the stream. Messages that have expired meanwhile
 * are skipped at QoS 0 [MQTT5-3.3.2-5].
 *
 * *direct: if the front is the inside of a large payload, a view of up to
 * room bytes of it, valid until the next call, instead of a copy in out.
 * Returns how many bytes were taken, in out or in *direct.
 */
size_t outbox_take(struct outbox *outbox, enum mqtt_version version,
    uint64_t now_ms, uint8_t *out, size_t room, struct bytes *direct);

/*
 * Drop every message that has not been begun. Closing connections use it: only
 * answers, a CONNACK among them, and a last packet follow what the peer has
 * half read.
 */
void outbox_drop_waiting(struct outbox *outbox);

#endif
