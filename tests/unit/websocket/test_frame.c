/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames one by one, with the examples of RFC 6455 s5.7 (those that a client
 * sends: masked).
 */
#include "websocket/frame.h"

#include "lib/buffer.h"
#include "tests.h"

/* What a reader made of some input. */
struct seen {
	int status;
	unsigned int frames; /* complete */
	uint8_t opcode;      /* of the last */
	bool is_final;
	struct buffer payload;
};

static void
read_input(struct websocket_frame_state *state, struct bytes input,
    struct seen *seen)
{
	struct websocket_reader reader;
	struct websocket_part part;

	websocket_reader_init(&reader, state, input);
	while ((seen->status = websocket_reader_next(&reader, &part)) == 0) {
		seen->opcode = part.opcode;
		seen->is_final = part.is_final;
		seen->frames += part.is_last;
		if (part.payload.len > 0)
			buffer_append(&seen->payload, part.payload);
	}
	websocket_reader_done(&reader);
}

/* A frame of len bytes 'a', masked. */
static void
append_frame(struct buffer *out, uint64_t len)
{
	static const uint8_t mask[] = { 1, 2, 3, 4 };
	uint8_t head[WEBSOCKET_HEAD_MAX];
	size_t head_len = websocket_head_encode(WEBSOCKET_BINARY, len, mask,
	    head);

	buffer_append(out, bytes_of(head, head_len));
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)('a' ^ mask[i % 4]);

		buffer_append(out, bytes_of(&byte, 1));
	}
}

START_TEST(frame_takes_the_masked_hello)
{
	struct websocket_frame_state state = { .head_len = 0 };
	struct seen seen = { .frames = 0 };

	read_input(&state,
	    BYTES_LITERAL("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
	    &seen);
	ck_assert_int_eq(seen.status, WEBSOCKET_NEED_MORE);
	ck_assert_uint_eq(seen.frames, 1);
	ck_assert_uint_eq(seen.opcode, WEBSOCKET_TEXT);
	ck_assert(seen.is_final);
	ck_assert(
	    bytes_equal(buffer_view(&seen.payload), BYTES_LITERAL("Hello")));
	buffer_done(&seen.payload);
}
END_TEST

START_TEST(frame_takes_a_masked_pong_and_fragments)
{
	struct websocket_frame_state state = { .head_len = 0 };
	struct seen seen = { .frames = 0 };

	read_input(&state,
	    BYTES_LITERAL("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
			  "\x01\x83\0\0\0\0Hel\x80\x82\0\0\0\0lo"),
	    &seen);
	ck_assert_int_eq(seen.status, WEBSOCKET_NEED_MORE);
	ck_assert_uint_eq(seen.frames, 3);
	ck_assert_uint_eq(seen.opcode, WEBSOCKET_CONTINUATION);
	ck_assert(bytes_equal(buffer_view(&seen.payload),
	    BYTES_LITERAL("HelloHello")));
	buffer_done(&seen.payload);
}
END_TEST

static const size_t lengths[] = { 0, 1, 2, 3, 4, 5, 125, 126, 127, 256, 4096,
	4097, 65535, 65536, 70000 };
#define LENGTH_COUNT ((int)(sizeof(lengths) / sizeof(lengths[0])))

/* Read input in pieces of step bytes; false: once it was not all taken. */
static bool
read_pieces(struct websocket_frame_state *state, struct bytes input,
    size_t step, struct seen *seen)
{
	bool is_taken = true;

	for (size_t pos = 0; pos < input.len; pos += step) {
		size_t left = input.len - pos;

		read_input(state,
		    bytes_of(input.data + pos, left < step ? left : step),
		    seen);
		is_taken &= seen->status == WEBSOCKET_NEED_MORE;
	}
	return is_taken;
}

static bool
is_all(struct bytes text, uint8_t byte)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != byte)
			return false;
	return true;
}

START_TEST(frame_is_the_same_in_pieces_of_any_length)
{
	static const size_t steps[] = { 1, 2, 3, 5, 7, 13, 4096, 100000 };
	struct buffer input = { .data = NULL };

	append_frame(&input, lengths[_i]);
	append_frame(&input, 3);
	for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
		struct websocket_frame_state state = { .head_len = 0 };
		struct seen seen = { .frames = 0 };

		ck_assert(
		    read_pieces(&state, buffer_view(&input), steps[s], &seen));
		ck_assert_uint_eq(seen.frames, 2);
		ck_assert_uint_eq(seen.payload.len, lengths[_i] + 3);
		ck_assert(is_all(buffer_view(&seen.payload), 'a'));
		buffer_done(&seen.payload);
	}
	buffer_done(&input);
}
END_TEST

