/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/source.h"
#include "lib/memory.h"
#include "test_config.h"

static struct config_error error;

/* What config_load() says about a file, without the folder's name. */
static const char *
load_refusal(const char *path, int status)
{
	struct config *config = NULL;
	const char *name;

	ck_assert_int_eq(config_load(path, &config, &error), status);
	ck_assert_ptr_null(config);
	name = strrchr(path, '/');
	ck_assert_ptr_nonnull(strstr(error.text, name));
	return strstr(error.text, name) + 1;
}

static const char *
write_text(const char *name, const char *text)
{
	return write_file(name, bytes_of_string(text));
}

#define FILES                                                                  \
	"listen = ( { address = \"::1\"; } );\n"                               \
	"tls = { certificate = \"c.pem\"; private_key = \"k.pem\";\n"          \
	"  client_ca = \"a.pem\"; };\n"

static void
write_tls_files(void)
{
	write_text("c.pem", "");
	write_text("k.pem", "");
	write_text("a.pem", "");
}

START_TEST(names_are_relative_to_the_files_folder)
{
	const char *path = write_text("signet.conf", FILES);
	struct config *config = NULL;
	char expected[128];

	write_tls_files();
	ck_assert_msg(config_load(path, &config, &error) == 0, "%s",
	    error.text);
	snprintf(expected, sizeof(expected), "%.*s/c.pem",
	    (int)(strrchr(path, '/') - path), path);
	ck_assert_str_eq(config->tls.certificate, expected);
	config_free(&config);
}
END_TEST

/* systemd.exec(5), LoadCredential= */
START_TEST(a_file_may_be_a_credential)
{
	const char *path = write_text("signet.conf",
	    "listen = ( { address = \"::1\"; } );\n"
	    "tls = { certificate = \"c.pem\"; client_ca = \"a.pem\";\n"
	    "  private_key = \"${CREDENTIALS_DIRECTORY}/k.pem\"; };\n");
	struct config *config = NULL;
	char *folder = strdup(path);
	char expected[128];

	write_tls_files();
	*strrchr(folder, '/') = '\0';
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	ck_assert_msg(config_load(path, &config, &error) == 0, "%s",
	    error.text);
	snprintf(expected, sizeof(expected), "%s/k.pem", folder);
	ck_assert_str_eq(config->tls.private_key, expected);
	config_free(&config);

	setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
	ck_assert_str_eq(load_refusal(path, -EINVAL),
	    "signet.conf:3: setting `tls.private_key' names /nowhere/k.pem: "
	    "No such file or directory");
	setenv("CREDENTIALS_DIRECTORY", "relative", 1);
	ck_assert_ptr_nonnull(
	    strstr(load_refusal(path, -EINVAL), "which is not set"));
	unsetenv("CREDENTIALS_DIRECTORY");
	ck_assert_ptr_nonnull(
	    strstr(load_refusal(path, -EINVAL), "which is not set"));
	free(folder);
}
END_TEST

START_TEST(a_relative_path_works_like_an_absolute_one)
{
	const char *path = write_text("signet.conf", FILES);
	struct config *config = NULL;
	char *folder = strdup(path);

	write_tls_files();
	*strrchr(folder, '/') = '\0';
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_msg(config_load("signet.conf", &config, &error) == 0, "%s",
	    error.text);
	ck_assert_int_eq(config->tls.certificate[0], '/');
	config_free(&config);
	ck_assert_int_eq(chdir("/"), 0);
	free(folder);
}
END_TEST

START_TEST(a_named_file_that_is_not_there_is_a_fault)
{
	const char *path = write_text("signet.conf", FILES);

	write_text("c.pem", "");
	write_text("a.pem", "");
	ck_assert_ptr_nonnull(strstr(load_refusal(path, -EINVAL),
	    "signet.conf:2: setting `tls.private_key' names "));
	ck_assert_ptr_nonnull(
	    strstr(error.text, "k.pem: No such file or directory"));
	ck_assert_ptr_null(strchr(error.text, '\n'));
}
END_TEST

