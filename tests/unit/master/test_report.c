/* SPDX-License-Identifier: Apache-2.0 */
#include "test_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "master/report.h"

static struct report report;
static struct buffer out;

static void
tear_down(void)
{
	report_done(&report);
	buffer_done(&out);
}

static void
add(struct buffer *names, const char *text)
{
	buffer_append(names, bytes_of_string(text));
}

static void
expect_text(const char *expected)
{
	char *text;

	out.len = 0;
	report_text(&report, &out);
	text = memory_copy(buffer_view(&out));
	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(a_report_has_a_line_for_each_kind)
{
	expect_text("nothing has changed");
	add(&report.restart, "listen");
	expect_text("as before until the daemon is restarted: listen");
	add(&report.settings, "roles, log.level");
	add(&report.files, "tls.crl");
	expect_text("changed: roles, log.level\nread anew: tls.crl\n"
		    "as before until the daemon is restarted: listen");
	report_clear(&report);
	expect_text("nothing has changed");
}
END_TEST

static struct config_role *
make_roles(size_t count)
{
	struct config_role *roles = memory_new(count, sizeof(*roles));
	char name[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "role-with-a-long-name-%04zu", i);
		roles[i].name = memory_copy(bytes_of_string(name));
	}
	return roles;
}

START_TEST(a_report_is_not_longer_than_an_answer_may_be)
{
	struct config before = { .roles = { .count = 0 } };
	struct config after = { .roles = { 900, make_roles(900) } };
	char *text;

	report_add_roles(&report, &before, &after);
	report_text(&report, &out);
	text = memory_copy(buffer_view(&out));
	ck_assert_uint_le(out.len, REPORT_BYTES_MAX + 64);
	ck_assert_uint_gt(out.len, REPORT_BYTES_MAX - 64);
	ck_assert_ptr_nonnull(
	    strstr(text, "role \"role-with-a-long-name-0000\" added\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nand 8"));
	ck_assert_ptr_nonnull(strstr(text, " more"));
	free(text);
	for (size_t i = 0; i < 900; i++)
		free(after.roles.items[i].name);
	free(after.roles.items);
}
END_TEST

TCase *
test_report(void)
{
	TCase *tcase = tcase_create("report");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, a_report_has_a_line_for_each_kind);
	tcase_add_test(tcase, a_report_is_not_longer_than_an_answer_may_be);
	return tcase;
}
