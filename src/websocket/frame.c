/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket/frame.h"

#include <wslay/wslay.h>

#include "lib/log.h"

/* Give away the front of bytes. */
static size_t
take(struct bytes *bytes, uint8_t *out, size_t room)
{
	size_t len = bytes->len < room ? bytes->len : room;

	if (len > 0)
		memcpy(out, bytes->data, len);
	*bytes = bytes_skip(*bytes, len);
	return len;
}

/*
 * The context reads as much as it is given, so it is given no more than is
 * known to belong to the frame: a head byte by byte, then its payload.
 */
static ssize_t
on_recv(uint8_t *out, size_t room, int flags, void *user_data)
{
	struct websocket_reader *reader = user_data;
	struct websocket_frame_state *state = reader->state;

	(void)flags;
	if (reader->resumed.len > 0)
		return (ssize_t)take(&reader->resumed, out, room);
	if (reader->input.len == 0)
		return -1;
	if (state->remaining > 0) {
		if (room > state->remaining)
			room = (size_t)state->remaining;
		return (ssize_t)take(&reader->input, out, room);
	}
	take(&reader->input, out, 1);
	/* Behind a whole head comes the first byte of the payload. */
	if (state->head_len < sizeof(state->head))
		state->head[state->head_len++] = out[0];
	return 1;
}

void
websocket_reader_init(struct websocket_reader *reader,
    struct websocket_frame_state *state, struct bytes input)
{
	static const struct wslay_frame_callbacks callbacks = {
		.recv_callback = on_recv,
	};
	size_t len = state->head_len;

	*reader = (struct websocket_reader){ .state = state, .input = input };
	if (state->remaining > 0)
		len = websocket_head_encode(WEBSOCKET_BINARY, state->remaining,
		    state->mask, reader->head);
	else
		memcpy(reader->head, state->head, len);
	reader->resumed = bytes_of(reader->head, len);
	if (wslay_frame_context_init(&reader->context, &callbacks, reader) != 0)
		panic("there is memory for a frame context");
}

static ssize_t
receive(struct websocket_reader *reader, struct wslay_frame_iocb *frame)
{
	ssize_t len;

	do
		len = wslay_frame_recv(reader->context, frame);
	while (len == WSLAY_ERR_WANT_READ &&
	       (reader->resumed.len > 0 || reader->input.len > 0));
	return len;
}

int
websocket_reader_next(struct websocket_reader *reader,
    struct websocket_part *part)
{
	struct websocket_frame_state *state = reader->state;
	struct wslay_frame_iocb frame = { 0 };
	bool is_first = state->remaining == 0;
	ssize_t len = receive(reader, &frame);

	if (len == WSLAY_ERR_WANT_READ)
		return WEBSOCKET_NEED_MORE;
	if (len < 0 || frame.rsv != WSLAY_RSV_NONE || !frame.mask) {
		reader->has_failed = true;
		return -WEBSOCKET_PROTOCOL_ERROR;
	}
	if (is_first) {
		state->opcode = frame.opcode;
		state->is_final = frame.fin;
		state->remaining = frame.payload_length;
		state->head_len = 0;
	}
	state->remaining -= (uint64_t)len;
	*part = (struct websocket_part){
		.opcode = state->opcode,
		.is_final = state->is_final,
		.is_first = is_first,
		.is_last = state->remaining == 0,
		.payload = bytes_of(frame.data, (size_t)len),
	};
	return 0;
}

/* What zeros are unmasked to is the mask, turned to where the frame stands. */
static void
save_mask(struct websocket_reader *reader)
{
	static const uint8_t zeros[WEBSOCKET_MASK_LEN];
	uint64_t remaining = reader->state->remaining;
	size_t saved = 0, len = sizeof(zeros);

	if (len > remaining)
		len = (size_t)remaining;
	reader->input = bytes_of(zeros, len);
	while (saved < len) {
		struct wslay_frame_iocb frame = { 0 };
		ssize_t got = receive(reader, &frame);

		if (got <= 0 || (size_t)got > len - saved)
			panic("payload goes on behind payload");
		memcpy(reader->state->mask + saved, frame.data, (size_t)got);
		saved += (size_t)got;
	}
}

void
websocket_reader_done(struct websocket_reader *reader)
{
	if (reader->state->remaining > 0 && !reader->has_failed)
		save_mask(reader);
	wslay_frame_context_free(reader->context);
	reader->context = NULL;
}

/* A head that is being written. */
struct head {
	const uint8_t *mask;
	uint8_t *out;
	size_t len;
};

static ssize_t
on_send(const uint8_t *data, size_t len, int flags, void *user_data)
{
	struct head *head = user_data;

	(void)flags;
	if (len > WEBSOCKET_HEAD_MAX - head->len)
		return -1;
	memcpy(head->out + head->len, data, len);
	head->len += len;
	return (ssize_t)len;
}

static int
on_genmask(uint8_t *out, size_t len, void *user_data)
{
	const struct head *head = user_data;

	memcpy(out, head->mask, len);
	return 0;
}

size_t
websocket_head_encode(enum websocket_opcode opcode, uint64_t payload_len,
    const uint8_t *mask, uint8_t *out)
{
	static const struct wslay_frame_callbacks callbacks = {
		.send_callback = on_send,
		.genmask_callback = on_genmask,
	};
	struct head head = { .mask = mask, .out = out };
	struct wslay_frame_iocb frame = {
		.fin = 1,
		.opcode = (uint8_t)opcode,
		.mask = mask != NULL,
		.payload_length = payload_len,
		.data = out, /* none of it: the payload follows elsewhere */
	};
	struct wslay_frame_context *context;

	if (wslay_frame_context_init(&context, &callbacks, &head) != 0)
		panic("there is memory for a frame context");
	if (wslay_frame_send(context, &frame) != 0)
		panic("a head fits in its largest length");
	wslay_frame_context_free(context);
	return head.len;
}