START_TEST(included_files_are_part_of_the_text)
{
	struct config *config = NULL;
	const char *path = write_text("signet.conf",
	    FILES "roles = (\n"
		  "\t @include \"roles.conf\" # the first two\n"
		  ",@include\n");

	write_tls_files();
	write_text("roles.conf",
	    "{ name = \"a\"; match = { identity = \"*\"; }; },\n"
	    "{ name = \"b\"; match = { identity = \"*\"; }; }");
	/* Elsewhere than at the front of a line it is no include. */
	ck_assert_str_eq(load_refusal(path, -EINVAL),
	    "signet.conf:6: syntax error, here or in the line before");
	path = write_text("signet.conf",
	    FILES "roles = (\n"
		  "\t @include \"roles.conf\" # the first two\n"
		  ");\n"
		  "# @include \"nothing\"\n"
		  "/*\n@include \"nothing\"\n*/\n"
		  "@include \"limits.conf\"");
	write_text("limits.conf", "limits = { subscriptions = 7; };\n");
	ck_assert_msg(config_load(path, &config, &error) == 0, "%s",
	    error.text);
	ck_assert_uint_eq(config->roles.count, 2);
	ck_assert_uint_eq(config->limits.subscriptions, 7);
	config_free(&config);
}
END_TEST

START_TEST(a_fault_in_an_included_file_names_that_file_and_its_line)
{
	const char *path = write_text("signet.conf",
	    "\n@include \"limits.conf\"\nlog = { level = \"x\"; };\n" FILES);
	char *fault;

	write_tls_files();
	write_text("limits.conf",
	    "# limits\n\nlimits = {\n gizmo_wheels = 1;\n};");
	load_refusal(path, -EINVAL);
	fault = strrchr(strtok(error.text, "\n"), '/');
	ck_assert_str_eq(fault,
	    "/limits.conf:4: setting `limits.gizmo_wheels' is unknown; the "
	    "nearest known is `limits.topic_levels'");
	fault = strrchr(strtok(NULL, "\n"), '/');
	ck_assert_str_eq(fault,
	    "/signet.conf:3: setting `log.level' is \"x\", but must be one of "
	    "\"error\", \"warning\", \"info\", \"debug\"");
	ck_assert_ptr_null(strtok(NULL, "\n"));
}
END_TEST

START_TEST(syntax_errors_in_an_included_file_name_it)
{
	const char *path = write_text("signet.conf",
	    "@include \"limits.conf\"\n" FILES);

	write_text("limits.conf", "\nlimits = {\n packets 1;\n};");
	ck_assert_int_eq(config_load(path, &(struct config *){ NULL }, &error),
	    -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text,
	    "/limits.conf:3: syntax error, here or in the line before"));
}
END_TEST

START_TEST(an_include_loop_ends)
{
	const char *path = write_text("signet.conf", "@include \"b.conf\"\n");

	write_text("b.conf", "\n@include \"signet.conf\"\n");
	ck_assert_int_eq(config_load(path, &(struct config *){ NULL }, &error),
	    -EINVAL);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "files are included more than 8 deep"));
}
END_TEST

START_TEST(an_included_file_that_cannot_be_read_is_told_where_it_is_asked_for)
{
	const char *path = write_text("signet.conf", "\n@include \"nothing\"");

	ck_assert_int_eq(config_load(path, &(struct config *){ NULL }, &error),
	    -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "/signet.conf:2: "));
	ck_assert_ptr_nonnull(
	    strstr(error.text, "/nothing: No such file or directory"));
	path = write_text("signet.conf", "@include \"/tmp\"\n");
	ck_assert_int_eq(config_load(path, &(struct config *){ NULL }, &error),
	    -EINVAL);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "/signet.conf:1: /tmp: Is a directory"));
}
END_TEST

static const char *const malformed_includes[] = {
	"@include\n",
	"@include x\n",
	"@include \"\"\n",
	"@include \"x\n\"\n",
	"@include \"x",
};

START_TEST(an_include_without_a_name_is_refused)
{
	const char *path = write_text("signet.conf", malformed_includes[_i]);

	ck_assert_str_eq(load_refusal(path, -EINVAL),
	    "signet.conf:1: @include needs the name of a file in quotes");
}
END_TEST

START_TEST(what_cannot_be_read_is_told)
{
	char path[256];

	ck_assert_str_eq(load_refusal("/tmp", -EINVAL), "tmp: Is a directory");
	ck_assert_str_eq(load_refusal("/dev/zero", -EINVAL),
	    "zero: not a file");
	ck_assert_str_eq(load_refusal("/nowhere/signet.conf", -ENOENT),
	    "signet.conf: No such file or directory");
	snprintf(path, sizeof(path), "%s.fifo", write_text("signet", ""));
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_str_eq(load_refusal(path, -EINVAL),
	    "signet.fifo: not a file");
	unlink(path);
}
END_TEST

