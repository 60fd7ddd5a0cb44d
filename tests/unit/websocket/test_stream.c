/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket/stream.h"

#include "tests.h"

static struct websocket websocket;
static struct buffer stream;

static void
setup(void)
{
	memset(&websocket, 0, sizeof(websocket));
}

static void
teardown(void)
{
	websocket_done(&websocket);
	buffer_done(&stream);
}

static int
receive(struct bytes input)
{
	uint8_t *out = buffer_reserve(&stream, input.len + 1);
	size_t len;
	int status = websocket_receive(&websocket, input, out, &len);

	ck_assert_uint_le(len, input.len);
	stream.len += len;
	return status;
}

static void
expect_output(struct bytes expected)
{
	ck_assert(bytes_equal(buffer_view(&websocket.output), expected));
	websocket.output.len = 0;
}

static void
expect_stream(struct bytes expected)
{
	ck_assert(bytes_equal(buffer_view(&stream), expected));
	stream.len = 0;
}

START_TEST(stream_of_many_frames_is_one) /* [MQTT5-6.0.0-2] */
{
	ck_assert_int_eq(receive(BYTES_LITERAL("\x82\x83\0\0\0\0abc"
					       "\x02\x81\0\0\0\0d"
					       "\x00\x80\0\0\0\0"
					       "\x80\x82\0\0\0\0ef"
					       "\x82\x81\0\0\0\0g")),
	    0);
	expect_stream(BYTES_LITERAL("abcdefg"));
	expect_output(BYTES_NONE);
}
END_TEST

START_TEST(stream_answers_pings_between_fragments) /* RFC 6455 s5.4, s5.5.3 */
{
	static const struct bytes input = CONSTANT("\x02\x81\0\0\0\0a"
						   "\x89\x85\x37\xfa\x21\x3d"
						   "\x7f\x9f\x4d\x51\x58"
						   "\x8a\x81\0\0\0\0?"
						   "\x80\x81\0\0\0\0b"
						   "\x89\x80\0\0\0\0");

	for (size_t step = 1; step <= input.len; step++) {
		setup();
		for (size_t pos = 0; pos < input.len; pos += step)
			ck_assert_int_eq(receive(bytes_of(input.data + pos,
					     input.len - pos < step
						 ? input.len - pos
						 : step)),
			    0);
		expect_stream(BYTES_LITERAL("ab"));
		expect_output(BYTES_LITERAL("\x8a\x05Hello\x8a\0"));
		websocket_done(&websocket);
	}
}
END_TEST

static const struct {
	int status;
	struct bytes input;
} refused[] = {
	/* [MQTT-6.0.0-1], [MQTT5-6.0.0-1] */
	{ -1003, CONSTANT("\x81\x81\0\0\0\0a") },
	{ -1003, CONSTANT("\x01\x80\0\0\0\0") },
	{ -1003, CONSTANT("\x81\xff\0\0\0\x01\0\0\0\0\0\0\0\0aaaaaa") },
	{ -1002, CONSTANT("\x80\x81\0\0\0\0a") }, /* RFC 6455 s5.4 */
	{ -1002, CONSTANT("\x02\x80\0\0\0\0\x82\x81\0\0\0\0a") },
	{ -1002, CONSTANT("\x83\x80\0\0\0\0") }, /* s5.2 */
	{ -1002, CONSTANT("\x87\x80\0\0\0\0") },
	{ -1002, CONSTANT("\x8b\x80\0\0\0\0") },
	{ -1002, CONSTANT("\x8f\x80\0\0\0\0") },
	{ -1002, CONSTANT("\x88\x81\0\0\0\0\x03") },     /* s5.5.1 */
	{ -1002, CONSTANT("\x88\x82\0\0\0\0\x03\xe7") }, /* 999: s7.4 */
	{ -1002, CONSTANT("\x88\x82\0\0\0\0\x03\xec") }, /* 1004 */
	{ -1002, CONSTANT("\x88\x82\0\0\0\0\x03\xed") }, /* 1005 */
	{ -1002, CONSTANT("\x88\x82\0\0\0\0\x03\xee") }, /* 1006 */
	{ -1002, CONSTANT("\x88\x82\0\0\0\0\x03\xf7") }, /* 1015 */
	{ -1002, CONSTANT("\x88\x82\0\0\0\0\x0b\xb7") }, /* 2999 */
	{ -1002, CONSTANT("\x88\x82\0\0\0\0\x13\x88") }, /* 5000 */
};
#define REFUSED_COUNT ((int)(sizeof(refused) / sizeof(refused[0])))

