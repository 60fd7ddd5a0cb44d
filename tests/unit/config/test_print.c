/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "config/schema.h"
#include "test_config.h"

/* Numbers that are the same in each run. */
static uint32_t
next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void
random_text(uint32_t *state, size_t len_max, char *text)
{
	size_t len = 1 + next(state) % len_max;
	size_t i;

	for (i = 0; i < len; i++)
		text[i] = (char)(1 + next(state) % 255);
	text[len] = '\0';
}

static void
append_text(char *out, const char *text)
{
	out += strlen(out);
	for (; *text != '\0'; text++)
		out += sprintf(out, "\\x%02X", (unsigned char)*text);
}

/* A configuration with each setting at random. */
static void
random_config(uint32_t state, char *out)
{
	const struct config_row *row;
	char text[65];
	uint32_t i, count = next(&state) % 4;

	strcpy(out, MINIMUM "roles = (");
	for (i = 0; i < count; i++) {
		sprintf(out + strlen(out), "%s{ name = \"%u", i == 0 ? "" : ",",
		    i);
		random_text(&state, 60, text);
		append_text(out, text);
		strcat(out, "\"; match = { identity = \"");
		random_text(&state, 60, text);
		append_text(out, text);
		strcat(out, "\"; }; publish = [ \"");
		random_text(&state, 60, text);
		append_text(out, text);
		strcat(out, "\", \"b\" ]; }");
	}
	strcat(out, ");");
	for (row = config_rows; row < config_rows + config_row_count; row++)
		if (row->kind == CONFIG_KIND_NUMBER &&
		    strncmp(row->path, "limits.", 7) == 0)
			sprintf(out + strlen(out), "%s%s = %lld;",
			    strcmp(row->path, "limits.packet_bytes") == 0
				? "limits = {"
				: "",
			    row->path + 7,
			    (long long)(row->least +
					next(&state) %
					    (row->most - row->least + 1)));
	strcat(out, "};");
}

