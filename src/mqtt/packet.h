/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Control Packets of MQTT 3.1.1 and 5.0, decoded and to be encoded.
 * Views point into the frame that was decoded.
 */
#ifndef SIGNET_MQTT_PACKET_H
#define SIGNET_MQTT_PACKET_H

#include "mqtt/mqtt.h"
#include "mqtt/property.h"
#include "mqtt/wire.h"

/* One packet as it lies in the stream: fixed header and the rest. */
struct mqtt_frame {
	uint8_t type;  /* enum mqtt_packet_type, checked: 1..15 */
	uint8_t flags; /* the low four bits of the first byte, not checked */
	struct bytes body;
	size_t len; /* of the whole packet, fixed header included */
};

/*
 * Find the packet at the start of input (2.1).
 *
 * max_packet_bytes: what this server takes, fixed header included.
 * frame: on 0, all of it. On MQTT_NEED_MORE, len alone: the packet's length
 * if the fixed header is there, else 0; nothing may be allocated by it.
 * Returns 0; MQTT_NEED_MORE; MQTT_ERR_MALFORMED_PACKET;
 * MQTT_ERR_PACKET_TOO_LARGE as soon as the length is known.
 */
int mqtt_frame_decode(struct bytes input, uint32_t max_packet_bytes,
    struct mqtt_frame *frame);

struct mqtt_will {
	uint8_t qos;
	bool retain;
	struct mqtt_properties properties;
	struct bytes topic_name;
	struct bytes payload;
};

struct mqtt_connect {
	enum mqtt_version version;
	bool clean_start; /* 3.1.1: Clean Session */
	bool has_will;
	bool has_user_name;
	bool has_password;
	uint16_t keep_alive; /* seconds; 0: none */
	struct mqtt_properties properties;
	struct bytes client_id;
	struct mqtt_will will;
	struct bytes user_name;
	struct bytes password;
};

struct mqtt_connack {
	bool session_present;
	uint8_t reason; /* 5.0: Reason Code; 3.1.1: Return code */
	struct mqtt_properties properties;
};

struct mqtt_publish {
	bool dup;
	bool retain;
	uint8_t qos;
	uint16_t packet_id; /* 0 at QoS 0 */
	struct bytes topic_name;
	struct mqtt_properties properties;
	struct bytes payload;
};

/* PUBACK, PUBREC, PUBREL, PUBCOMP. */
struct mqtt_ack {
	uint16_t packet_id;
	uint8_t reason; /* 0 in 3.1.1 */
	struct mqtt_properties properties;
};

/* One Topic Filter of a SUBSCRIBE with its Subscription Options. */
struct mqtt_subscription {
	struct bytes topic_filter;
	uint8_t qos;
	bool no_local;
	bool retain_as_published;
	uint8_t retain_handling;
};

struct mqtt_subscribe {
	uint16_t packet_id;
	struct mqtt_properties properties;
	struct bytes entries; /* walk with mqtt_subscribe_next() */
	size_t count;
};

struct mqtt_unsubscribe {
	uint16_t packet_id;
	struct mqtt_properties properties;
	struct bytes entries; /* walk with mqtt_unsubscribe_next() */
	size_t count;
};

/* SUBACK and UNSUBACK; codes are empty in a 3.1.1 UNSUBACK. */
struct mqtt_suback {
	uint16_t packet_id;
	struct mqtt_properties properties;
	struct bytes codes;
};

/* DISCONNECT and AUTH. */
struct mqtt_disconnect {
	uint8_t reason; /* 0 in 3.1.1 */
	struct mqtt_properties properties;
};

/*
 * Decode the body of a frame of that type (another type is a caller's error and
 * gives MALFORMED_PACKET). The whole packet is checked: flags,
 * lengths, text, values, topic names and filters, and that nothing is left.
 *
 * A PUBLISH may have an empty topic_name only with a Topic Alias; Topic
 * Filters are valid, Shared Subscriptions included ($share/ has its meaning in
 * 3.1.1, too).
 *
 * What depends on who sent the packet is the caller's: a server must take a
 * Subscription Identifier in a PUBLISH as a Protocol Error [MQTT5-3.3.4-6], a
 * client a Session Expiry Interval in a DISCONNECT [MQTT5-3.14.2-2].
 *
 * *connect holds its version, or 0, whatever is returned, so that a CONNECT can
 * be refused in its own version; of the other outputs nothing is meant unless
 * the function returns 0.
 * Returns 0 or a negated Reason Code: MALFORMED_PACKET, PROTOCOL_ERROR,
 * UNSUPPORTED_PROTOCOL_VERSION (CONNECT alone: another Protocol Name or
 * version, which *connect has then; it may be none of enum mqtt_version),
 * TOPIC_NAME_INVALID, TOPIC_FILTER_INVALID, CLIENT_IDENTIFIER_NOT_VALID
 * (3.1.1: empty without Clean Session [MQTT-3.1.3-8]; *connect is whole then).
 */
