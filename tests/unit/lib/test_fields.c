/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fields.h"

#include "tests.h"

static struct buffer line;

static void
free_line(void)
{
	buffer_done(&line);
}

static struct bytes
unescaped(struct bytes value)
{
	line.len = 0;
	ck_assert(fields_unescape(value, &line));
	return buffer_view(&line);
}

#define ck_assert_bytes(got, wanted)                                           \
	ck_assert(bytes_equal((got), BYTES_LITERAL(wanted)))

START_TEST(a_line_is_a_word_and_fields)
{
	fields_begin(&line, "word");
	fields_text(&line, "text", BYTES_LITERAL("two words"));
	fields_word(&line, "word", "one");
	fields_number(&line, "least", INT64_MIN);
	fields_id(&line, "id", 0xab);
	fields_hex(&line, "hex", BYTES_LITERAL("\x01\xfe"));
	fields_text(&line, "none", BYTES_NONE);
	fields_end(&line);
	ck_assert_bytes(buffer_view(&line),
	    "word\ttext=two words\tword=one\tleast=-9223372036854775808\t"
	    "id=00000000000000ab\thex=01fe\tnone=\n");
}
END_TEST

START_TEST(no_text_ends_its_field_or_its_line)
{
	uint8_t all[256];
	struct bytes rest, name, value;

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	fields_begin(&line, "w");
	fields_text(&line, "all", bytes_of(all, sizeof(all)));
	rest = buffer_view(&line);
	ck_assert_ptr_null(memchr(rest.data, '\n', rest.len));
	ck_assert_ptr_null(memchr(rest.data, '\0', rest.len));
	ck_assert(fields_next(&rest, &name, &value));
	ck_assert_bytes(value, "w");
	ck_assert(fields_next(&rest, &name, &value));
	ck_assert_uint_eq(rest.len, 0);
	ck_assert_bytes(name, "all");
	/* behind the line, where it does not move what it reads */
	buffer_reserve(&line, value.len);
	rest = bytes_of(line.data, line.len);
	ck_assert(fields_next(&rest, &name, &value));
	ck_assert(fields_next(&rest, &name, &value));
	{
		size_t begin = line.len;

		ck_assert(fields_unescape(value, &line));
		ck_assert(
		    bytes_equal(bytes_of(line.data + begin, line.len - begin),
			bytes_of(all, sizeof(all))));
	}
}
END_TEST

START_TEST(parts_are_taken_off_the_front)
{
	struct bytes rest = BYTES_LITERAL("word\ta=1\tb=x=y\tc=\t\tflag\t=n");
	static const struct {
		const char *name, *value;
	} wanted[] = { { "", "word" }, { "a", "1" }, { "b", "x=y" },
		{ "c", "" }, { "", "" }, { "", "flag" }, { "", "n" } };
	struct bytes name, value;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		ck_assert(fields_next(&rest, &name, &value));
		ck_assert(bytes_equal(name, bytes_of_string(wanted[i].name)));
		ck_assert(bytes_equal(value, bytes_of_string(wanted[i].value)));
	}
	ck_assert(!fields_next(&rest, &name, &value));
}
END_TEST

START_TEST(only_escapes_that_are_written_are_undone)
{
	static const char *const wrong[] = { "\\", "\\x", "\\x0", "a\\n",
		"\\\\", "\\x0g", "\\xg0", "\\X0a", "\\x0A", "\\x41", "\\xff",
		"\\x5", "ok\\x0a\\" };

	ck_assert_bytes(unescaped(BYTES_LITERAL("a\\x0ab\\x5c\\x7f\\x09")),
	    "a\nb\\\x7f\t");
	ck_assert_bytes(unescaped(BYTES_LITERAL("plain \xc3\xa4")),
	    "plain \xc3\xa4");
	ck_assert_uint_eq(unescaped(BYTES_NONE).len, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(!fields_unescape(bytes_of_string(wrong[i]),
				  &line),
		    "%s is taken", wrong[i]);
}
END_TEST

TCase *
test_fields(void)
{
	TCase *tests = tcase_create("fields");

	tcase_add_checked_fixture(tests, NULL, free_line);
	tcase_add_test(tests, a_line_is_a_word_and_fields);
	tcase_add_test(tests, no_text_ends_its_field_or_its_line);
	tcase_add_test(tests, parts_are_taken_off_the_front);
	tcase_add_test(tests, only_escapes_that_are_written_are_undone);
	return tests;
}
