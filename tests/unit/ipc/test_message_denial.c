/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>

#include "ipc/message.h"
#include "test_ipc.h"

static struct ipc_denial
full_denial(void)
{
	return (struct ipc_denial){
		.hash = UINT64_C(0x1122334455667788),
		.connection = 77,
		.count = UINT32_MAX,
		.action = 3,
		.reason = 1,
		.identity = BYTES_LITERAL("device-1"),
		.client_id = BYTES_LITERAL("desk"),
		.topic = BYTES_LITERAL("a/b"),
		.role = BYTES_LITERAL("operator"),
		.list = BYTES_LITERAL("deny.publish"),
		.rule = BYTES_LITERAL("a/#"),
	};
}

START_TEST(denial_survives_the_way)
{
	const struct ipc_denial full = full_denial();
	struct ipc_denial decoded;
	struct buffer out = { 0 };

	ipc_denial_encode(&full, &out);
	ck_assert_int_eq(ipc_denial_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.hash, full.hash);
	ck_assert_uint_eq(decoded.connection, full.connection);
	ck_assert_uint_eq(decoded.count, full.count);
	ck_assert_uint_eq(decoded.action, full.action);
	ck_assert_uint_eq(decoded.reason, full.reason);
	ck_assert(bytes_equal(decoded.identity, full.identity));
	ck_assert(bytes_equal(decoded.client_id, full.client_id));
	ck_assert(bytes_equal(decoded.topic, full.topic));
	ck_assert(bytes_equal(decoded.role, full.role));
	ck_assert(bytes_equal(decoded.list, full.list));
	ck_assert(bytes_equal(decoded.rule, full.rule));
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(ipc_denial_decode(bytes_of(out.data, len),
				     &decoded),
		    -EBADMSG);
	buffer_append(&out, BYTES_LITERAL("x"));
	ck_assert_int_eq(ipc_denial_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(the_longest_texts_fit)
{
	static const uint8_t text[65535] = { 'x' };
	const struct bytes longest = { text, sizeof(text) };
	const struct ipc_denial denial = { .count = 1,
		.identity = longest,
		.client_id = longest,
		.topic = longest,
		.role = longest,
		.list = longest,
		.rule = longest };
	struct ipc_denial decoded;
	struct buffer out = { 0 };
	const char *fault;

	ipc_denial_encode(&denial, &out);
	ck_assert_uint_eq(out.len, IPC_DENIAL_LEN_MAX);
	ck_assert_int_eq(ipc_message_check(IPC_DENIAL, IPC_ROLE_WORKER,
			     IPC_ROLE_WORKER, out.len, false, &fault),
	    0);
	ck_assert_int_eq(ipc_denial_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.topic.len, IPC_DENIAL_TEXT_MAX);
	buffer_done(&out);
}
END_TEST

START_TEST(a_denial_of_nothing_is_refused)
{
	struct ipc_denial none = full_denial(), decoded = { .hash = 5 };
	struct buffer out = { 0 };

	none.count = 0;
	ipc_denial_encode(&none, &out);
	ck_assert_int_eq(ipc_denial_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
	ck_assert_uint_eq(decoded.hash, 5);
	buffer_done(&out);
}
END_TEST

START_TEST(denial_logged_survives_the_way)
{
	const struct ipc_denial_logged logged = { UINT64_MAX, 123456 };
	struct ipc_denial_logged decoded;
	struct buffer out = { 0 };
	const char *fault;

	ipc_denial_logged_encode(&logged, &out);
	ck_assert_int_eq(ipc_message_check(IPC_DENIAL_LOGGED, IPC_ROLE_WORKER,
			     IPC_ROLE_WORKER, out.len, false, &fault),
	    0);
	ck_assert_int_eq(ipc_denial_logged_decode(buffer_view(&out), &decoded),
	    0);
	ck_assert_uint_eq(decoded.hash, logged.hash);
	ck_assert_uint_eq(decoded.logged_ms, logged.logged_ms);
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(
		    ipc_denial_logged_decode(bytes_of(out.data, len), &decoded),
		    -EBADMSG);
	buffer_append(&out, BYTES_LITERAL("x"));
	ck_assert_int_eq(ipc_denial_logged_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(workers_alone_tell_denials)
{
	const char *fault;

	ck_assert_int_eq(ipc_message_check(IPC_DENIAL, IPC_ROLE_GATE,
			     IPC_ROLE_WORKER, 100, false, &fault),
	    -EBADMSG);
	ck_assert_int_eq(ipc_message_check(IPC_DENIAL_LOGGED, IPC_ROLE_STORE,
			     IPC_ROLE_WORKER, 16, false, &fault),
	    -EBADMSG);
}
END_TEST

TCase *
test_message_denial(void)
{
	TCase *tests = tcase_create("message denial");

	tcase_add_test(tests, denial_survives_the_way);
	tcase_add_test(tests, the_longest_texts_fit);
	tcase_add_test(tests, a_denial_of_nothing_is_refused);
	tcase_add_test(tests, denial_logged_survives_the_way);
	tcase_add_test(tests, workers_alone_tell_denials);
	return tests;
}
