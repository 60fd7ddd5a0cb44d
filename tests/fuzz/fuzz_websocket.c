/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says what the rest is: a request; frames, once whole and once
 * in pieces and moved between processes, which must come to the same; or the
 * state of a connection that moved, with frames behind it.
 */
#include <stdlib.h>

#include "websocket/stream.h"
#include "websocket/upgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

static void
read_request(struct bytes input)
{
	struct websocket_upgrade upgrade;
	int status = websocket_upgrade_decode(input, &upgrade);

	if (status == 0) {
		check(upgrade.len <= input.len);
		check(upgrade.len <= WEBSOCKET_REQUEST_MAX);
		check(strlen(upgrade.accept) == WEBSOCKET_ACCEPT_LEN);
	} else if (status == WEBSOCKET_NEED_MORE) {
		check(input.len < WEBSOCKET_REQUEST_MAX);
	} else {
		check(status >= -WEBSOCKET_REFUSAL_SUBPROTOCOL && status < 0);
	}
}

static int
feed(struct websocket *websocket, struct bytes input, struct buffer *stream)
{
	size_t len;
	uint8_t *out = buffer_reserve(stream, input.len + 1);
	int status = websocket_receive(websocket, input, out, &len);

	check(len <= input.len);
	stream->len += len;
	return status;
}

static void
move(struct websocket *websocket)
{
	struct websocket moved = { .status = 0 };
	struct buffer state = { .data = NULL };

	websocket_encode(websocket, &state);
	check(state.len <= WEBSOCKET_HANDOVER_MAX);
	check(websocket_decode(buffer_view(&state), &moved) == 0);
	moved.output = websocket->output;
	*websocket = moved;
	buffer_done(&state);
}

static void
read_frames(struct bytes input, size_t step)
{
	struct websocket whole = { .status = 0 }, moved = { .status = 0 };
	struct buffer whole_stream = { .data = NULL };
	struct buffer stream = { .data = NULL };
	int status = feed(&whole, input, &whole_stream), last = 0;

	for (size_t pos = 0; pos < input.len; pos += step) {
		size_t left = input.len - pos;

		last = feed(&moved,
		    bytes_of(input.data + pos, left < step ? left : step),
		    &stream);
		move(&moved);
	}
	check(status == last);
	check(bytes_equal(buffer_view(&whole_stream), buffer_view(&stream)));
	websocket_close(&whole, WEBSOCKET_NORMAL_CLOSURE);
	websocket_close(&moved, WEBSOCKET_NORMAL_CLOSURE);
	check(bytes_equal(buffer_view(&whole.output),
	    buffer_view(&moved.output)));
	websocket_done(&whole);
	websocket_done(&moved);
	buffer_done(&whole_stream);
	buffer_done(&stream);
}

static void
read_state(struct bytes input, size_t state_len)
{
	struct websocket websocket = { .status = 0 };
	struct buffer again = { .data = NULL }, stream = { .data = NULL };
	struct bytes state = bytes_of(input.data,
	    state_len < input.len ? state_len : input.len);

	if (websocket_decode(state, &websocket) != 0)
		return;
	websocket_encode(&websocket, &again);
	check(bytes_equal(state, buffer_view(&again)));
	feed(&websocket, bytes_skip(input, state.len), &stream);
	websocket_close(&websocket, WEBSOCKET_NORMAL_CLOSURE);
	websocket_done(&websocket);
	buffer_done(&again);
	buffer_done(&stream);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes input;

	if (len == 0)
		return 0;
	input = bytes_of(data + 1, len - 1);
	if (data[0] == 'G') /* as a request begins */
		read_request(bytes_of(data, len));
	else if (data[0] < 128)
		read_frames(input, (size_t)data[0] + 1);
	else
		read_state(input, data[0] - 128u);
	return 0;
}