static bool
texts_equal(const struct config_strings *a, const struct config_strings *b)
{
	size_t i;

	for (i = 0; i < a->count && i < b->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return a->count == b->count;
}

static void assert_equal(const char *scope, const void *a, const void *b);

static void
assert_lists_equal(const struct config_row *row, const void *a, const void *b)
{
	char scope[CONFIG_PATH_MAX];
	void *a_items, *b_items;
	size_t i, count = config_list_get(row, a, &a_items);

	config_path_format(scope, "%s[].", row->path);
	ck_assert_uint_eq(config_list_get(row, b, &b_items), count);
	for (i = 0; i < count; i++)
		assert_equal(scope, (char *)a_items + i * row->element_size,
		    (char *)b_items + i * row->element_size);
}

static void
assert_equal(const char *scope, const void *a, const void *b)
{
	const struct config_row *row;
	const void *a_member, *b_member;

	for (row = config_rows; row < config_rows + config_row_count; row++) {
		if (!config_row_is_in(row, scope))
			continue;
		a_member = (const char *)a + row->offset;
		b_member = (const char *)b + row->offset;
		if (row->kind == CONFIG_KIND_LIST)
			assert_lists_equal(row, a, b);
		else if (row->kind == CONFIG_KIND_TEXTS)
			ck_assert(texts_equal(a_member, b_member));
		else if (config_row_is_number(row))
			ck_assert_int_eq(config_number_get(row, a),
			    config_number_get(row, b));
		else
			ck_assert_str_eq(*(char *const *)a_member,
			    *(char *const *)b_member);
	}
}

/* Print it, parse that, and compare; with comments as well. */
static void
assert_survives(struct config *config)
{
	struct config *again;
	char *text;
	int i;

	for (i = 0; i < 2; i++) {
		text = print(config, i == 1);
		again = parse(text);
		assert_equal("", config, again);
		free(text);
		config_free(&again);
	}
}

START_TEST(a_printed_configuration_is_read_as_the_same)
{
	static char text[16384];
	struct config *config;

	random_config((uint32_t)_i, text);
	config = parse(text);
	assert_survives(config);
	config_free(&config);
}
END_TEST

/* Each byte that a string can hold, and all that libconfig has a sign for. */
START_TEST(strings_are_printed_such_that_they_are_read_again)
{
	char text[1024] = MINIMUM "roles = ( { name = \"x\"; match = { "
				  "identity = \"";
	struct config *config;
	char bytes[256];
	size_t i;

	for (i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	bytes[255] = '\0';
	{
		static char all[4096];

		strcpy(all, text);
		append_text(all, bytes);
		strcat(all, "\"; }; } );");
		config = parse(all);
	}
	ck_assert_str_eq(config->roles.items[0].match.identity.items[0], bytes);
	assert_survives(config);
	config_free(&config);
}
END_TEST

START_TEST(strings_that_look_like_syntax_stay_strings)
{
	struct config *config = parse(MINIMUM
	    "roles = ( { name = \"/* # // */ \\\" }; @include \\\\\";\n"
	    "match = { identity = \"\\n@include \\\"x\\\"\\n\"; };\n"
	    "publish = [ \"99999999999\", \"a\n@include \\\"x\\\"\" ]; } );");

	ck_assert_str_eq(config->roles.items[0].name,
	    "/* # // */ \" }; @include \\");
	ck_assert_str_eq(config->roles.items[0].match.identity.items[0],
	    "\n@include \"x\"\n");
	ck_assert_str_eq(config->roles.items[0].publish.items[0],
	    "99999999999");
	assert_survives(config);
	config_free(&config);
}
END_TEST

START_TEST(the_defaults_are_a_configuration)
{
	char *text = print(NULL, true);
	struct config *config = parse(text);
	const struct config_row *row;

	for (row = config_rows; row < config_rows + config_row_count; row++) {
		ck_assert_ptr_nonnull(
		    strstr(text, config_path_name(row->path)));
		if (config_row_is_in(row, "") && config_row_is_number(row))
			ck_assert_int_eq(config_number_get(row, config),
			    row->number);
	}
	assert_survives(config);
	config_free(&config);
	free(text);
}
END_TEST

/* What is an example only is no value: it stands behind a #. */
START_TEST(the_defaults_hold_no_example_but_of_what_is_required)
{
	char *text = print(NULL, true), *plain = print(NULL, false);
	struct config *config = parse(text);

	ck_assert_uint_eq(config->listen.count, 1);
	ck_assert_str_ne(config->tls.certificate, "");
	ck_assert_uint_eq(config->tls.crl.count, 0);
	ck_assert_uint_eq(config->limits.source_exempt.count, 0);
	ck_assert_uint_eq(config->websocket.origins.count, 0);
	ck_assert_uint_eq(config->roles.count, 0);
	ck_assert_ptr_nonnull(strstr(plain, "\n#  crl = [ \""));
	ck_assert_ptr_nonnull(
	    strstr(plain, "\n#roles = (\n#  {\n#    name = "));
	ck_assert_ptr_nonnull(strstr(plain, "\n#  }\n#);\n"));
	free(plain);
	config_free(&config);
	free(text);
}
END_TEST

START_TEST(comments_stay_within_eighty_columns)
{
	char *text = print(NULL, true);
	char *line;

	for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		ck_assert_msg(strlen(line) <= 80 || strchr(line, '#') == NULL ||
				  strstr(line, " = [") != NULL,
		    "%s", line);
	free(text);
}
END_TEST

TCase *
test_print(void)
{
	TCase *tests = tcase_create("print");

	tcase_add_loop_test(tests, a_printed_configuration_is_read_as_the_same,
	    0, 100);
	tcase_add_test(tests,
	    strings_are_printed_such_that_they_are_read_again);
	tcase_add_test(tests, strings_that_look_like_syntax_stay_strings);
	tcase_add_test(tests, the_defaults_are_a_configuration);
	tcase_add_test(tests,
	    the_defaults_hold_no_example_but_of_what_is_required);
	tcase_add_test(tests, comments_stay_within_eighty_columns);
	return tests;
}
