/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/schema.h"
#include "test_config.h"

START_TEST(what_is_not_given_has_its_default)
{
	struct config *config = parse(MINIMUM);

	ck_assert_uint_eq(config->listen.count, 1);
	ck_assert_str_eq(config->listen.items[0].address, "::1");
	ck_assert_uint_eq(config->listen.items[0].port, 8883);
	ck_assert_str_eq(config->tls.certificate, "/c");
	ck_assert_int_eq(config->tls.min_version, CONFIG_TLS_1_2);
	ck_assert_int_eq(config->identity, CONFIG_IDENTITY_SUBJECT_CN);
	ck_assert_uint_eq(config->roles.count, 0);
	ck_assert_str_eq(config->processes.user, "signet");
	ck_assert_uint_eq(config->limits.packet_bytes, 1048576);
	ck_assert_int_eq(config->log.level, LOG_LEVEL_INFO);
	ck_assert(config->websocket.enabled);
	ck_assert_uint_eq(config->websocket.origins.count, 0);
	config_free(&config);
	ck_assert_ptr_null(config);
	config_free(&config);
}
END_TEST

START_TEST(what_is_given_holds)
{
	struct config *config = parse(
	    "listen = ( { address = \"0.0.0.0\"; port = 1; },\n"
	    "  { address = \"::\"; port = 65535L; } );\n"
	    "tls = { certificate = \"c\"; private_key = \"/k\";\n"
	    "  client_ca = \"/a\"; min_version = \"1.3\"; };\n"
	    "identity = \"subject.cn\";\n"
	    "roles = ( { name = \"r\"; match = { identity = \"x*\"; };\n"
	    "  publish = [ \"a\", \"b\" ]; subscribe = ( \"c\" );\n"
	    "  connect = \"i\"; retain = [ ]; limits = { bytes_per_second = "
	    "4096; };\n"
	    "  deny = { publish = [ \"x\", \"y\" ]; }; },\n"
	    "  { name = \"s\"; match : { identity = \"y\" \"z\" }; } );\n"
	    "sessions : { max_queued_bytes = 4294967295; };\n"
	    "log = { level = \"debug\"; };\n");

	ck_assert_uint_eq(config->listen.count, 2);
	ck_assert_uint_eq(config->listen.items[0].port, 1);
	ck_assert_uint_eq(config->listen.items[1].port, 65535);
	/* Text that is in no file has no folder. */
	ck_assert_str_eq(config->tls.certificate, "c");
	ck_assert_int_eq(config->tls.min_version, CONFIG_TLS_1_3);
	ck_assert_uint_eq(config->roles.count, 2);
	ck_assert_uint_eq(config->roles.items[0].publish.count, 2);
	ck_assert_str_eq(config->roles.items[0].publish.items[1], "b");
	ck_assert_str_eq(config->roles.items[0].subscribe.items[0], "c");
	ck_assert_str_eq(config->roles.items[1].match.identity.items[0], "yz");
	/* A string alone is an array of one; what is empty is given. */
	ck_assert_uint_eq(config->roles.items[0].connect.count, 1);
	ck_assert_str_eq(config->roles.items[0].connect.items[0], "i");
	ck_assert_uint_eq(config->roles.items[0].retain.count, 0);
	ck_assert_ptr_nonnull(config->roles.items[0].retain.items);
	ck_assert_ptr_null(config->roles.items[0].will.items);
	ck_assert_uint_eq(config->roles.items[0].deny.publish.count, 2);
	ck_assert_uint_eq(config->roles.items[0].limits.bytes_per_second, 4096);
	ck_assert_uint_eq(config->roles.items[0].limits.messages_per_second, 0);
	ck_assert_uint_eq(config->sessions.max_queued_bytes, 4294967295u);
	ck_assert_int_eq(config->log.level, LOG_LEVEL_DEBUG);
	config_free(&config);
}
END_TEST

