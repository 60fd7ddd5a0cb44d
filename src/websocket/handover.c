/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another process needs to go on with a connection.
 */
#include "lib/pack.h"
#include "websocket/stream.h"

#define FORMAT_VERSION 1

enum { IN_MESSAGE = 1 << 0, IS_FINAL = 1 << 1 };

void
websocket_encode(const struct websocket *websocket, struct buffer *out)
{
	static const struct websocket_frame_state nowhere;
	bool is_over = websocket->status != 0;
	const struct websocket_frame_state *frame = is_over ? &nowhere
							    : &websocket->frame;
	bool in_payload = frame->remaining > 0;

	pack_u8(out, FORMAT_VERSION);
	pack_u8(out,
	    (uint8_t)((websocket->in_message && !is_over ? IN_MESSAGE : 0) |
		      (in_payload && frame->is_final ? IS_FINAL : 0)));
	pack_u8(out, in_payload ? frame->opcode : 0);
	pack_u64(out, frame->remaining);
	if (in_payload)
		pack_raw(out, frame->mask, sizeof(frame->mask));
	else
		pack_bytes(out, bytes_of(frame->head, frame->head_len));
	pack_bytes(out, bytes_of(websocket->control, websocket->control_len));
	pack_u8(out, websocket->status == WEBSOCKET_CLOSED);
	pack_u16(out,
	    (uint16_t)(websocket->status < 0 ? -websocket->status : 0));
}

static void
unpack_frame(struct unpack *in, struct websocket_frame_state *frame)
{
	struct bytes head;

	frame->opcode = unpack_u8(in);
	frame->remaining = unpack_u64(in);
	if (frame->remaining > 0) {
		unpack_raw(in, frame->mask, sizeof(frame->mask));
		return;
	}
	head = unpack_bytes(in, sizeof(frame->head));
	if (head.len > 0)
		memcpy(frame->head, head.data, head.len);
	frame->head_len = (uint8_t)head.len;
}

/* Those of websocket_receive(). */
static bool
may_be_status(int status)
{
	return status == 0 || status == WEBSOCKET_CLOSED ||
	       status == -WEBSOCKET_PROTOCOL_ERROR ||
	       status == -WEBSOCKET_UNSUPPORTED_DATA;
}

static bool
is_possible(const struct websocket *websocket)
{
	const struct websocket_frame_state *frame = &websocket->frame;
	bool is_control = frame->opcode >= WEBSOCKET_CLOSE &&
			  frame->opcode <= WEBSOCKET_PONG;

	/* Nothing of a frame or message is kept of what is over. */
	if (websocket->status != 0 &&
	    (websocket->in_message || frame->head_len > 0))
		return false;
	if (frame->remaining == 0) /* what is kept is the peer's Close */
		return frame->opcode == 0 && !frame->is_final &&
		       (websocket->control_len == 0 || websocket->status != 0);
	if (frame->remaining > INT64_MAX || websocket->status != 0)
		return false;
	if (is_control)
		return frame->is_final &&
		       websocket->control_len + frame->remaining <=
			   WEBSOCKET_CONTROL_MAX;
	return websocket->in_message && websocket->control_len == 0 &&
	       (frame->opcode == WEBSOCKET_BINARY ||
		   frame->opcode == WEBSOCKET_CONTINUATION);
}

int
websocket_decode(struct bytes input, struct websocket *websocket)
{
	struct unpack in = { .input = input };
	struct websocket decoded = { .status = 0 };
	uint8_t version = unpack_u8(&in), flags = unpack_u8(&in), is_closed;
	struct bytes control;
	uint16_t code;

	decoded.in_message = (flags & IN_MESSAGE) != 0;
	decoded.frame.is_final = (flags & IS_FINAL) != 0;
	unpack_frame(&in, &decoded.frame);
	control = unpack_bytes(&in, sizeof(decoded.control));
	if (control.len > 0)
		memcpy(decoded.control, control.data, control.len);
	decoded.control_len = (uint8_t)control.len;
	is_closed = unpack_u8(&in);
	code = unpack_u16(&in);
	decoded.status = is_closed ? WEBSOCKET_CLOSED : -(int)code;
	if (!unpack_is_complete(&in) || version != FORMAT_VERSION ||
	    flags > (IN_MESSAGE | IS_FINAL) || is_closed > 1 ||
	    (is_closed && code != 0) || !may_be_status(decoded.status) ||
	    !is_possible(&decoded))
		return -WEBSOCKET_PROTOCOL_ERROR;
	*websocket = decoded;
	return 0;
}
