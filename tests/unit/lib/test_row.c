/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/row.h"

#include <stdio.h>

#include "lib/fields.h"
#include "tests.h"

static struct row row;

static void
free_row(void)
{
	row_done(&row);
}

static bool
parse(const char *line)
{
	row_done(&row);
	return row_parse(bytes_of_string(line), &row);
}

START_TEST(a_row_has_its_word_and_its_fields)
{
	ck_assert(parse("process\trole=gate\tindex=1\tname=a\\x09b\tnone="));
	ck_assert(row_is(&row, "process"));
	ck_assert(!row_is(&row, "proces"));
	ck_assert_uint_eq(row.count, 4);
	ck_assert(bytes_equal(row_text(&row, "role"), BYTES_LITERAL("gate")));
	ck_assert(bytes_equal(row_text(&row, "name"), BYTES_LITERAL("a\tb")));
	ck_assert_int_eq(row_number(&row, "index"), 1);
	ck_assert(row_has(&row, "none"));
	ck_assert_uint_eq(row_text(&row, "none").len, 0);
	ck_assert(!row_has(&row, "pid"));
	ck_assert_uint_eq(row_text(&row, "pid").len, 0);
	ck_assert_int_eq(row_number(&row, "pid"), 0);
}
END_TEST

START_TEST(numbers_are_read_as_far_as_they_are_numbers)
{
	ck_assert(
	    parse("w\tmost=9223372036854775807\tleast=-9223372036854775808"
		  "\tbeyond=99999999999999999999999999999999\ttext=x\t"
		  "part=12x"));
	ck_assert_int_eq(row_number(&row, "most"), INT64_MAX);
	ck_assert_int_eq(row_number(&row, "least"), INT64_MIN);
	ck_assert_int_eq(row_number(&row, "beyond"), INT64_MAX);
	ck_assert_int_eq(row_number(&row, "text"), 0);
	ck_assert_int_eq(row_number(&row, "part"), 12);
}
END_TEST

START_TEST(a_row_without_a_word_or_with_two_is_refused)
{
	ck_assert(!parse(""));
	ck_assert(!parse("a=1"));
	ck_assert(!parse("\ta=1"));
	ck_assert(!parse("word\ta=1\tword"));
	ck_assert(parse("word"));
}
END_TEST

START_TEST(a_malformed_value_is_refused)
{
	ck_assert(!parse("word\ta=\\"));
	ck_assert(!parse("word\ta=1\tb=\\x1"));
}
END_TEST

START_TEST(more_fields_than_there_is_room_for_are_refused)
{
	struct buffer line = { NULL, 0, 0 };

	fields_begin(&line, "word");
	for (int i = 0; i < ROW_FIELDS_MAX; i++)
		fields_number(&line, "n", i);
	ck_assert(row_parse(buffer_view(&line), &row));
	ck_assert_uint_eq(row.count, ROW_FIELDS_MAX);
	/* of those of one name the first counts */
	ck_assert_int_eq(row_number(&row, "n"), 0);
	row_done(&row);
	fields_number(&line, "n", ROW_FIELDS_MAX);
	ck_assert(!row_parse(buffer_view(&line), &row));
	buffer_done(&line);
}
END_TEST

TCase *
test_row(void)
{
	TCase *tests = tcase_create("row");

	tcase_add_checked_fixture(tests, NULL, free_row);
	tcase_add_test(tests, a_row_has_its_word_and_its_fields);
	tcase_add_test(tests, numbers_are_read_as_far_as_they_are_numbers);
	tcase_add_test(tests, a_row_without_a_word_or_with_two_is_refused);
	tcase_add_test(tests, a_malformed_value_is_refused);
	tcase_add_test(tests, more_fields_than_there_is_room_for_are_refused);
	return tests;
}