/* Behind MINIMUM and a newline. */
static const struct {
	const char *text;
	const char *fault;
} faults[] = {
	{ "limits = {\n packet_byte = 5; };",
	    "test:3: setting `limits.packet_byte' is unknown; did you mean "
	    "`limits.packet_bytes'?" },
	{ "limit = { };",
	    "test:2: setting `limit' is unknown; did you mean `limits'?" },
	{ "packet_bytes = 5000;",
	    "test:2: setting `packet_bytes' is unknown; did you mean "
	    "`limits.packet_bytes'?" },
	{ "weather = { enabled = false; };",
	    "test:2: setting `weather' is unknown; the nearest known is "
	    "`listen'" },
	{ "websocket = { enabled = \"yes\"; };",
	    "test:2: setting `websocket.enabled' must be true or false, not a "
	    "string" },
	{ "websocket = { enabled = 1; };",
	    "test:2: setting `websocket.enabled' must be true or false, not a "
	    "whole number" },
	{ "stores = { };",
	    "test:2: setting `stores' is unknown; did you mean `store'?" },
	{ "store = { path = \"\"; };",
	    "test:2: setting `store.path' is empty" },
	{ "control = { sockets = 1; };",
	    "test:2: setting `control.sockets' is unknown; did you mean "
	    "`control.socket'?" },
	{ "log = { colours = \"text\"; };",
	    "test:2: setting `log.colours' is unknown; the nearest known is "
	    "`log.level'" },
	{ "roles = ( { name = \"r\"; match = {\n identiti = \"*\"; }; } );",
	    "test:3: setting `roles[0].match.identiti' is unknown; did you "
	    "mean `roles[0].match.identity'?" },
	{ "roles = ( { name = \"r\"; match = 5; } );",
	    "test:2: setting `roles[0].match' must be a group, { ... }, not a "
	    "whole number" },
	{ "roles = ( { } );", "test:2: setting `roles[0].name' is missing" },
	/* Nobody is made everybody by what is missing. */
	{ "roles = (\n{ name = \"r\"; } );",
	    "test:3: setting `roles[0]' is for nobody: its match is missing; "
	    "identity = \"*\" is everybody" },
	{ "roles = ( { name = \"r\"; match = { }; } );",
	    "test:2: setting `roles[0]' is for nobody: its match is missing; "
	    "identity = \"*\" is everybody" },
	{ "roles = ( { name = \"r\"; match = { ou = [ ]; }; } );",
	    "test:2: setting `roles[0].match.ou' is empty" },
	{ "roles = ( { name = \"r\"; match = { ou = \"\"; }; } );",
	    "test:2: setting `roles[0].match.ou' is empty" },
	{ "roles = ( { name = \"r\"; match = { ou = \"x\"; };\n"
	  " limits = { messages_per_second = 0; }; } );",
	    "test:3: setting `roles[0].limits.messages_per_second' is 0, but "
	    "must be from 1 to 1000000 messages per second" },
	{ "roles = ( { name = \"r\"; match = { identity = \"*\"; }; },\n"
	  " { name = \"s\"; match = { identity = \"*\"; }; },\n"
	  " { name = \"r\"; match = { identity = \"*\"; }; } );",
	    "test:4: setting `roles[2].name' is \"r\", as is `roles[0].name'" },
	{ "roles = { };",
	    "test:2: setting `roles' must be a list of groups, ( { ... } ), "
	    "not a group" },
	{ "roles = ( { name = \"r\"; match = { identity = \"*\"; };\n"
	  "  publish = 5; } );",
	    "test:3: setting `roles[0].publish' must be an array of strings, "
	    "[ \"...\" ], not a whole number" },
	{ "roles = ( { name = \"r\"; match = { identity = \"*\"; };\n"
	  "  publish = [ \"a\",\n \"\" ]; } );",
	    "test:4: setting `roles[0].publish[1]' is empty" },
	{ "roles = ( { name = \"r\"; match = { identity = \"*\"; };\n"
	  "  publish = [ 1 ]; } );",
	    "test:3: setting `roles[0].publish[0]' must be a string, not a "
	    "whole number" },
	{ "roles = ( { name = \"\"; match = { identity = \"*\"; }; } );",
	    "test:2: setting `roles[0].name' is empty" },
	{ "limits = { packet_bytes = 1023; };",
	    "test:2: setting `limits.packet_bytes' is 1023, but must be from "
	    "1024 to 268435460 bytes" },
	{ "limits = { packet_bytes = 268435461; };",
	    "test:2: setting `limits.packet_bytes' is 268435461, but must be "
	    "from 1024 to 268435460 bytes" },
	{ "limits = { connections = -1; };",
	    "test:2: setting `limits.connections' is -1, but must be from 1 "
	    "to 10000000" },
	/* A 32-bit number would be 1410065408 and -2147483648. */
	{ "limits = { connections = 10000000000; };",
	    "test:2: setting `limits.connections' is 10000000000, but must be "
	    "from 1 to 10000000" },
	{ "limits = { connections = 2147483648; };",
	    "test:2: setting `limits.connections' is 2147483648, but must be "
	    "from 1 to 10000000" },
	{ "limits = { connections = -10000000000L; };",
	    "test:2: setting `limits.connections' is -10000000000, but must "
	    "be from 1 to 10000000" },
	{ "limits = { connections = 0x1000000ff; };",
	    "test:2: setting `limits.connections' must be written in decimal" },
	{ "limits = { connections = 1.0000000001; };",
	    "test:2: setting `limits.connections' must be a whole number, not "
	    "a number with a fraction" },
	{ "limits = { connections = true; };",
	    "test:2: setting `limits.connections' must be a whole number, not "
	    "a boolean" },
	{ "limits = { connections = \"5\"; };",
	    "test:2: setting `limits.connections' must be a whole number, not "
	    "a string" },
	{ "limits = { connections = [ 5 ]; };",
	    "test:2: setting `limits.connections' must be a whole number, not "
	    "an array" },
	{ "limits = 5;",
	    "test:2: setting `limits' must be a group, { ... }, not a whole "
	    "number" },
	{ "identity = \"san.ip\";",
	    "test:2: setting `identity' is \"san.ip\", but must be one of "
	    "\"subject.cn\", \"san.dns\", \"san.uri\", \"san.email\", "
	    "\"fingerprint\"" },
	{ "identity = 5;",
	    "test:2: setting `identity' must be a string, not a whole number" },
	{ "log = { level = \"trace\"; };",
	    "test:2: setting `log.level' is \"trace\", but must be one of "
	    "\"error\", \"warning\", \"info\", \"debug\"" },
	{ "processes = { user = "
	  "\"a-name-that-is-longer-than-32-bytes\"; };",
	    "test:2: setting `processes.user' has 35 bytes, but must have from "
	    "1 to 32" },
	{ "identity = \"subject.cn\"; identity = \"subject.cn\";",
	    "test:2: duplicate setting name, here or in the line before" },
	{ "log = {\n level\n = ;\n};",
	    "test:4: syntax error, here or in the line before" },
	{ "log = \"", "test:2: the string that begins here does not end" },
	{ "\n/* ... \n", "test:3: the comment that begins here does not end" },
};