int mqtt_connect_decode(const struct mqtt_frame *frame,
    struct mqtt_connect *connect);
int mqtt_connack_decode(enum mqtt_version version,
    const struct mqtt_frame *frame, struct mqtt_connack *connack);
int mqtt_publish_decode(enum mqtt_version version,
    const struct mqtt_frame *frame, struct mqtt_publish *publish);
int mqtt_ack_decode(enum mqtt_version version, const struct mqtt_frame *frame,
    struct mqtt_ack *ack);
int mqtt_subscribe_decode(enum mqtt_version version,
    const struct mqtt_frame *frame, struct mqtt_subscribe *subscribe);
int mqtt_suback_decode(enum mqtt_version version,
    const struct mqtt_frame *frame, struct mqtt_suback *suback);
int mqtt_unsubscribe_decode(enum mqtt_version version,
    const struct mqtt_frame *frame, struct mqtt_unsubscribe *unsubscribe);
int mqtt_disconnect_decode(enum mqtt_version version,
    const struct mqtt_frame *frame, struct mqtt_disconnect *disconnect);
/* PINGREQ, PINGRESP: nothing to decode, only to check. */
int mqtt_ping_decode(const struct mqtt_frame *frame);

/* The next entry of a decoded packet; *pos is 0 at first. False at the end. */
bool mqtt_subscribe_next(enum mqtt_version version,
    const struct mqtt_subscribe *subscribe, size_t *pos,
    struct mqtt_subscription *subscription);
bool mqtt_unsubscribe_next(const struct mqtt_unsubscribe *unsubscribe,
    size_t *pos, struct bytes *topic_filter);

/*
 * Encode a whole packet behind what the writer holds. Type says which of the
 * packets that share a struct. Properties are left out in 3.1.1. Values are the
 * caller's to get right.
 * Returns 0 or MQTT_ERR_PACKET_TOO_LARGE (no room, a text above 65,535 bytes, a
 * packet above what the standard allows); then nothing is written.
 */
int mqtt_connect_encode(const struct mqtt_connect *connect,
    struct mqtt_writer *writer);
int mqtt_connack_encode(enum mqtt_version version,
    const struct mqtt_connack *connack, struct mqtt_writer *writer);
int mqtt_publish_encode(enum mqtt_version version,
    const struct mqtt_publish *publish, struct mqtt_writer *writer);
int mqtt_ack_encode(enum mqtt_version version, enum mqtt_packet_type type,
    const struct mqtt_ack *ack, struct mqtt_writer *writer);
int mqtt_subscribe_encode(enum mqtt_version version,
    const struct mqtt_subscribe *subscribe, struct mqtt_writer *writer);
int mqtt_suback_encode(enum mqtt_version version, enum mqtt_packet_type type,
    const struct mqtt_suback *suback, struct mqtt_writer *writer);
int mqtt_unsubscribe_encode(enum mqtt_version version,
    const struct mqtt_unsubscribe *unsubscribe, struct mqtt_writer *writer);
int mqtt_disconnect_encode(enum mqtt_version version,
    enum mqtt_packet_type type, const struct mqtt_disconnect *disconnect,
    struct mqtt_writer *writer);
int mqtt_ping_encode(enum mqtt_packet_type type, struct mqtt_writer *writer);

/*
 * Append one entry of a SUBSCRIBE in wire form, to build what its encoder takes
 * (one of an UNSUBSCRIBE is a mqtt_binary_encode() of the Topic Filter).
 */
int mqtt_subscription_encode(enum mqtt_version version,
    const struct mqtt_subscription *subscription, struct mqtt_writer *writer);

/*
 * Encode all of a PUBLISH up to its payload, which follows it in the stream:
 * publish->payload counts in the Remaining Length only. So a payload is never
 * copied to be encoded, and the head serves many receivers: the two bytes of
 * the packet identifier stand at *packet_id_offset of the writer's data (QoS
 * above 0).
 */
int mqtt_publish_head_encode(enum mqtt_version version,
    const struct mqtt_publish *publish, struct mqtt_writer *writer,
    size_t *packet_id_offset);

/* An upper bound of such a head's length, in either version. */
size_t mqtt_publish_head_len_max(const struct mqtt_publish *publish);

#endif