START_TEST(frame_state_says_how_much_is_to_come)
{ /* nothing waits for the length that is announced */
	struct websocket_frame_state state = { .head_len = 0 };
	struct seen seen = { .frames = 0 };

	read_input(&state,
	    BYTES_LITERAL("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
			  "\1\2\3\4\x60\x63\x62"),
	    &seen);
	ck_assert_int_eq(seen.status, WEBSOCKET_NEED_MORE);
	ck_assert(
	    bytes_equal(buffer_view(&seen.payload), BYTES_LITERAL("aaa")));
	ck_assert(state.remaining == (uint64_t)INT64_MAX - 3);
	ck_assert_mem_eq(state.mask, "\4\1\2\3", 4);
	buffer_done(&seen.payload);
}
END_TEST

static const struct bytes faults[] = {
	CONSTANT("\x81\x05Hello"),          /* RFC 6455 s5.1 */
	CONSTANT("\x89\0"),                 /* the same */
	CONSTANT("\xc2\x81\0\0\0\0a"),      /* RSV1: s5.2 */
	CONSTANT("\xa2\x81\0\0\0\0a"),      /* RSV2 */
	CONSTANT("\x92\x81\0\0\0\0a"),      /* RSV3 */
	CONSTANT("\x82\xfe\0\x7d\0\0\0\0"), /* 125 in 16 bits */
	CONSTANT("\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"),
	CONSTANT("\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0"),
	CONSTANT("\x09\x80\0\0\0\0"),       /* a fragment: s5.5 */
	CONSTANT("\x89\xfe\0\x7e\0\0\0\0"), /* 126 bytes */
};
#define FAULT_COUNT ((int)(sizeof(faults) / sizeof(faults[0])))

START_TEST(frame_faults_are_refused)
{
	for (size_t step = 1; step <= faults[_i].len; step++) {
		struct websocket_frame_state state = { .head_len = 0 };
		struct seen seen = { .status = WEBSOCKET_NEED_MORE };

		for (size_t pos = 0;
		     pos < faults[_i].len && seen.status == WEBSOCKET_NEED_MORE;
		     pos += step) {
			size_t left = faults[_i].len - pos;

			read_input(&state,
			    bytes_of(faults[_i].data + pos,
				left < step ? left : step),
			    &seen);
		}
		ck_assert_int_eq(seen.status, -WEBSOCKET_PROTOCOL_ERROR);
		ck_assert_uint_eq(seen.payload.len, 0);
	}
}
END_TEST

static const struct {
	uint64_t len;
	struct bytes head;
} heads[] = {
	{ 0, CONSTANT("\x82\0") }, { 125, CONSTANT("\x82\x7d") },
	{ 126, CONSTANT("\x82\x7e\0\x7e") },
	{ 256, CONSTANT("\x82\x7e\x01\0") }, /* RFC 6455 s5.7 */
	{ 65535, CONSTANT("\x82\x7e\xff\xff") },
	{ 65536, CONSTANT("\x82\x7f\0\0\0\0\0\x01\0\0") }, /* the same */
};
#define HEAD_COUNT ((int)(sizeof(heads) / sizeof(heads[0])))

START_TEST(frame_heads_are_as_short_as_can_be)
{
	uint8_t head[WEBSOCKET_HEAD_MAX];
	size_t len = websocket_head_encode(WEBSOCKET_BINARY, heads[_i].len,
	    NULL, head);

	ck_assert(bytes_equal(bytes_of(head, len), heads[_i].head));
}
END_TEST

TCase *
test_frame(void)
{
	TCase *tests = tcase_create("frame");

	tcase_add_test(tests, frame_takes_the_masked_hello);
	tcase_add_test(tests, frame_takes_a_masked_pong_and_fragments);
	tcase_add_loop_test(tests, frame_is_the_same_in_pieces_of_any_length, 0,
	    LENGTH_COUNT);
	tcase_add_test(tests, frame_state_says_how_much_is_to_come);
	tcase_add_loop_test(tests, frame_faults_are_refused, 0, FAULT_COUNT);
	tcase_add_loop_test(tests, frame_heads_are_as_short_as_can_be, 0,
	    HEAD_COUNT);
	return tests;
}
