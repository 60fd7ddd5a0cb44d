/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/schema.h"
#include "test_config.h"

static char *
read_sample(void)
{
	FILE *file = fopen(SIGNET_SOURCE "/conf/signet.conf", "r");
	char *text = calloc(1, 65536);

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(text, 1, 65535, file), 0);
	fclose(file);
	return text;
}

/* Make settings of the lines that begin with # and no space but indentation. */
static void
uncomment(char *text)
{
	char *at = text;

	while (at != NULL && *at != '\0') {
		if (*at == '#' &&
		    (isalpha(at[1]) || strncmp(at + 1, "  ", 2) == 0))
			*at = ' ';
		at = strchr(at, '\n');
		if (at != NULL)
			at++;
	}
}

START_TEST(the_sample_is_accepted_and_says_the_defaults)
{
	char *text = read_sample();
	struct config *config = parse(text);
	const struct config_row *row;

	ck_assert_uint_eq(config->listen.count, 2);
	ck_assert_uint_eq(config->roles.count, 1);
	config_free(&config);
	uncomment(text);
	config = parse(text);
	ck_assert_uint_eq(config->roles.count, 3);
	for (row = config_rows; row < config_rows + config_row_count; row++) {
		if (!config_row_is_in(row, ""))
			continue;
		if (config_row_is_number(row))
			ck_assert_msg(config_number_get(row, config) ==
					  row->number,
			    "%s", row->path);
		else if (row->kind == CONFIG_KIND_TEXTS)
			ck_assert_str_eq(
			    ((struct config_strings *)((char *)config +
						       row->offset))
				->items[0],
			    row->text);
		else if (row->text != NULL)
			ck_assert_str_eq(*(char **)((char *)config +
						    row->offset),
			    row->text);
	}
	config_free(&config);
	free(text);
}
END_TEST

START_TEST(the_sample_names_each_setting)
{
	const struct config_row *row = &config_rows[_i];
	const char *bracket = strstr(row->path, "[]");
	char path[CONFIG_PATH_MAX], place[CONFIG_PLACE_MAX] = "";
	struct config *config;
	char *text = read_sample();

	uncomment(text);
	config = parse(text);
	/* Of what is not in the text, no place is known. In one of a list. */
	for (int i = 0; i < 3 && strncmp(place, "test:", 5) != 0; i++) {
		if (bracket == NULL)
			config_path_format(path, "%s", row->path);
		else
			config_path_format(path, "%.*s[%d]%s",
			    (int)(bracket - row->path), row->path, i,
			    bracket + 2);
		config_place_print(config, path, place);
	}
	ck_assert_msg(strncmp(place, "test:", 5) == 0, "%s: %s", row->path,
	    place);
	config_free(&config);
	free(text);
}
END_TEST

TCase *
test_sample(void)
{
	TCase *tests = tcase_create("sample");

	tcase_add_test(tests, the_sample_is_accepted_and_says_the_defaults);
	tcase_add_loop_test(tests, the_sample_names_each_setting, 0,
	    (int)config_row_count);
	return tests;
}
