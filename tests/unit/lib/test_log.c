/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests.h"

#define STAMP_LEN (sizeof("2026-01-31T09:30:00.123Z") - 1)

static char text[8192];
static int reader, standard_error;

/* Standard error goes into a pipe from here to caught(). */
static void
catch_log(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	standard_error = dup(STDERR_FILENO);
	ck_assert_int_ge(standard_error, 0);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	close(ends[1]);
	reader = ends[0];
	log_start("worker/1", LOG_LEVEL_INFO);
}

/* What was written, without the time before it. */
static const char *
caught(void)
{
	ssize_t len;

	dup2(standard_error, STDERR_FILENO);
	close(standard_error);
	len = read(reader, text, sizeof(text) - 1);
	close(reader);
	ck_assert_int_ge(len, 0);
	text[len] = '\0';
	return (size_t)len < STAMP_LEN ? text : text + STAMP_LEN;
}

START_TEST(an_event_is_one_line_with_time_level_speaker_and_fields)
{
	catch_log();
	log_info(log_id("session", 0x9f2c), log_word("event", "closed"),
	    log_number("idle_seconds", -91));
	ck_assert_str_eq(caught(),
	    " info worker/1 session=0000000000009f2c event=closed "
	    "idle_seconds=-91\n");
	ck_assert_int_eq(text[10], 'T');
	ck_assert_int_eq(text[STAMP_LEN - 1], 'Z');
}
END_TEST

START_TEST(what_is_below_the_level_is_not_written)
{
	catch_log();
	log_debug(log_word("event", "unseen"));
	ck_assert(!log_is_enabled(LOG_LEVEL_DEBUG));
	ck_assert(log_is_enabled(LOG_LEVEL_ERROR));
	ck_assert_str_eq(caught(), "");
}
END_TEST

static const struct {
	const char *text, *written;
} texts[] = {
	{ "plain-1.2/3:4", "plain-1.2/3:4" },
	{ "", "\"\"" },
	{ "two words", "\"two words\"" },
	{ "a=b", "\"a=b\"" },
	{ "say \"x\\y\"", "\"say \\\"x\\\\y\\\"\"" },
	{ "line\nfeed", "\"line\\x0afeed\"" },
	{ "\x1b[2J\x7f", "\"\\x1b[2J\\x7f\"" },
	{ "gr\xc3\xbc\xc3\x9f", "\"gr\\xc3\\xbc\\xc3\\x9f\"" },
};

START_TEST(the_text_of_a_peer_is_quoted_and_escaped)
{
	char expected[256];

	catch_log();
	log_error(log_string("topic", texts[_i].text));
	snprintf(expected, sizeof(expected), " error worker/1 topic=%s\n",
	    texts[_i].written);
	ck_assert_str_eq(caught(), expected);
}
END_TEST

START_TEST(the_text_of_a_peer_is_cut)
{
	static uint8_t longer[LOG_TEXT_MAX + 1];
	const char *line;

	memset(longer, 'a', sizeof(longer));
	catch_log();
	log_info(log_text("topic", bytes_of(longer, sizeof(longer))));
	line = caught();
	ck_assert_uint_eq(strspn(strchr(line, '=') + 1, "a"), LOG_TEXT_MAX);
	ck_assert_str_eq(strrchr(line, 'a') + 1, "...\n");
}
END_TEST

START_TEST(an_event_beyond_the_longest_line_is_cut_and_still_one_line)
{
	static uint8_t worst[LOG_TEXT_MAX];
	struct log_field fields[20];
	const char *line;

	memset(worst, '\n', sizeof(worst));
	for (size_t i = 0; i < 20; i++)
		fields[i] = log_text("topic", bytes_of(worst, sizeof(worst)));
	catch_log();
	log_event(LOG_LEVEL_INFO, fields, 20);
	line = caught();
	ck_assert_uint_gt(strlen(line), 4000);
	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
}
END_TEST

START_TEST(addresses_hex_and_errors_are_written_in_their_forms)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(8883) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(1),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };

	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	catch_log();
	log_warning(log_address("a", (const void *)&in),
	    log_address("b", (const void *)&in6),
	    log_hex("c", BYTES_LITERAL("\x01\xfe")), log_errno("d", EPERM));
	ck_assert_str_eq(caught(),
	    " warning worker/1 a=192.0.2.1:8883 b=[::1]:1 c=01fe "
	    "d=\"Operation not permitted\"\n");
}
END_TEST

START_TEST(the_levels_have_names)
{
	ck_assert_str_eq(log_level_name(LOG_LEVEL_WARNING), "warning");
	ck_assert_ptr_null(log_level_name(LOG_LEVEL_DEBUG + 1));
}
END_TEST

START_TEST(fatal_ends_the_process_with_status_1)
{
	fatal("%s is missing", "everything");
}
END_TEST

TCase *
test_log(void)
{
	TCase *tcase = tcase_create("log");

	tcase_add_test(tcase,
	    an_event_is_one_line_with_time_level_speaker_and_fields);
	tcase_add_test(tcase, what_is_below_the_level_is_not_written);
	tcase_add_loop_test(tcase, the_text_of_a_peer_is_quoted_and_escaped, 0,
	    sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tcase, the_text_of_a_peer_is_cut);
	tcase_add_test(tcase,
	    an_event_beyond_the_longest_line_is_cut_and_still_one_line);
	tcase_add_test(tcase,
	    addresses_hex_and_errors_are_written_in_their_forms);
	tcase_add_test(tcase, the_levels_have_names);
	/* It ends the process, so it needs one of its own. */
	if (getenv("CK_FORK") == NULL)
		tcase_add_exit_test(tcase, fatal_ends_the_process_with_status_1,
		    1);
	return tcase;
}
