/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the codecs of the packets share. For this folder's files only.
 */
#ifndef SIGNET_MQTT_CODEC_H
#define SIGNET_MQTT_CODEC_H

#include "mqtt/packet.h"

/* A frame's body to read from. */
static inline struct mqtt_reader
mqtt_frame_reader(const struct mqtt_frame *frame)
{
	return (struct mqtt_reader){
		.data = frame->body.data,
		.len = frame->body.len,
	};
}

static inline bool
mqtt_reader_is_done(const struct mqtt_reader *reader)
{
	return reader->pos == reader->len;
}

/* All that is left. */
static inline struct bytes
mqtt_reader_rest(const struct mqtt_reader *reader)
{
	return bytes_of(reader->data + reader->pos, reader->len - reader->pos);
}

/*
 * Is the frame of this type, with the reserved flags that table 2-2 demands?
 * Returns 0 or MQTT_ERR_MALFORMED_PACKET.
 */
int mqtt_frame_check(const struct mqtt_frame *frame, enum mqtt_packet_type type,
    uint8_t flags);

/* A Packet Identifier, which is not 0. */
int mqtt_packet_id_decode(struct mqtt_reader *reader, uint16_t *packet_id);

/* Properties in 5.0; none, and nothing read, in 3.1.1. */
int mqtt_properties_decode_if(enum mqtt_version version,
    unsigned int packet_type, struct mqtt_reader *reader,
    struct mqtt_properties *properties);

/* How many bytes the next takes, and encode it: nothing in 3.1.1. */
size_t mqtt_properties_encoded_len_if(enum mqtt_version version,
    const struct mqtt_properties *properties);
int mqtt_properties_encode_if(enum mqtt_version version,
    const struct mqtt_properties *properties, struct mqtt_writer *writer);

/*
 * Encode a fixed header. 0, or MQTT_ERR_PACKET_TOO_LARGE if remaining_len is
 * more than a packet can have or the writer has no room for the header and
 * here more bytes.
 *
 * So an encoder behind it fails only at a text above 65,535 bytes. All of them
 * fail with this one value: an encoder of several fields may combine what they
 * return with | and look once.
 */
int mqtt_header_encode(enum mqtt_packet_type type, uint8_t flags,
    size_t remaining_len, size_t here, struct mqtt_writer *writer);

/*
 * Encode a packet of a Packet Identifier, properties (5.0) and entries in wire
 * form: SUBSCRIBE, UNSUBSCRIBE and their answers. 0, or
 * MQTT_ERR_PACKET_TOO_LARGE, and then the writer is as it was.
 */
int mqtt_entries_encode(enum mqtt_version version, enum mqtt_packet_type type,
    uint8_t flags, uint16_t packet_id, const struct mqtt_properties *properties,
    struct bytes entries, struct mqtt_writer *writer);

#endif