START_TEST(a_nul_is_refused)
{
	const char *path = write_file("signet.conf",
	    BYTES_LITERAL("log = \"a\0b\";"));

	ck_assert_str_eq(load_refusal(path, -EINVAL),
	    "signet.conf: byte 9 is a NUL: this is no text");
	ck_assert_str_eq(refusal("log = \"a\\x00b\";"),
	    "test:1: a NUL character in a string");
}
END_TEST

START_TEST(a_file_that_is_too_large_is_refused)
{
	size_t len = CONFIG_SOURCE_BYTES_MAX + 1;
	char *text = memory_new(1, len);
	const char *path;

	memset(text, '#', len);
	path = write_file("signet.conf", bytes_of(text, len));
	ck_assert_str_eq(load_refusal(path, -EINVAL),
	    "signet.conf: the configuration is larger than 4 MiB");
	/* As many bytes as there may be, in several files. */
	write_file("part.conf", bytes_of(text, len / 2));
	path = write_text("two.conf",
	    "@include \"part.conf\"\n@include \"part.conf\"\n");
	load_refusal(path, -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "larger than 4 MiB"));
	free(text);
}
END_TEST

START_TEST(more_settings_than_there_may_be_are_refused_in_time)
{
	size_t len = 0, i;
	char *text = memory_new(2 * CONFIG_SOURCE_SETTINGS_MAX, 16);

	for (i = 0; i < 2 * CONFIG_SOURCE_SETTINGS_MAX; i++)
		len += (size_t)sprintf(text + len, "a%zu=1;\n", i);
	ck_assert_str_eq(refusal(text),
	    "test:8001: the configuration has more than 8000 settings");
	free(text);
}
END_TEST

START_TEST(text_includes_nothing)
{
	ck_assert_str_eq(refusal("\n @include \"/etc/signet/signet.conf\"\n"),
	    "test:2: @include is for files only");
}
END_TEST

START_TEST(lines_may_end_as_in_other_systems)
{
	struct config *config = parse(
	    "log = {\r\n level = \"debug\";\r\n};\r\n" MINIMUM);

	ck_assert_int_eq(config->log.level, LOG_LEVEL_DEBUG);
	config_free(&config);
}
END_TEST

/* Cut anywhere, a configuration is refused or complete, and nothing else. */
START_TEST(a_cut_configuration_does_no_harm)
{
	static const char text[] = MINIMUM
	    "roles = ( { name = \"\\x41\"; match = { identity = \"*\" }; } );\n"
	    "/* x */ # y\nlimits = { connections = 10000000L; };";
	struct config *config;
	size_t len;

	for (len = 0; len < sizeof(text); len++) {
		config = NULL;
		if (config_parse("t", bytes_of(text, len), &config, &error) ==
		    0)
			config_free(&config);
		else
			ck_assert_int_ne(error.text[0], '\0');
	}
}
END_TEST

TCase *
test_source(void)
{
	TCase *tests = tcase_create("source");

	tcase_add_checked_fixture(tests, NULL, remove_files);
	tcase_add_test(tests, names_are_relative_to_the_files_folder);
	tcase_add_test(tests, a_file_may_be_a_credential);
	tcase_add_test(tests, a_relative_path_works_like_an_absolute_one);
	tcase_add_test(tests, a_named_file_that_is_not_there_is_a_fault);
	tcase_add_test(tests, included_files_are_part_of_the_text);
	tcase_add_test(tests,
	    a_fault_in_an_included_file_names_that_file_and_its_line);
	tcase_add_test(tests, syntax_errors_in_an_included_file_name_it);
	tcase_add_test(tests, an_include_loop_ends);
	tcase_add_test(tests,
	    an_included_file_that_cannot_be_read_is_told_where_it_is_asked_for);
	tcase_add_loop_test(tests, an_include_without_a_name_is_refused, 0,
	    COUNT(malformed_includes));
	tcase_add_test(tests, what_cannot_be_read_is_told);
	tcase_add_test(tests, a_nul_is_refused);
	tcase_add_test(tests, a_file_that_is_too_large_is_refused);
	tcase_add_test(tests,
	    more_settings_than_there_may_be_are_refused_in_time);
	tcase_add_test(tests, text_includes_nothing);
	tcase_add_test(tests, lines_may_end_as_in_other_systems);
	tcase_add_test(tests, a_cut_configuration_does_no_harm);
	return tests;
}
