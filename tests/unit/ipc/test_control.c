/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/control.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "ipc/message.h"
#include "test_ipc.h"

static struct buffer out;

static void
free_out(void)
{
	buffer_done(&out);
}

static struct ipc_sessions_ask
some_ask(void)
{
	return (struct ipc_sessions_ask){ .number = UINT64_C(1) << 40,
		.action = IPC_SESSIONS_SHOW,
		.state = IPC_SESSIONS_OFFLINE,
		.identity = BYTES_LITERAL("device-*"),
		.client_id = BYTES_LITERAL("c"),
		.peer = BYTES_LITERAL("192.0.2.1"),
		.name = BYTES_LITERAL("device-1/c") };
}

/* Encoded, and decoded again. */
static int
way_of(const struct ipc_sessions_ask *ask, struct ipc_sessions_ask *decoded)
{
	buffer_done(&out);
	ipc_sessions_ask_encode(ask, &out);
	return ipc_sessions_ask_decode(buffer_view(&out), decoded);
}

START_TEST(a_question_survives_the_way)
{
	struct ipc_sessions_ask ask = some_ask(), decoded;
	const char *fault;

	ck_assert_int_eq(way_of(&ask, &decoded), 0);
	ck_assert_uint_eq(decoded.number, ask.number);
	ck_assert_int_eq(decoded.action, ask.action);
	ck_assert_int_eq(decoded.state, ask.state);
	ck_assert(bytes_equal(decoded.identity, ask.identity));
	ck_assert(bytes_equal(decoded.client_id, ask.client_id));
	ck_assert(bytes_equal(decoded.peer, ask.peer));
	ck_assert(bytes_equal(decoded.name, ask.name));
	ck_assert_int_eq(ipc_message_check(IPC_SESSIONS_ASK, IPC_ROLE_MASTER,
			     IPC_ROLE_WORKER, out.len, false, &fault),
	    0);
	ck_assert_int_eq(ipc_message_check(IPC_SESSIONS_ASK, IPC_ROLE_GATE,
			     IPC_ROLE_WORKER, out.len, false, &fault),
	    -EBADMSG);
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(
		    ipc_sessions_ask_decode(bytes_of(out.data, len), &decoded),
		    -EBADMSG);
	buffer_append(&out, BYTES_LITERAL("x"));
	ck_assert_int_eq(ipc_sessions_ask_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
}
END_TEST

START_TEST(a_question_of_other_values_is_refused)
{
	struct ipc_sessions_ask ask = some_ask(), decoded;

	ask.number = 0;
	ck_assert_int_eq(way_of(&ask, &decoded), -EBADMSG);
	ask = some_ask();
	ask.action = (enum ipc_sessions_action)0;
	ck_assert_int_eq(way_of(&ask, &decoded), -EBADMSG);
	ask.action = (enum ipc_sessions_action)(IPC_SESSIONS_DISCONNECT + 1);
	ck_assert_int_eq(way_of(&ask, &decoded), -EBADMSG);
	ask = some_ask();
	ask.state = (enum ipc_sessions_state)(IPC_SESSIONS_OFFLINE + 1);
	ck_assert_int_eq(way_of(&ask, &decoded), -EBADMSG);
}
END_TEST

START_TEST(nobody_is_shown_or_ended_without_a_name)
{
	struct ipc_sessions_ask ask = some_ask(), decoded;

	ask.name = BYTES_NONE;
	ck_assert_int_eq(way_of(&ask, &decoded), -EBADMSG);
	ask.action = IPC_SESSIONS_DISCONNECT;
	ck_assert_int_eq(way_of(&ask, &decoded), -EBADMSG);
	ask.action = IPC_SESSIONS_LIST;
	ck_assert_int_eq(way_of(&ask, &decoded), 0);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
	static uint8_t text[IPC_SESSIONS_TEXT_MAX + 1];
	struct bytes longest = bytes_of(text, IPC_SESSIONS_TEXT_MAX);
	struct ipc_sessions_ask ask = some_ask(), decoded;
	struct bytes *const texts[] = { &ask.identity, &ask.client_id,
		&ask.peer, &ask.name };

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = longest;
	ck_assert_int_eq(way_of(&ask, &decoded), 0);
	ck_assert_uint_eq(out.len, IPC_SESSIONS_ASK_LEN_MAX);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = bytes_of(text, sizeof(text));
		ck_assert_int_eq(way_of(&ask, &decoded), -EBADMSG);
		*texts[i] = longest;
	}
}
END_TEST

