/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames (RFC 6455 s5.2), read piece by piece as they arrive: nothing is
 * collected. libwslay's context does the reading and lives for one input
 * only; between two inputs there are the few bytes of struct
 * websocket_frame_state, which can be handed to another process.
 */
#ifndef SIGNET_WEBSOCKET_FRAME_H
#define SIGNET_WEBSOCKET_FRAME_H

#include "lib/bytes.h"
#include "websocket/websocket.h"

struct wslay_frame_context;

/* Where in a frame the input has ended; zeroed: between two frames. */
struct websocket_frame_state {
	uint8_t head[WEBSOCKET_HEAD_MAX]; /* of a frame without a payload yet */
	uint8_t head_len;
	uint8_t opcode; /* of the frame whose payload is not yet complete */
	bool is_final;
	uint8_t mask[WEBSOCKET_MASK_LEN]; /* from its next byte on */
	uint64_t remaining;               /* bytes of it; 0: not in a payload */
};

/* Some of a frame's payload, or a whole frame without one. */
struct websocket_part {
	uint8_t opcode; /* any 4 bits */
	bool is_final;  /* FIN */
	bool is_first;  /* of its frame */
	bool is_last;
	struct bytes payload; /* unmasked; until the reader's next call */
};

struct websocket_reader {
	struct wslay_frame_context *context;
	struct websocket_frame_state *state;
	struct bytes resumed; /* what the context is told before the input */
	struct bytes input;
	uint8_t head[WEBSOCKET_HEAD_MAX];
	bool has_failed;
};

/* Go on at state with more input; both borrowed until the reader is done. */
void websocket_reader_init(struct websocket_reader *reader,
    struct websocket_frame_state *state, struct bytes input);

/*
 * The next part of a frame that a client sent.
 *
 * Returns 0; WEBSOCKET_NEED_MORE at the end of the input; negated
 * WEBSOCKET_PROTOCOL_ERROR for a frame that is not masked, has a reserved bit
 * set, a length in more bytes than needed or above 2^63, or is a control frame
 * that is fragmented or too long (RFC 6455 s5.1, s5.2, s5.5).
 */
int websocket_reader_next(struct websocket_reader *reader,
    struct websocket_part *part);

/* Write down where the input has ended. */
void websocket_reader_done(struct websocket_reader *reader);

/*
 * The head of a frame that is not fragmented.
 *
 * mask: WEBSOCKET_MASK_LEN bytes, or NULL for the server's frames.
 * Returns its length; head holds WEBSOCKET_HEAD_MAX bytes.
 */
size_t websocket_head_encode(enum websocket_opcode opcode, uint64_t payload_len,
    const uint8_t *mask, uint8_t *head);

#endif
