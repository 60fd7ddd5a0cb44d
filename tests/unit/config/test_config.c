/* SPDX-License-Identifier: Apache-2.0 */
#include "test_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/memory.h"

#define FILES_MAX 32

static struct config_error error;
static char folder[] = "/tmp/signet-test-XXXXXX";
static bool has_folder;
static char files[FILES_MAX][128];
static size_t file_count;

struct config *
parse(const char *text)
{
	struct config *config = NULL;

	ck_assert_msg(config_parse("test", bytes_of_string(text), &config,
			  &error) == 0,
	    "%s", error.text);
	return config;
}

const char *
refusal(const char *text)
{
	struct config *config = NULL;

	ck_assert_msg(config_parse("test", bytes_of_string(text), &config,
			  &error) != 0,
	    "this is accepted: %s", text);
	ck_assert_ptr_null(config);
	return error.text;
}

const char *
write_file(const char *name, struct bytes text)
{
	char *path = files[file_count++];
	FILE *file;

	ck_assert_uint_le(file_count, FILES_MAX);
	if (!has_folder)
		ck_assert_ptr_nonnull(mkdtemp(folder));
	has_folder = true;
	snprintf(path, sizeof(files[0]), "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text.data, 1, text.len, file), text.len);
	ck_assert_int_eq(fclose(file), 0);
	return path;
}

void
remove_files(void)
{
	while (file_count > 0)
		unlink(files[--file_count]);
	if (has_folder)
		rmdir(folder);
	has_folder = false;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
}

char *
print(const struct config *config, bool is_commented)
{
	struct buffer out = { NULL, 0, 0 };
	char *text;

	config_print(config, is_commented, &out);
	text = memory_copy(buffer_view(&out));
	buffer_done(&out);
	return text;
}

int
main(void)
{
	Suite *suite = suite_create("config");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, test_change());
	suite_add_tcase(suite, test_file_fault());
	suite_add_tcase(suite, test_load());
	suite_add_tcase(suite, test_manual());
	suite_add_tcase(suite, test_nearest());
	suite_add_tcase(suite, test_print());
	suite_add_tcase(suite, test_sample());
	suite_add_tcase(suite, test_source());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