START_TEST(a_number_survives_the_way)
{
	uint64_t number = 0;

	ipc_sessions_number_encode(UINT64_MAX, &out);
	ck_assert_uint_eq(out.len, IPC_SESSIONS_NUMBER_LEN);
	ck_assert_int_eq(ipc_sessions_number_decode(buffer_view(&out), &number),
	    0);
	ck_assert_uint_eq(number, UINT64_MAX);
	out.len--;
	ck_assert_int_eq(ipc_sessions_number_decode(buffer_view(&out), &number),
	    -EBADMSG);
	buffer_done(&out);
	ipc_sessions_number_encode(0, &out);
	ck_assert_int_eq(ipc_sessions_number_decode(buffer_view(&out), &number),
	    -EBADMSG);
}
END_TEST

static int
page_of(uint64_t number, struct bytes lines, struct ipc_sessions_page *decoded)
{
	struct ipc_sessions_page page = { number, true, lines };

	buffer_done(&out);
	ipc_sessions_page_encode(&page, &out);
	return ipc_sessions_page_decode(buffer_view(&out), decoded);
}

START_TEST(a_page_has_whole_lines)
{
	struct ipc_sessions_page page;

	ck_assert_int_eq(page_of(7, BYTES_LITERAL("a\nb\n"), &page), 0);
	ck_assert_uint_eq(page.number, 7);
	ck_assert(page.is_last);
	ck_assert(bytes_equal(page.lines, BYTES_LITERAL("a\nb\n")));
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(
		    ipc_sessions_page_decode(bytes_of(out.data, len), &page),
		    -EBADMSG);
	ck_assert_int_eq(page_of(7, BYTES_NONE, &page), 0);
	ck_assert_uint_eq(page.lines.len, 0);
	ck_assert_int_eq(page_of(7, BYTES_LITERAL("a\nb"), &page), -EBADMSG);
	ck_assert_int_eq(page_of(0, BYTES_LITERAL("a\n"), &page), -EBADMSG);
	ck_assert_int_eq(page_of(7, BYTES_LITERAL("a\n"), &page), 0);
	out.data[8] = 2; /* neither the last nor another */
	ck_assert_int_eq(ipc_sessions_page_decode(buffer_view(&out), &page),
	    -EBADMSG);
}
END_TEST

START_TEST(levels_are_those_of_the_log)
{
	enum log_level level;

	for (int i = 0; i <= LOG_LEVEL_DEBUG; i++) {
		buffer_done(&out);
		ipc_log_level_encode((enum log_level)i, &out);
		ck_assert_uint_eq(out.len, IPC_LOG_LEVEL_LEN);
		ck_assert_int_eq(ipc_log_level_decode(buffer_view(&out),
				     &level),
		    0);
		ck_assert_int_eq((int)level, i);
	}
	ck_assert_int_eq(ipc_log_level_decode(BYTES_LITERAL("\x04"), &level),
	    -EBADMSG);
	ck_assert_int_eq(ipc_log_level_decode(BYTES_NONE, &level), -EBADMSG);
	ck_assert_int_eq(ipc_log_level_decode(BYTES_LITERAL("\1\1"), &level),
	    -EBADMSG);
}
END_TEST

TCase *
test_control(void)
{
	TCase *tests = tcase_create("control");

	tcase_add_checked_fixture(tests, NULL, free_out);
	tcase_add_test(tests, a_question_survives_the_way);
	tcase_add_test(tests, a_question_of_other_values_is_refused);
	tcase_add_test(tests, nobody_is_shown_or_ended_without_a_name);
	tcase_add_test(tests, a_text_that_is_too_long_is_refused);
	tcase_add_test(tests, a_number_survives_the_way);
	tcase_add_test(tests, a_page_has_whole_lines);
	tcase_add_test(tests, levels_are_those_of_the_log);
	return tests;
}
