/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket/upgrade.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests.h"

#define LINE     "GET /chat HTTP/1.1\r\n"
#define HOST     "Host: server.example.com\r\n"
#define UPGRADE  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define NUMBER   "Sec-WebSocket-Version: 13\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: mqtt\r\n"
#define END      "\r\n"
#define FIELDS   HOST UPGRADE KEY NUMBER PROTOCOL

START_TEST(upgrade_accepts_with_the_hash_of_the_key) /* RFC 6455 s1.3 */
{
	static const struct bytes request = CONSTANT(
	    LINE FIELDS "Origin: http://example.com \r\n" END "\x82");
	struct websocket_upgrade upgrade;
	struct buffer out = { .data = NULL };

	ck_assert_int_eq(websocket_upgrade_decode(request, &upgrade), 0);
	ck_assert_uint_eq(upgrade.len, request.len - 1);
	ck_assert(
	    bytes_equal(upgrade.origin, BYTES_LITERAL("http://example.com")));
	ck_assert_str_eq(upgrade.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	websocket_upgrade_answer(&upgrade, &out);
	/* [MQTT-6.0.0-4], [MQTT5-6.0.0-4] */
	ck_assert(bytes_equal(buffer_view(&out),
	    BYTES_LITERAL(
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")));
	buffer_done(&out);
}
END_TEST

START_TEST(upgrade_waits_for_the_whole_request)
{
	static const struct bytes request = CONSTANT(LINE FIELDS END);
	struct websocket_upgrade upgrade;

	for (size_t len = 0; len < request.len; len++)
		ck_assert_int_eq(websocket_upgrade_decode(bytes_of(request.data,
							      len),
				     &upgrade),
		    WEBSOCKET_NEED_MORE);
	ck_assert_int_eq(websocket_upgrade_decode(request, &upgrade), 0);
	ck_assert_uint_eq(upgrade.origin.len, 0);
}
END_TEST

static const char *const good[] = {
	"GET / HTTP/1.1\r\n" FIELDS END,
	"GET wss://host/path?query HTTP/1.1\r\n" FIELDS END,
	LINE "hOST:x\r\nupgrade:WEBSOCKET\r\nconnection:keep-alive, upgrade\r\n"
	     "sec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==\r\n"
	     "sec-websocket-version:\t13 \r\n"
	     "sec-websocket-protocol:a,mqtt , b\r\n" END,
	LINE HOST UPGRADE KEY NUMBER
	"Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: mqtt\r\n" END,
	LINE HOST "Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: a\r\n"
		  "Connection: Upgrade\r\n" KEY NUMBER PROTOCOL END,
	LINE FIELDS "Content-Length: 0\r\nX:\r\nY: \xc3\xa9\t!\r\n" END,
	LINE FIELDS "Sec-WebSocket-Extensions: permessage-deflate\r\n" END,
};
#define GOOD_COUNT ((int)(sizeof(good) / sizeof(good[0])))

START_TEST(upgrade_takes_each_way_to_say_it)
{
	struct websocket_upgrade upgrade;

	ck_assert_int_eq(websocket_upgrade_decode(bytes_of_string(good[_i]),
			     &upgrade),
	    0);
	ck_assert_uint_eq(upgrade.len, strlen(good[_i]));
}
END_TEST

static const struct {
	enum websocket_refusal refusal;
	struct bytes request;
} bad[] = {
#define ROW(refusal, text)                                                     \
	{                                                                      \
		WEBSOCKET_REFUSAL_##refusal, CONSTANT(text)                    \
	}
	ROW(MALFORMED, "GEX"),
	ROW(MALFORMED, "GET\t/ HTTP/1.1\r\n"),
	ROW(MALFORMED, "GET  / HTTP/1.1\r\n" FIELDS END),
	ROW(MALFORMED, "GET / HTTP/1.1 \r\n" FIELDS END),
	ROW(MALFORMED, "GET /\x80 HTTP/1.1\r\n" FIELDS END),
	ROW(MALFORMED, "GET / http/1.1\r\n" FIELDS END),
	ROW(MALFORMED, "GET / HTTP/11\r\n" FIELDS END),
	ROW(MALFORMED, "GET /\r\n" FIELDS END),
	ROW(HTTP_VERSION, "GET / HTTP/1.0\r\n" FIELDS END),
	ROW(HTTP_VERSION, "GET / HTTP/2.0\r\n" FIELDS END),
	ROW(MALFORMED, LINE UPGRADE KEY NUMBER PROTOCOL END),
	ROW(MALFORMED, LINE HOST FIELDS END),
	ROW(MALFORMED, LINE FIELDS " folded\r\n" END),
	ROW(MALFORMED, LINE FIELDS "colonless\r\n" END),
	ROW(MALFORMED, LINE FIELDS ": nameless\r\n" END),
	ROW(MALFORMED, LINE FIELDS "Name : x\r\n" END),
	ROW(MALFORMED, LINE FIELDS "N\0ame: x\r\n" END),
	ROW(MALFORMED, LINE FIELDS "Name: \0\r\n" END),
	ROW(MALFORMED, LINE FIELDS "Name: \x7f\r\n" END),
	ROW(MALFORMED, LINE FIELDS "Name: a\rb\r\n" END),
	ROW(MALFORMED, LINE FIELDS "Name: a\nOther: b\r\n" END),
	ROW(MALFORMED, LINE FIELDS "Content-Length: 1\r\n" END),
	ROW(MALFORMED, LINE FIELDS "Transfer-Encoding: chunked\r\n" END),
	ROW(MALFORMED, LINE FIELDS "Origin: a\r\nOrigin: b\r\n" END),
	ROW(NOT_UPGRADE, LINE HOST END),
	ROW(NOT_UPGRADE,
	    LINE HOST KEY NUMBER PROTOCOL "Connection: Upgrade\r\n" END),
	ROW(NOT_UPGRADE, LINE HOST KEY NUMBER PROTOCOL
	    "Upgrade: websocket\r\nConnection: upgraded\r\n" END),
	ROW(VERSION, LINE HOST UPGRADE KEY PROTOCOL END),
	ROW(VERSION,
	    LINE HOST UPGRADE KEY PROTOCOL "Sec-WebSocket-Version: 8\r\n" END),
	ROW(VERSION, LINE FIELDS NUMBER END),
	ROW(MALFORMED, LINE HOST UPGRADE NUMBER PROTOCOL END),
	ROW(MALFORMED, LINE FIELDS KEY END),
	ROW(MALFORMED, LINE HOST UPGRADE NUMBER PROTOCOL
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n" END),
	ROW(MALFORMED, LINE HOST UPGRADE NUMBER PROTOCOL
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=\r\n" END),
	ROW(MALFORMED, LINE HOST UPGRADE NUMBER PROTOCOL
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j*Q==\r\n" END),
	/* [MQTT-6.0.0-3], [MQTT5-6.0.0-3] */
	ROW(SUBPROTOCOL, LINE HOST UPGRADE KEY NUMBER END),
	ROW(SUBPROTOCOL, LINE HOST UPGRADE KEY NUMBER
	    "Sec-WebSocket-Protocol: mqttv3.1\r\n" END),
	ROW(SUBPROTOCOL, LINE HOST UPGRADE KEY NUMBER
	    "Sec-WebSocket-Protocol: MQTT\r\n" END),
#undef ROW
};
#define BAD_COUNT ((int)(sizeof(bad) / sizeof(bad[0])))

START_TEST(upgrade_refuses)
{
	struct websocket_upgrade upgrade;

	ck_assert_int_eq(websocket_upgrade_decode(bad[_i].request, &upgrade),
	    -(int)bad[_i].refusal);
}
END_TEST

START_TEST(upgrade_is_bounded)
{
	struct websocket_upgrade upgrade;
	char *request = malloc(2 * WEBSOCKET_REQUEST_MAX);
	size_t head_len = strlen(LINE FIELDS "X: ");

	memset(request, 'x', 2 * WEBSOCKET_REQUEST_MAX);
	memcpy(request, LINE FIELDS "X: ", head_len);
	ck_assert_int_eq(websocket_upgrade_decode(
			     bytes_of(request, WEBSOCKET_REQUEST_MAX - 1),
			     &upgrade),
	    WEBSOCKET_NEED_MORE);
	ck_assert_int_eq(websocket_upgrade_decode(bytes_of(request,
						      WEBSOCKET_REQUEST_MAX),
			     &upgrade),
	    -WEBSOCKET_REFUSAL_TOO_LARGE);
	memcpy(request + WEBSOCKET_REQUEST_MAX - 3, "\r\n\r\n", 4);
	ck_assert_int_eq(websocket_upgrade_decode(
			     bytes_of(request, WEBSOCKET_REQUEST_MAX + 1),
			     &upgrade),
	    -WEBSOCKET_REFUSAL_TOO_LARGE);
	memcpy(request + WEBSOCKET_REQUEST_MAX - 4, "\r\n\r\n", 4);
	ck_assert_int_eq(websocket_upgrade_decode(bytes_of(request,
						      WEBSOCKET_REQUEST_MAX),
			     &upgrade),
	    0);
	free(request);
}
END_TEST

START_TEST(upgrade_refusals_say_why)
{
	static const unsigned int statuses[] = { 0, 400, 431, 505, 426, 426,
		400, 403 };
	struct buffer out = { .data = NULL };
	unsigned int status = 0;
	const char *body, *length;

	websocket_refusal_answer((enum websocket_refusal)_i, &out);
	buffer_append(&out, BYTES_LITERAL("\0"));
	ck_assert_int_eq(sscanf((char *)out.data, "HTTP/1.1 %u ", &status), 1);
	ck_assert_uint_eq(status, statuses[_i]);
	body = strstr((char *)out.data, "\r\n\r\n");
	length = strstr((char *)out.data, "Content-Length: ");
	ck_assert_ptr_nonnull(body);
	ck_assert_ptr_nonnull(length);
	ck_assert_int_eq(atoi(length + 16), (int)strlen(body + 4));
	ck_assert_ptr_nonnull(
	    strstr((char *)out.data, "\r\nConnection: close"));
	/* RFC 9110 s15.5.22 */
	ck_assert((strstr((char *)out.data, "\r\nUpgrade: websocket\r\n") !=
		      NULL) == (status == 426));
	ck_assert_ptr_nonnull(
	    websocket_refusal_word((enum websocket_refusal)_i));
	buffer_done(&out);
}
END_TEST

TCase *
test_upgrade(void)
{
	TCase *tests = tcase_create("upgrade");

	tcase_add_test(tests, upgrade_accepts_with_the_hash_of_the_key);
	tcase_add_test(tests, upgrade_waits_for_the_whole_request);
	tcase_add_loop_test(tests, upgrade_takes_each_way_to_say_it, 0,
	    GOOD_COUNT);
	tcase_add_loop_test(tests, upgrade_refuses, 0, BAD_COUNT);
	tcase_add_test(tests, upgrade_is_bounded);
	tcase_add_loop_test(tests, upgrade_refusals_say_why,
	    WEBSOCKET_REFUSAL_MALFORMED, WEBSOCKET_REFUSAL_ORIGIN + 1);
	return tests;
}
