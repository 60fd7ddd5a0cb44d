/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/log_line.h"
#include "tests.h"

#define WINDOW_MS (1000 * LOG_REPEATS_SECONDS)

static char text[256 * 1024];
static int caught_fd, standard_error;

/* Standard error goes into a file from here to caught(). */
static void
catch_log(uint32_t shown)
{
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	caught_fd = fileno(file);
	standard_error = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(caught_fd, STDERR_FILENO), 0);
	log_repeats_end();
	log_repeats_limit(shown);
}

static const char *
caught(void)
{
	ssize_t len;

	dup2(standard_error, STDERR_FILENO);
	close(standard_error);
	log_repeats_limit(0);
	len = pread(caught_fd, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(len, 0);
	text[len] = '\0';
	return text;
}

static bool
is_left_out(uint64_t now_ms, enum log_level level,
    const struct log_field *fields, size_t count)
{
	return log_repeats_is_one(&(struct log_entry){ level, "gate/0", fields,
				      count },
	    now_ms);
}

/* A refused handshake from a port of 192.0.2.1. */
static bool
is_refusal_left_out(uint64_t now_ms, unsigned int port, const char *reason)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(0xc0000201) };
	const struct log_field fields[] = {
		log_address("peer", (const void *)&in),
		log_word("event", "refused"),
		log_word("reason", reason),
		log_number("number", port),
	};

	return is_left_out(now_ms, LOG_LEVEL_WARNING, fields, 4);
}

START_TEST(lines_that_say_the_same_are_counted_beyond_a_few)
{
	catch_log(3);
	for (unsigned int i = 0; i < 10; i++)
		ck_assert_int_eq(is_refusal_left_out(1000 + i, 1024 + i,
				     "plaintext"),
		    i >= 3);
	ck_assert(!is_refusal_left_out(1000, 1, "weak-key"));
	ck_assert_uint_eq(log_repeats_check(2000), WINDOW_MS - 1000);
	ck_assert_uint_eq(log_repeats_check(1000 + WINDOW_MS), UINT64_MAX);
	ck_assert_ptr_nonnull(strstr(caught(),
	    " warning gate/0 event=repeated repeated=refused count=7 "
	    "line=\"peer=192.0.2.1:1027 event=refused reason=plaintext "
	    "number=1027\"\n"));
	ck_assert_ptr_null(strstr(text, "weak-key"));
}
END_TEST

START_TEST(after_its_time_a_line_is_written_again)
{
	catch_log(1);
	ck_assert(!is_refusal_left_out(5000, 1, "plaintext"));
	ck_assert(is_refusal_left_out(5001, 2, "plaintext"));
	ck_assert(is_refusal_left_out(4999 + WINDOW_MS, 2, "plaintext"));
	ck_assert(!is_refusal_left_out(5000 + WINDOW_MS, 3, "plaintext"));
	ck_assert(is_refusal_left_out(5001 + WINDOW_MS, 3, "plaintext"));
	log_repeats_end();
	ck_assert_ptr_nonnull(strstr(caught(), "count=2"));
	ck_assert_ptr_nonnull(strstr(text, "count=1"));
}
END_TEST

START_TEST(another_level_or_text_or_address_is_another_line)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct log_field field = log_string("topic", "a");

	catch_log(1);
	ck_assert(!is_left_out(1, LOG_LEVEL_INFO, &field, 1));
	ck_assert(is_left_out(1, LOG_LEVEL_INFO, &field, 1));
	ck_assert(!is_left_out(1, LOG_LEVEL_ERROR, &field, 1));
	field = log_string("topic", "b");
	ck_assert(!is_left_out(1, LOG_LEVEL_INFO, &field, 1));
	field = log_address("topic", (const void *)&in6);
	ck_assert(!is_left_out(1, LOG_LEVEL_INFO, &field, 1));
	in6.sin6_port = 7;
	ck_assert(is_left_out(1, LOG_LEVEL_INFO, &field, 1));
	in6.sin6_addr.s6_addr[15] = 1;
	ck_assert(!is_left_out(1, LOG_LEVEL_INFO, &field, 1));
	log_repeats_end();
	(void)caught();
}
END_TEST

/* What a peer can make us remember has an end; nothing is left out unsaid. */
START_TEST(of_too_many_the_oldest_is_forgotten_and_said)
{
	char topic[32];

	catch_log(1);
	for (unsigned int i = 0; i < 1000; i++) {
		struct log_field fields[2] = { log_word("event", "denied") };

		snprintf(topic, sizeof(topic), "topic-%u", i);
		fields[1] = log_string("topic", topic);
		ck_assert(!is_left_out(i, LOG_LEVEL_INFO, fields, 2));
		ck_assert(is_left_out(i, LOG_LEVEL_INFO, fields, 2));
		ck_assert(is_left_out(i, LOG_LEVEL_INFO, fields, 2));
	}
	log_repeats_end();
	(void)caught();
	for (unsigned int i = 0; i < 1000; i += 111) {
		snprintf(topic, sizeof(topic), "topic=topic-%u\"", i);
		ck_assert_msg(strstr(text, topic) != NULL, "%s", topic);
	}
}
END_TEST

START_TEST(zero_leaves_nothing_out)
{
	catch_log(0);
	for (unsigned int i = 0; i < 100; i++)
		ck_assert(!is_refusal_left_out(1, i, "plaintext"));
	ck_assert_str_eq(caught(), "");
}
END_TEST

TCase *
test_log_repeats(void)
{
	TCase *tcase = tcase_create("log_repeats");

	tcase_add_test(tcase, lines_that_say_the_same_are_counted_beyond_a_few);
	tcase_add_test(tcase, after_its_time_a_line_is_written_again);
	tcase_add_test(tcase, another_level_or_text_or_address_is_another_line);
	tcase_add_test(tcase, of_too_many_the_oldest_is_forgotten_and_said);
	tcase_add_test(tcase, zero_leaves_nothing_out);
	return tcase;
}
