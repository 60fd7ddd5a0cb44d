/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "config/change.h"
#include "lib/memory.h"
#include "test_config.h"

#define ROLE(name, filters)                                                    \
	"{ name = \"" name "\"; match = { identity = \"*\"; }; "               \
	"publish = [ " filters " ]; }"

static const struct {
	const char *from, *to; /* behind MINIMUM */
	const char *reload, *restart;
} pairs[] = {
	{ "", "", "", "" },
	{ "log = { level = \"info\"; };", "", "", "" },
	{ "", "log = { level = \"debug\"; };", "log.level", "" },
	{ "", "limits = { packet_bytes = 2000; topic_levels = 5; };",
	    "limits.packet_bytes, limits.topic_levels", "" },
	{ "", "websocket = { enabled = false; };", "websocket.enabled", "" },
	{ "", "websocket = { origins = [ \"a\" ]; };", "websocket.origins",
	    "" },
	{ "", "sessions = { response_information = \"x\"; };",
	    "sessions.response_information", "" },
	{ "", "store = { path = \"/x\"; reserve_bytes = 1048576; };", "",
	    "store.path, store.reserve_bytes" },
	{ "", "processes = { user = \"x\"; stop_seconds = 9; };",
	    "processes.stop_seconds", "processes.user" },
	{ "", "roles = ( " ROLE("a", "") " );", "roles", "" },
	{ "roles = ( " ROLE("a", "\"x\"") ", " ROLE("b", "") " );",
	    "roles = ( " ROLE("a", "\"y\"") ", " ROLE("c", "\"x\"") " );",
	    "roles", "" },
	{ "roles = ( { name = \"a\"; match = { identity = \"*\"; }; } );",
	    "roles = ( { name = \"a\"; match = { identity = \"*\"; }; "
	    "connect = [ ]; } );",
	    "roles", "" },
	{ "roles = ( " ROLE("a", "\"x\", \"y\"") " );",
	    "roles = ( " ROLE("a", "\"x\"") " );", "roles", "" },
};

static struct config *
parse_pair(const char *text)
{
	char whole[1024];

	snprintf(whole, sizeof(whole), "%s%s", MINIMUM, text);
	return parse(whole);
}

static void
expect_names(const struct config *from, const struct config *to,
    enum config_applied applied, const char *expected)
{
	struct buffer names = { NULL, 0, 0 };
	size_t count = config_compare(from, to, applied, &names);
	char *text = memory_copy(buffer_view(&names));

	ck_assert_str_eq(text, expected);
	ck_assert_int_eq(count > 0, expected[0] != '\0');
	free(text);
	buffer_done(&names);
}

START_TEST(what_differs_is_named)
{
	struct config *from = parse_pair(pairs[_i].from);
	struct config *to = parse_pair(pairs[_i].to);

	expect_names(from, to, CONFIG_APPLIED_BY_RELOAD, pairs[_i].reload);
	expect_names(from, to, CONFIG_APPLIED_BY_RESTART, pairs[_i].restart);
	config_free(&from);
	config_free(&to);
}
END_TEST

START_TEST(what_needs_a_restart_is_kept_and_nothing_else)
{
	struct config *from = parse_pair(pairs[_i].from);
	struct config *to = parse_pair(pairs[_i].to);

	config_keep_restart(to, from);
	expect_names(from, to, CONFIG_APPLIED_BY_RELOAD, pairs[_i].reload);
	expect_names(from, to, CONFIG_APPLIED_BY_RESTART, "");
	ck_assert_ptr_ne(from->listen.items, to->listen.items);
	config_free(&from);
	config_free(&to);
}
END_TEST

START_TEST(another_address_is_kept_whole)
{
	struct config *from = parse_pair("");
	struct config *to = parse(
	    "listen = ( { address = \"::1\"; port = 1; }, "
	    "{ address = \"127.0.0.1\"; } );"
	    "tls = { certificate = \"/x\"; private_key = \"/k\"; "
	    "client_ca = \"/a\"; };");

	expect_names(from, to, CONFIG_APPLIED_BY_RESTART, "listen");
	expect_names(from, to, CONFIG_APPLIED_BY_RELOAD, "tls.certificate");
	config_keep_restart(to, from);
	ck_assert_uint_eq(to->listen.count, 1);
	ck_assert_uint_eq(to->listen.items[0].port, 8883);
	ck_assert_str_eq(to->tls.certificate, "/x");
	config_free(&from);
	config_free(&to);
}
END_TEST

START_TEST(a_part_is_the_same_or_not)
{
	struct config *a = parse_pair("roles = ( " ROLE("a", "\"x\"") " );");
	struct config *b = parse_pair("roles = ( " ROLE("a", "\"y\"") " );");
	struct config *c = parse_pair(
	    "roles = ( " ROLE("a", "\"x\"") " );"
					    "log = { level = \"debug\"; };");

	ck_assert(!config_is_same(a, b, "roles"));
	ck_assert(config_is_same(a, c, "roles"));
	ck_assert(config_is_same(a, b, "log."));
	ck_assert(!config_is_same(a, c, "log."));
	config_free(&a);
	config_free(&b);
	config_free(&c);
}
END_TEST

