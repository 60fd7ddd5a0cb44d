/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An established WebSocket connection as a value: frames in, the MQTT stream
 * out (MQTT 5.0, 6), and the other way. Pings are answered, control frames may
 * stand between fragments, and the stream is passed on as it arrives.
 */
#ifndef SIGNET_WEBSOCKET_STREAM_H
#define SIGNET_WEBSOCKET_STREAM_H

#include "lib/buffer.h"
#include "websocket/frame.h"

struct websocket {
	struct websocket_frame_state frame;
	bool in_message; /* of several frames; the last is not there */
	bool is_close_sent;
	uint8_t control_len;
	uint8_t control[WEBSOCKET_CONTROL_MAX]; /* of a frame not complete */
	int status; /* of websocket_receive(): other than 0 it is the last */
	struct buffer output; /* whole frames to be sent before others */
};

void websocket_done(struct websocket *websocket);

/*
 * Take what a client sent.
 *
 * out, out_len: the bytes of its stream, never more than input.len of them;
 * also where the status is not 0. out and input do not overlap.
 * Returns 0; WEBSOCKET_CLOSED; negated WEBSOCKET_UNSUPPORTED_DATA for a text
 * frame [MQTT-6.0.0-1], [MQTT5-6.0.0-1], or WEBSOCKET_PROTOCOL_ERROR. What
 * follows is ignored then, and the same is returned.
 */
int websocket_receive(struct websocket *websocket, struct bytes input,
    uint8_t *out, size_t *out_len);

/*
 * Append a Close frame to the output, once: no frame follows it. It answers
 * the peer's with the same code, or says what went wrong, or has this code.
 */
void websocket_close(struct websocket *websocket,
    enum websocket_close_code code);

/*
 * handover.c: append the state for another process; the output is empty.
 * Decoding returns 0, or negated WEBSOCKET_PROTOCOL_ERROR for what encoding
 * cannot have written; websocket is zeroed before and untouched on error.
 */
#define WEBSOCKET_HANDOVER_MAX 192
void websocket_encode(const struct websocket *websocket, struct buffer *out);
int websocket_decode(struct bytes input, struct websocket *websocket);

#endif
