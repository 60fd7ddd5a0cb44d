/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "lib/log_line.h"
#include "tests.h"

/* The object of one event, from behind its time on. */
static const char *
json(const char *speaker, const struct log_field *fields, size_t count)
{
	static struct log_line line;
	const struct log_entry entry = { LOG_LEVEL_WARNING, speaker, fields,
		count };

	line = (struct log_line){ .len = 0 };
	log_line_print_json(&line, &entry);
	line.text[line.len] = '\0';
	ck_assert_int_eq(strncmp(line.text, "{\"time\":\"2", 10), 0);
	return strstr(line.text, "\"level\"");
}

START_TEST(an_event_is_one_object)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(8883) };

	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	const struct log_field fields[] = {
		log_id("session", 0x9f2c),
		log_word("event", "closed"),
		log_number("idle_seconds", -91),
		log_address("peer", (const void *)&in),
		log_hex("serial", BYTES_LITERAL("\x01\xfe")),
		log_errno("error", EPERM),
	};

	ck_assert_str_eq(json("worker/1", fields, 6),
	    "\"level\":\"warning\",\"role\":\"worker\",\"role_index\":1,"
	    "\"session\":\"0000000000009f2c\",\"event\":\"closed\","
	    "\"idle_seconds\":-91,\"peer\":\"192.0.2.1:8883\","
	    "\"serial\":\"01fe\",\"error\":\"Operation not permitted\"}");
	ck_assert_str_eq(json("master", NULL, 0),
	    "\"level\":\"warning\",\"role\":\"master\"}");
}
END_TEST

static const struct {
	const char *text, *written;
} texts[] = {
	{ "", "" },
	{ "two words", "two words" },
	{ "say \"x\\y\"", "say \\\"x\\\\y\\\"" },
	{ "line\nfeed\x1b[2J\x7f", "line\\u000afeed\\u001b[2J\\u007f" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\\u00fc\\u00df" },
	{ "\xe2\x80\xae", "\\u202e" },
	{ "\xf0\x9f\x94\x91", "\\ud83d\\udd11" },
	/* RFC 3629 s3: alone, overlong, a surrogate, beyond, cut off */
	{ "a\xff"
	  "b",
	    "a\\ufffdb" },
	{ "\x80", "\\ufffd" },
	{ "\xc0\xaf", "\\ufffd\\ufffd" },
	{ "\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd" },
	{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
	{ "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xf5\x80\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xe2\x82", "\\ufffd\\ufffd" },
};

START_TEST(the_text_of_a_peer_is_ascii_in_any_case)
{
	const struct log_field field = log_string("topic", texts[_i].text);
	char expected[256];

	snprintf(expected, sizeof(expected),
	    "\"level\":\"warning\",\"role\":\"gate\",\"role_index\":0,"
	    "\"topic\":\"%s\"}",
	    texts[_i].written);
	ck_assert_str_eq(json("gate/0", &field, 1), expected);
}
END_TEST

/* Nothing but what an object may have leaves a string. */
START_TEST(no_two_bytes_break_out_of_a_string)
{
	for (unsigned int first = 0; first < 256; first++) {
		for (unsigned int second = 0; second < 256; second++) {
			const uint8_t bytes[] = { (uint8_t)first,
				(uint8_t)second };
			const struct log_field field = log_text("t",
			    bytes_of(bytes, 2));
			const char *at = strstr(json("g", &field, 1),
					     "\"t\":") +
					 5;

			while (*at != '"') {
				ck_assert(*at >= ' ' && *at < 0x7f);
				at += *at == '\\' ? 2 : 1;
			}
			ck_assert_str_eq(at, "\"}");
		}
	}
}
END_TEST

START_TEST(the_text_of_a_peer_is_cut)
{
	static uint8_t longer[LOG_TEXT_MAX + 1];
	const struct log_field field = log_text("topic",
	    bytes_of(longer, sizeof(longer)));
	const char *text;

	memset(longer, 'a', sizeof(longer));
	text = strstr(json("g", &field, 1), ":\"a") + 2;
	ck_assert_uint_eq(strspn(text, "a"), LOG_TEXT_MAX);
	ck_assert_str_eq(text + LOG_TEXT_MAX, "...\"}");
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_by_whole_fields)
{
	static uint8_t worst[LOG_TEXT_MAX];
	struct log_field fields[20];
	const char *text;

	for (size_t i = 0; i < 20; i++)
		fields[i] = log_text("topic", bytes_of(worst, sizeof(worst)));
	text = json("g", fields, 20);
	ck_assert_uint_gt(strlen(text), 3000);
	ck_assert_uint_lt(strlen(text), LOG_LINE_MAX);
	ck_assert_str_eq(text + strlen(text) - 19, "\\u0000\",\"cut\":true}");
}
END_TEST

TCase *
test_log_json(void)
{
	TCase *tcase = tcase_create("log_json");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_add_test(tcase, an_event_is_one_object);
	tcase_add_loop_test(tcase, the_text_of_a_peer_is_ascii_in_any_case, 0,
	    sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tcase, no_two_bytes_break_out_of_a_string);
	tcase_add_test(tcase, the_text_of_a_peer_is_cut);
	tcase_add_test(tcase, what_does_not_fit_is_left_out_by_whole_fields);
	return tcase;
}