START_TEST(a_fault_is_told_with_its_place_and_setting)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s\n%s", MINIMUM, faults[_i].text);
	ck_assert_str_eq(refusal(text), faults[_i].fault);
}
END_TEST

START_TEST(what_is_required_is_told)
{
	ck_assert_str_eq(refusal(""),
	    "test: setting `listen' is missing\n"
	    "test: setting `tls.certificate' is missing\n"
	    "test: setting `tls.private_key' is missing\n"
	    "test: setting `tls.client_ca' is missing");
}
END_TEST

#define TLS                                                                    \
	"tls = { certificate = \"/c\"; private_key = \"/k\"; "                 \
	"client_ca = \"/a\"; };"

static const struct {
	const char *text;
	const char *fault;
} listen_faults[] = {
	{ "listen = ( );", "test:1: setting `listen' is empty" },
	{ "listen = ( 5 );",
	    "test:1: setting `listen[0]' must be a group, { ... }, not a whole "
	    "number" },
	{ "listen = ( { port = 1; } );",
	    "test:1: setting `listen[0].address' is missing" },
	{ "listen = ( { address = \"localhost\"; } );",
	    "test:1: setting `listen[0].address' is \"localhost\", but must be "
	    "an IPv4 or IPv6 address in digits" },
	{ "listen = ( { address = \"::\"; port = 0; } );",
	    "test:1: setting `listen[0].port' is 0, but must be from 1 to "
	    "65535" },
	{ "listen = ( { address = \"::\"; },\n{ address = \"0::0\"; } );",
	    "test:2: setting `listen[1]' has the address and the port of "
	    "`listen[0]'" },
};

START_TEST(a_fault_of_a_listener_is_told)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s", listen_faults[_i].text, TLS);
	ck_assert_str_eq(refusal(text), listen_faults[_i].fault);
}
END_TEST

START_TEST(faults_beyond_the_room_for_them_are_mentioned)
{
	static char text[CONFIG_PATH_MAX * 100];
	const char *told;
	int i;

	for (i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "a-setting-that-nobody-knows-%d = %d;\n", i, i);
	told = refusal(text);
	ck_assert_uint_lt(strlen(told), sizeof(struct config_error));
	ck_assert_str_eq(told + strlen(told) - strlen("\nand more of them"),
	    "\nand more of them");
}
END_TEST

