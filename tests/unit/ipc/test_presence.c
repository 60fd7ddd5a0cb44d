/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/presence.h"

#include <stdlib.h>

#include "test_ipc.h"

static const struct {
	const char *identity;
	const char *client_id;
	const char *topic;
} pairs[] = {
	{ "device-1", "a", "$SYS/presence/device-1/a" },
	{ "device 1", "$a=\"b\"", "$SYS/presence/device 1/$a=\"b\"" },
	{ "spiffe://x/y", "c", "$SYS/presence/spiffe:%2F%2Fx%2Fy/c" },
	{ "a", "x/+/#", "$SYS/presence/a/x%2F%2B%2F%23" },
	{ "100%", "%2F", "$SYS/presence/100%25/%252F" },
	{ "a", "\x01\x1f\x7f", "$SYS/presence/a/%01%1F%7F" },
	{ "a", "\xc2\x80\xc2\x9f\xc2\xa0",
	    "$SYS/presence/a/%C2%80%C2%9F\xc2\xa0" },
	{ "k\xc3\xbc"
	  "che",
	    "\xe2\x82\xac",
	    "$SYS/presence/k\xc3\xbc"
	    "che/\xe2\x82\xac" },
	{ "", "", "$SYS/presence//" },
};

START_TEST(a_session_has_its_topic_and_a_topic_its_session)
{
	struct bytes wanted = bytes_of_string(pairs[_i].topic);
	struct bytes identity = bytes_of_string(pairs[_i].identity);
	struct bytes client_id = bytes_of_string(pairs[_i].client_id);
	struct buffer topic = { .data = NULL }, key = { .data = NULL };

	ck_assert(ipc_presence_topic(identity, client_id, &topic));
	ck_assert_uint_eq(topic.len, wanted.len);
	ck_assert_mem_eq(topic.data, wanted.data, wanted.len);
	ck_assert(ipc_presence_session_key(buffer_view(&topic), &key));
	ck_assert_uint_eq(key.len, 2 + identity.len + client_id.len);
	ck_assert_uint_eq(key.data[0], 0);
	ck_assert_uint_eq(key.data[1], identity.len);
	ck_assert_int_eq(memcmp(key.data + 2, identity.data, identity.len), 0);
	ck_assert_int_eq(memcmp(key.data + 2 + identity.len, client_id.data,
			     client_id.len),
	    0);
	buffer_done(&topic);
	buffer_done(&key);
}
END_TEST

START_TEST(other_topics_have_no_session)
{
	static const char *const others[] = { "", "$SYS/presence",
		"$SYS/presence/", "$SYS/presence/a", "$SYS/presence/a/b/c",
		"$SYS/presence/a/b/", "$SYS/presencf/a/b", "SYS/presence/a/b",
		"$SYS/presence/a/%", "$SYS/presence/a/%2", "$SYS/presence/%2/a",
		"$SYS/presence/a/%2f", "$SYS/presence/a/%G0",
		"$SYS/presence/%0G/a" };
	struct buffer key = { .data = NULL };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		ck_assert_msg(
		    !ipc_presence_session_key(bytes_of_string(others[i]), &key),
		    "%s", others[i]);
		ck_assert_uint_eq(key.len, 0);
	}
	buffer_done(&key);
}
END_TEST

/* The longest that there is, and one byte more. */
START_TEST(what_is_too_long_has_no_topic)
{
	static uint8_t text[IPC_PRESENCE_TOPIC_MAX + 1];
	size_t most = IPC_PRESENCE_TOPIC_MAX - strlen(IPC_PRESENCE_PREFIX "a/");
	struct buffer topic = { .data = NULL };

	memset(text, 'x', sizeof(text));
	ck_assert(ipc_presence_topic(BYTES_LITERAL("a"), bytes_of(text, most),
	    &topic));
	ck_assert_uint_eq(topic.len, IPC_PRESENCE_TOPIC_MAX);
	topic.len = 0;
	ck_assert(!ipc_presence_topic(BYTES_LITERAL("a"),
	    bytes_of(text, most + 1), &topic));
	ck_assert(!ipc_presence_topic(BYTES_LITERAL("a"),
	    bytes_of(text, sizeof(text)), &topic));
	text[0] = '/';
	ck_assert(!ipc_presence_topic(BYTES_LITERAL("a"),
	    bytes_of(text, most - 1), &topic));
	ck_assert_uint_eq(topic.len, 0);
	buffer_done(&topic);
}
END_TEST

TCase *
test_presence(void)
{
	TCase *tests = tcase_create("presence");

	tcase_add_loop_test(tests,
	    a_session_has_its_topic_and_a_topic_its_session, 0,
	    sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_test(tests, other_topics_have_no_session);
	tcase_add_test(tests, what_is_too_long_has_no_topic);
	return tests;
}
