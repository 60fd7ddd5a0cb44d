/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection goes on elsewhere from what websocket_encode() wrote, at
 * whichever byte it stood.
 */
#include "tests.h"
#include "websocket/stream.h"

/* Every kind of frame, with each of the three lengths. */
static void
append_frame(struct buffer *out, uint8_t first, size_t len)
{
	static const uint8_t mask[] = { 0x37, 0xfa, 0x21, 0x3d };
	uint8_t head[WEBSOCKET_HEAD_MAX];
	size_t head_len = websocket_head_encode(WEBSOCKET_BINARY, len, mask,
	    head);

	head[0] = first;
	buffer_append(out, bytes_of(head, head_len));
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)(i ^ mask[i % 4]);

		buffer_append(out, bytes_of(&byte, 1));
	}
}

static void
move(struct websocket *websocket)
{
	struct websocket moved = { .status = 0 };
	struct buffer state = { .data = NULL }, again = { .data = NULL };

	moved.output = websocket->output; /* is sent before, in the daemon */
	websocket->output = (struct buffer){ .data = NULL };
	websocket_encode(websocket, &state);
	ck_assert_uint_le(state.len, WEBSOCKET_HANDOVER_MAX);
	for (size_t len = 0; len < state.len; len++)
		ck_assert_int_eq(websocket_decode(bytes_of(state.data, len),
				     websocket),
		    -WEBSOCKET_PROTOCOL_ERROR);
	websocket->output = moved.output;
	memset(&moved, 0, sizeof(moved));
	ck_assert_int_eq(websocket_decode(buffer_view(&state), &moved), 0);
	websocket_encode(&moved, &again);
	ck_assert(bytes_equal(buffer_view(&state), buffer_view(&again)));
	moved.output = websocket->output;
	*websocket = moved;
	buffer_done(&state);
	buffer_done(&again);
}

static int
feed(struct websocket *websocket, struct bytes input, struct buffer *stream)
{
	size_t len;
	uint8_t *out = buffer_reserve(stream, input.len + 1);
	int status = websocket_receive(websocket, input, out, &len);

	stream->len += len;
	return status;
}

START_TEST(handover_is_possible_at_each_byte)
{
	struct buffer input = { .data = NULL }, whole = { .data = NULL };
	struct buffer pongs = { .data = NULL };
	struct websocket websocket = { .status = 0 };

	append_frame(&input, 0x02, 7);
	append_frame(&input, 0x89, 6);
	append_frame(&input, 0x00, 0);
	append_frame(&input, 0x80, 130);
	append_frame(&input, 0x82, 66000);
	append_frame(&input, 0x88, 0);
	ck_assert_int_eq(feed(&websocket, buffer_view(&input), &whole),
	    WEBSOCKET_CLOSED);
	pongs = websocket.output;
	for (size_t cut = 0; cut <= input.len; cut += cut < 400 ? 1 : 997) {
		struct buffer stream = { .data = NULL };

		websocket = (struct websocket){ .status = 0 };
		feed(&websocket, bytes_of(input.data, cut), &stream);
		move(&websocket);
		ck_assert_int_eq(
		    feed(&websocket,
			bytes_of(input.data + cut, input.len - cut), &stream),
		    WEBSOCKET_CLOSED);
		ck_assert(
		    bytes_equal(buffer_view(&stream), buffer_view(&whole)));
		ck_assert(bytes_equal(buffer_view(&websocket.output),
		    buffer_view(&pongs)));
		websocket_done(&websocket);
		buffer_done(&stream);
	}
	buffer_done(&input);
	buffer_done(&whole);
	buffer_done(&pongs);
}
END_TEST

static const struct bytes ends[] = {
	CONSTANT("\x81\x85\0\0\0\0a"),
	CONSTANT("\x01\x81\0\0\0\0a"),
	CONSTANT("\x81\x01"),
	CONSTANT("\x88\x82\0\0\0\0\x03\xe9"),
	CONSTANT("\x02\x81\0\0\0\0a\x88\x80\0\0\0\0"),
};
#define END_COUNT ((int)(sizeof(ends) / sizeof(ends[0])))