START_TEST(a_name_of_any_length_is_refused)
{
	static char text[100000];

	memset(text, 'x', sizeof(text) - 10);
	strcat(text, "=1;");
	ck_assert_ptr_nonnull(strstr(refusal(text), "is unknown"));
}
END_TEST

START_TEST(nesting_of_any_depth_ends_in_a_fault)
{
	static char text[200000] = "a = ";

	memset(text + 4, '(', 100000);
	ck_assert_ptr_nonnull(strstr(refusal(text), "test:1: "));
	memset(text + 4, '[', 100000);
	ck_assert_ptr_nonnull(strstr(refusal(text), "test:1: "));
}
END_TEST

START_TEST(a_switch_is_true_or_false)
{
	struct config *config = parse(
	    MINIMUM "websocket = { enabled = false; "
		    "origins = [ \"https://a.example\", \"null\" ]; };");

	ck_assert(!config->websocket.enabled);
	ck_assert_uint_eq(config->websocket.origins.count, 2);
	ck_assert_str_eq(config->websocket.origins.items[1], "null");
	config_free(&config);
}
END_TEST

/* Both bounds of each number are in, and the numbers next to them are out. */
START_TEST(the_bounds_of_each_number_hold)
{
	const struct config_row *row = &config_rows[_i];
	const char *name = config_path_name(row->path);
	struct config *config;
	char text[512];
	int64_t value;

	if (row->kind != CONFIG_KIND_NUMBER || strchr(row->path, '[') != NULL)
		return;
	for (value = row->least - 1; value <= row->most + 1; value++) {
		/* The group tls is there already. */
		if (strncmp(row->path, "tls.", 4) == 0)
			snprintf(text, sizeof(text), "%s %s = %lld; };",
			    MINIMUM_BUT_TLS_END, name, (long long)value);
		else
			snprintf(text, sizeof(text),
			    "%s %.*s = { %s = %lld; };", MINIMUM,
			    (int)(name - row->path - 1), row->path, name,
			    (long long)value);
		if (value < row->least || value > row->most) {
			refusal(text);
		} else {
			config = parse(text);
			ck_assert_int_eq(config_number_get(row, config), value);
			config_free(&config);
		}
		if (value == row->least)
			value = row->most - 1;
	}
}
END_TEST

START_TEST(each_default_is_within_its_bounds)
{
	const struct config_row *row = &config_rows[_i];

	if (row->kind == CONFIG_KIND_NUMBER) {
		ck_assert_int_ge(row->number, row->least);
		ck_assert_int_le(row->number, row->most);
		ck_assert_int_le(row->most,
		    row->size == sizeof(uint16_t) ? UINT16_MAX : UINT32_MAX);
	}
	if (row->kind == CONFIG_KIND_WORD)
		ck_assert_ptr_nonnull(row->word((unsigned int)row->number));
	ck_assert_uint_lt(strlen(row->path), CONFIG_PATH_MAX / 4);
}
END_TEST

START_TEST(others_can_add_faults_with_places)
{
	struct config *config = parse("\n" MINIMUM);
	struct config_error error = { "" };

	config_fault(config, &error, "listen[0].address", "is in use");
	config_fault(config, &error, "log.level", "is %d", 5);
	ck_assert_str_eq(error.text,
	    "test:2: setting `listen[0].address' is in use\n"
	    "configuration: setting `log.level' is 5");
	config_free(&config);
}
END_TEST

TCase *
test_load(void)
{
	TCase *tests = tcase_create("load");

	tcase_add_test(tests, what_is_not_given_has_its_default);
	tcase_add_test(tests, what_is_given_holds);
	tcase_add_loop_test(tests, a_fault_is_told_with_its_place_and_setting,
	    0, COUNT(faults));
	tcase_add_test(tests, what_is_required_is_told);
	tcase_add_test(tests, a_switch_is_true_or_false);
	tcase_add_loop_test(tests, a_fault_of_a_listener_is_told, 0,
	    COUNT(listen_faults));
	tcase_add_test(tests, faults_beyond_the_room_for_them_are_mentioned);
	tcase_add_test(tests, a_name_of_any_length_is_refused);
	tcase_add_test(tests, nesting_of_any_depth_ends_in_a_fault);
	tcase_add_loop_test(tests, the_bounds_of_each_number_hold, 0,
	    (int)config_row_count);
	tcase_add_loop_test(tests, each_default_is_within_its_bounds, 0,
	    (int)config_row_count);
	tcase_add_test(tests, others_can_add_faults_with_places);
	return tests;
}