static const struct {
	const char *from, *to; /* behind MINIMUM */
	const char *changes;
} roles[] = {
	{ "roles = ( " ROLE("a", "\"x\"") " );",
	    "roles = ( " ROLE("a", "\"x\"") " );", "" },
	{ "", "roles = ( " ROLE("a", "") ", " ROLE("b", "") " );",
	    "added a: ; added b: ; " },
	/* Another place in the list is no change. */
	{ "roles = ( " ROLE("a", "") ", " ROLE("b", "") " );",
	    "roles = ( " ROLE("b", "") ", " ROLE("a", "") " );", "" },
	{ "roles = ( " ROLE("a", "\"x\"") ", " ROLE("b", "") " );",
	    "roles = ( " ROLE("c", "") ", " ROLE("a", "\"y\"") " );",
	    "added c: ; changed a: publish; removed b: ; " },
	{ "roles = ( { name = \"a\"; match = { identity = \"*\"; }; } );",
	    "roles = ( { name = \"a\"; match = { ou = \"x\"; }; "
	    "will = [ ]; deny = { publish = [ \"y\" ]; }; } );",
	    "changed a: match.identity, match.ou, will, deny.publish; " },
};

static void
note_change(void *context, const char *name, const char *verb,
    struct bytes settings)
{
	struct buffer *out = context;

	buffer_append(out, bytes_of_string(verb));
	buffer_append(out, BYTES_LITERAL(" "));
	buffer_append(out, bytes_of_string(name));
	buffer_append(out, BYTES_LITERAL(": "));
	buffer_append(out, settings);
	buffer_append(out, BYTES_LITERAL("; "));
}

START_TEST(a_role_that_differs_is_named)
{
	struct config *from = parse_pair(roles[_i].from);
	struct config *to = parse_pair(roles[_i].to);
	struct buffer out = { NULL, 0, 0 };
	char *text;

	config_compare_roles(from, to, &out, note_change);
	text = memory_copy(buffer_view(&out));
	ck_assert_str_eq(text, roles[_i].changes);
	free(text);
	buffer_done(&out);
	config_free(&from);
	config_free(&to);
}
END_TEST

static void
note_file(void *context, const char *setting, const char *path)
{
	struct buffer *out = context;

	buffer_append(out, bytes_of_string(setting));
	buffer_append(out, BYTES_LITERAL("="));
	buffer_append(out, bytes_of_string(path));
	buffer_append(out, BYTES_LITERAL(" "));
}

START_TEST(each_file_is_visited_with_its_setting)
{
	struct config *config = parse_pair("");
	struct buffer out = { NULL, 0, 0 };

	config_each_file(config, &out, note_file);
	ck_assert(memmem(out.data, out.len, "tls.certificate=/c ", 19));
	ck_assert(memmem(out.data, out.len, "tls.private_key=/k ", 19));
	ck_assert(memmem(out.data, out.len, "tls.client_ca=/a ", 17));
	buffer_done(&out);
	config_free(&config);
}
END_TEST

START_TEST(a_configuration_knows_the_files_it_is_of)
{
	const char *more = write_file("more", BYTES_LITERAL("log = { };\n"));
	struct config *config = NULL;
	struct config_error error;
	const char *first;

	write_file("file", BYTES_LITERAL("x"));
	first = write_file("first",
	    BYTES_LITERAL("listen = ( { address = \"::1\"; } );\n"
			  "tls = { certificate = \"file\"; private_key = "
			  "\"file\"; client_ca = \"file\"; };\n"
			  "@include \"more\"\n"));
	ck_assert_int_eq(config_load(first, &config, &error), 0);
	ck_assert_uint_eq(config->sources.count, 2);
	ck_assert_str_eq(config->sources.items[0], first);
	ck_assert_str_eq(config->sources.items[1], more);
	config_free(&config);
}
END_TEST

TCase *
test_change(void)
{
	TCase *tcase = tcase_create("change");

	tcase_add_checked_fixture(tcase, NULL, remove_files);
	tcase_add_loop_test(tcase, what_differs_is_named, 0, COUNT(pairs));
	tcase_add_loop_test(tcase,
	    what_needs_a_restart_is_kept_and_nothing_else, 0, COUNT(pairs));
	tcase_add_loop_test(tcase, a_role_that_differs_is_named, 0,
	    COUNT(roles));
	tcase_add_test(tcase, another_address_is_kept_whole);
	tcase_add_test(tcase, a_part_is_the_same_or_not);
	tcase_add_test(tcase, each_file_is_visited_with_its_setting);
	tcase_add_test(tcase, a_configuration_knows_the_files_it_is_of);
	return tcase;
}