START_TEST(handover_keeps_the_end)
{
	struct websocket websocket = { .status = 0 }, moved = { .status = 0 };
	struct buffer stream = { .data = NULL }, state = { .data = NULL };
	int status = feed(&websocket, ends[_i], &stream);

	if (_i == 2) /* an unmasked frame is seen with its payload */
		status = feed(&websocket, BYTES_LITERAL("a"), &stream);
	ck_assert_int_ne(status, 0);
	websocket_encode(&websocket, &state);
	ck_assert_int_eq(websocket_decode(buffer_view(&state), &moved), 0);
	ck_assert_int_eq(moved.status, status);
	websocket_close(&websocket, WEBSOCKET_NORMAL_CLOSURE);
	websocket_close(&moved, WEBSOCKET_NORMAL_CLOSURE);
	ck_assert(bytes_equal(buffer_view(&websocket.output),
	    buffer_view(&moved.output)));
	websocket_done(&websocket);
	websocket_done(&moved);
	buffer_done(&stream);
	buffer_done(&state);
}
END_TEST

#define NOTHING "\0\0\0\0"
#define REMAIN  "\0\0\0\0\0\0\0"

static const struct bytes impossible[] = {
	/* version, flags, opcode, remaining, head or mask, control, closed,
	 * status */
	CONSTANT("\2\0\0" REMAIN "\0" NOTHING NOTHING "\0\0\0"),
	CONSTANT("\1\4\0" REMAIN "\0" NOTHING NOTHING "\0\0\0"),
	CONSTANT("\1\2\0" REMAIN "\0" NOTHING NOTHING "\0\0\0"),
	CONSTANT("\1\0\2" REMAIN "\0" NOTHING NOTHING "\0\0\0"),
	CONSTANT("\1\0\0" REMAIN "\0" NOTHING NOTHING "\2\0\0"),
	CONSTANT("\1\0\0" REMAIN "\0" NOTHING NOTHING "\1\3\xea"),
	CONSTANT("\1\0\0" REMAIN "\0" NOTHING NOTHING "\0\3\xe8"),
	/* a head that is too long; control bytes without a control frame */
	CONSTANT("\1\0\0" REMAIN "\0\0\0\0\x0f"
		 "123456789012345" NOTHING "\0\0\0"),
	CONSTANT("\1\0\0" REMAIN "\0" NOTHING "\0\0\0\1a\0\0\0"),
	/* in a payload: text, not in a message, a long control frame */
	CONSTANT("\1\1\1" REMAIN "\1mask" NOTHING "\0\0\0"),
	CONSTANT("\1\0\2" REMAIN "\1mask" NOTHING "\0\0\0"),
	CONSTANT("\1\1\2" REMAIN "\1mask\0\0\0\1a\0\0\0"),
	CONSTANT("\1\0\x09" REMAIN "\1mask" NOTHING "\0\0\0"),
	CONSTANT("\1\2\x09" REMAIN "\x7dmask\0\0\0\1a\0\0\0"),
	CONSTANT("\1\2\x0b" REMAIN "\1mask" NOTHING "\0\0\0"),
	CONSTANT("\1\1\2\x80\0\0\0\0\0\0\0mask" NOTHING "\0\0\0"),
	CONSTANT("\1\1\2" REMAIN "\1mask" NOTHING "\0\3\xea"),
	CONSTANT("\1\0\0" REMAIN "\0" NOTHING NOTHING "\0\0\0x"),
	/* over, but in a message, or with part of a head */
	CONSTANT("\1\1\0" REMAIN "\0" NOTHING NOTHING "\1\0\0"),
	CONSTANT("\1\0\0" REMAIN "\0\0\0\0\1h" NOTHING "\1\0\0"),
};
#define IMPOSSIBLE_COUNT ((int)(sizeof(impossible) / sizeof(impossible[0])))

START_TEST(handover_that_was_never_encoded_is_refused)
{
	struct websocket websocket = { .status = 77 };

	ck_assert_int_eq(websocket_decode(impossible[_i], &websocket),
	    -WEBSOCKET_PROTOCOL_ERROR);
	ck_assert_int_eq(websocket.status, 77);
}
END_TEST

TCase *
test_handover(void)
{
	TCase *tests = tcase_create("handover");

	tcase_add_test(tests, handover_is_possible_at_each_byte);
	tcase_add_loop_test(tests, handover_keeps_the_end, 0, END_COUNT);
	tcase_add_loop_test(tests, handover_that_was_never_encoded_is_refused,
	    0, IMPOSSIBLE_COUNT);
	return tests;
}