START_TEST(stream_refuses_with_the_code_of_the_fault)
{
	uint8_t close[] = { 0x88, 2, 3, 0 };

	ck_assert_int_eq(receive(refused[_i].input), refused[_i].status);
	expect_stream(BYTES_NONE);
	expect_output(BYTES_NONE);
	ck_assert_int_eq(receive(BYTES_LITERAL("\x82\x81\0\0\0\0a")),
	    refused[_i].status);
	expect_stream(BYTES_NONE);
	close[3] = (uint8_t)-refused[_i].status;
	websocket_close(&websocket, WEBSOCKET_NORMAL_CLOSURE);
	expect_output(bytes_of(close, sizeof(close)));
	websocket_close(&websocket, WEBSOCKET_NORMAL_CLOSURE);
	expect_output(BYTES_NONE);
}
END_TEST

static const struct {
	struct bytes input;
	struct bytes answer;
} closes[] = {
	{ CONSTANT("\x88\x80\0\0\0\0"), CONSTANT("\x88\x02\x03\xe8") },
	{ CONSTANT("\x88\x82\0\0\0\0\x03\xe9"), CONSTANT("\x88\x02\x03\xe9") },
	{ CONSTANT("\x88\x85\0\0\0\0\x03\xf6why"),
	    CONSTANT("\x88\x02\x03\xf6") },
	{ CONSTANT("\x88\x82\0\0\0\0\x0b\xb8"), CONSTANT("\x88\x02\x0b\xb8") },
	{ CONSTANT("\x88\x82\0\0\0\0\x13\x87"), CONSTANT("\x88\x02\x13\x87") },
};
#define CLOSE_COUNT ((int)(sizeof(closes) / sizeof(closes[0])))

START_TEST(stream_echoes_close) /* RFC 6455 s5.5.1 */
{
	ck_assert_int_eq(receive(BYTES_LITERAL("\x82\x81\0\0\0\0a")), 0);
	for (size_t i = 0; i < closes[_i].input.len; i++)
		ck_assert_int_eq(receive(
				     bytes_of(closes[_i].input.data + i, 1)),
		    i + 1 == closes[_i].input.len ? WEBSOCKET_CLOSED : 0);
	ck_assert_int_eq(receive(BYTES_LITERAL("\x82\x81\0\0\0\0b")),
	    WEBSOCKET_CLOSED);
	expect_stream(BYTES_LITERAL("a"));
	websocket_close(&websocket, WEBSOCKET_GOING_AWAY);
	expect_output(closes[_i].answer);
}
END_TEST

START_TEST(stream_closes_with_the_code_that_is_asked_for)
{
	websocket_close(&websocket, WEBSOCKET_MESSAGE_TOO_BIG);
	expect_output(BYTES_LITERAL("\x88\x02\x03\xf1"));
}
END_TEST

TCase *
test_stream(void)
{
	TCase *tests = tcase_create("stream");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, stream_of_many_frames_is_one);
	tcase_add_test(tests, stream_answers_pings_between_fragments);
	tcase_add_loop_test(tests, stream_refuses_with_the_code_of_the_fault, 0,
	    REFUSED_COUNT);
	tcase_add_loop_test(tests, stream_echoes_close, 0, CLOSE_COUNT);
	tcase_add_test(tests, stream_closes_with_the_code_that_is_asked_for);
	return tests;
}
