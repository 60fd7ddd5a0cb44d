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
	page_print(&state, &out);
	ck_assert_ptr_nonnull(strstr(text(), "CN=&#60;/td&#62;"));
	ck_assert_ptr_null(strstr(text(), "<script"));
	ck_assert_ptr_nonnull(strstr(text(), ">1 days<"));
}
END_TEST

START_TEST(a_page_without_a_word_of_the_master_is_whole)
{
	page_print(&state, &out);
	ck_assert_ptr_nonnull(strstr(text(), "</html>"));
	out.len = 0;
	exposition_print(&state, true, &out);
	ck_assert_ptr_nonnull(strstr(text(), "signet_sessions 0\n"));
	ck_assert_ptr_nonnull(strstr(text(), "\n# EOF\n"));
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
	return tests;
}
