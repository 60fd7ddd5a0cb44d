/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/response_information.h"

#include "tests.h"

static const struct {
	const char *pattern, *identity, *client_id;
	const char *expected; /* NULL: none */
} cases[] = {
	{ "", "i", "c", NULL },
	{ "answers", "i", "c", "answers" },
	{ "answers/${identity}/${client_id}", "dev", "c-1", "answers/dev/c-1" },
	{ "${identity}${identity}", "ab", "c", "abab" },
	{ "a/${other}/$", "i", "c", "a/${other}/$" },
	{ "a/${client_id}", "i", "a/b", NULL },
	{ "a/${client_id}", "i", "+", NULL },
	{ "a/${client_id}", "i", "x#", NULL },
	{ "a/${client_id}", "i", "", NULL },
	{ "a/${identity}", "", "c", NULL },
	{ "a/${identity}", "i", "a/b", "a/i" },
};

START_TEST(a_value_stands_for_one_level) /* MQTT 5.0, 3.2.2.3.15 */
{
	struct buffer out = { .data = NULL };

	buffer_append(&out, BYTES_LITERAL("x"));
	ck_assert_int_eq(response_information_append(cases[_i].pattern,
			     bytes_of_string(cases[_i].identity),
			     bytes_of_string(cases[_i].client_id), &out),
	    cases[_i].expected != NULL);
	ck_assert_uint_eq(out.data[0], 'x');
	ck_assert(bytes_equal(bytes_skip(buffer_view(&out), 1),
	    bytes_of_string(
		cases[_i].expected != NULL ? cases[_i].expected : "")));
	buffer_done(&out);
}
END_TEST

START_TEST(what_would_be_too_long_is_left_out)
{
	static const uint8_t client_id[RESPONSE_INFORMATION_MAX + 1];
	struct buffer out = { .data = NULL };

	ck_assert(
	    response_information_append("${client_id}", BYTES_LITERAL("i"),
		bytes_of(client_id, RESPONSE_INFORMATION_MAX), &out));
	out.len = 0;
	ck_assert(
	    !response_information_append("a${client_id}", BYTES_LITERAL("i"),
		bytes_of(client_id, RESPONSE_INFORMATION_MAX), &out));
	ck_assert(!response_information_append("${client_id}",
	    BYTES_LITERAL("i"), bytes_of(client_id, sizeof(client_id)), &out));
	ck_assert_uint_eq(out.len, 0);
	buffer_done(&out);
}
END_TEST

TCase *
test_response_information(void)
{
	TCase *tcase = tcase_create("response_information");

	tcase_add_loop_test(tcase, a_value_stands_for_one_level, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, what_would_be_too_long_is_left_out);
	return tcase;
}
