/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/page.h"

#include <string.h>

#include "metrics/exposition.h"
#include "metrics/text.h"
#include "tests.h"

static struct state state;
static struct buffer out;

static void
begin(void)
{
	memset(&state, 0, sizeof(state));
}

static void
end(void)
{
	state_done(&state);
	buffer_done(&out);
}

static const char *
text(void)
{
	buffer_append(&out, bytes_of("", 1));
	return (const char *)out.data;
}

START_TEST(a_text_is_no_markup)
{
	text_html(&out, BYTES_LITERAL("<a href=\"x\">&'\n\x7f \xc3\xa4"));
	ck_assert_str_eq(text(),
	    "&#60;a href=&#34;x&#34;&#62;&#38;&#39;\\x0a\\x7f \xc3\xa4");
}
END_TEST

START_TEST(a_label_does_not_end_early)
{
	text_label(&out, BYTES_LITERAL("a\"} 1\n\\b"));
	ck_assert_str_eq(text(), "a\\\"} 1\\n\\\\b");
}
END_TEST

START_TEST(a_certificate_says_nothing_but_its_name)
{
	static const char lines[] =
	    "daemon\ttime=1000\n"
	    "certificate\twhat=server\tname=CN=</td><script>\tends_at=87400\n";

	ck_assert_int_eq(state_take(&state, BYTES_LITERAL(lines), 1), 0);
	page_print(&state, 1, &out);
	ck_assert_ptr_nonnull(strstr(text(), "CN=&#60;/td&#62;"));
	ck_assert_ptr_null(strstr(text(), "<script"));
	ck_assert_ptr_nonnull(strstr(text(), ">1 days<"));
}
END_TEST

START_TEST(a_page_without_a_word_of_the_master_is_whole)
{
	page_print(&state, 1, &out);
	ck_assert_ptr_nonnull(strstr(text(), "</html>"));
	out.len = 0;
	exposition_print(&state, 1, true, &out);
	ck_assert_ptr_nonnull(strstr(text(), "signet_sessions 0\n"));
	ck_assert_ptr_null(strstr(text(), "status_age"));
	ck_assert_ptr_nonnull(strstr(text(), "\n# EOF\n"));
}
END_TEST

START_TEST(what_a_silent_master_said_is_called_old)
{
	static const char lines[] = "daemon\tversion=1\tstate=ready\n";

	ck_assert_int_eq(state_take(&state, BYTES_LITERAL(lines), 1000), 0);
	page_print(&state, 10999, &out);
	ck_assert_ptr_nonnull(strstr(text(), "<p class=\"good\">ready</p>"));
	ck_assert_ptr_null(strstr(text(), "silent"));
	out.len = 0;
	page_print(&state, 14000, &out);
	ck_assert_ptr_null(strstr(text(), ">ready<"));
	ck_assert_ptr_nonnull(strstr(text(), "<p class=\"bad\">silent</p>"));
	ck_assert_ptr_nonnull(strstr(text(), " said nothing for 13&#160;s: "));
	out.len = 0;
	exposition_print(&state, 14500, true, &out);
	ck_assert_ptr_nonnull(
	    strstr(text(), "\nsignet_status_age_seconds 13.500\n"));
}
END_TEST

START_TEST(the_most_of_two_minutes_is_one_that_was)
{
	static const char *const lines[] = {
		"daemon\tstate=ready\nstatistic\tname=messages_received\t"
		"value=0\tper_second_hundredths=0\n",
		"daemon\tstate=ready\nstatistic\tname=messages_received\t"
		"value=9\tper_second_hundredths=450\n",
	};
	static const char *const shown[] = {
		"most, in two minutes</dt><dd>0.0</dd>",
		"most, in two minutes</dt><dd>4.5</dd>",
		"most, in two minutes</dt><dd>4.5</dd>",
	};

	for (size_t i = 0; i < 3; i++) {
		out.len = 0;
		ck_assert_int_eq(state_take(&state,
				     bytes_of_string(lines[i % 2]), 1),
		    0);
		page_print(&state, 1, &out);
		ck_assert_msg(strstr(text(), shown[i]) != NULL, "%zu: %s", i,
		    text());
	}
}
END_TEST

START_TEST(connections_that_were_not_admitted_were_refused)
{
	static const char lines[] =
	    "daemon\tstate=ready\n"
	    "statistic\tname=not_admitted_connections_per_source\tvalue=7\n"
	    "statistic\tname=refused_plaintext\tvalue=3\n";

	page_print(&state, 1, &out);
	ck_assert_ptr_nonnull(strstr(text(), "<p class=\"none\">none</p>"));
	out.len = 0;
	ck_assert_int_eq(state_take(&state, BYTES_LITERAL(lines), 1), 0);
	page_print(&state, 1, &out);
	ck_assert_ptr_nonnull(
	    strstr(text(), "<th>not admitted: connections_per_source</th>"
			   "<td class=\"number\">7</td>"));
	ck_assert_ptr_nonnull(
	    strstr(text(), "<th>plaintext</th><td class=\"number\">3</td>"));
	ck_assert_ptr_null(strstr(text(), "class=\"none\""));
	ck_assert_ptr_null(strstr(text(), "displaced"));
}
END_TEST

TCase *
test_page(void)
{
	TCase *tests = tcase_create("page");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, a_text_is_no_markup);
	tcase_add_test(tests, a_label_does_not_end_early);
	tcase_add_test(tests, a_certificate_says_nothing_but_its_name);
	tcase_add_test(tests, a_page_without_a_word_of_the_master_is_whole);
	tcase_add_test(tests, what_a_silent_master_said_is_called_old);
	tcase_add_test(tests, the_most_of_two_minutes_is_one_that_was);
	tcase_add_test(tests, connections_that_were_not_admitted_were_refused);
	return tests;
}
