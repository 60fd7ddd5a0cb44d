/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/role.h"

#include <stdio.h>

#include "table.h"
#include "tests.h"

#define FIELDS                                                                 \
	"cn=pump\no=Works\no=Example "                                         \
	"Ltd\nou=ops\ndns=p.example\ndns=q.example"                            \
	"\nuri=spiffe://x/p\nemail=a@b\nissuer=Devices CA\nauthority=Root"

#define PRINT_11                                                               \
	"1111111111111111111111111111111111111111111111111111111111111111"

/* Who has a role with this match: CN pump with FIELDS, fingerprint 11.. */
static const struct {
	const char *match;
	bool is_matched;
} match_cases[] = {
	{ "identity = \"pump\"", true },
	{ "identity = \"p*\"", true },
	{ "identity = \"P*\"", false },
	{ "identity = [ \"x\", \"pump\" ]", true },
	{ "identity = [ \"x\", \"y\" ]", false },
	/* Of several fields of a kind, any. */
	{ "o = \"Works\"", true },
	{ "o = \"Example*\"", true },
	{ "o = \"ops\"", false },
	{ "ou = \"ops\"", true },
	{ "ou = [ \"no\", \"o*\" ]", true },
	{ "ou = \"\\x6f\"", false },
	{ "san = \"dns:q.example\"", true },
	{ "san = \"dns:*.example\"", true },
	{ "san = \"uri:q.example\"", false },
	{ "san = \"uri:spiffe://x/*\"", true },
	{ "san = [ \"dns:no\", \"email:*@b\" ]", true },
	{ "san = \"email:*@c\"", false },
	{ "issuer = \"Devices CA\"", true },
	{ "issuer = \"Works\"", false },
	{ "authority = \"R*\"", true },
	{ "authority = \"Devices CA\"", false },
	{ "issuer = \"Devices CA\"; authority = \"Root\"", true },
	{ "issuer = \"Devices CA\"; authority = \"Other\"", false },
	{ "issuer = \"Root\"", false },
	{ "fingerprint = \"" PRINT_11 "\"", true },
	{ "fingerprint = [ \"11:11:11:11:11:11:11:11:11:11:11:11:11:11:11:11:"
	  "11:11:11:11:11:11:11:11:11:11:11:11:11:11:11:11\" ]",
	    true },
	{ "fingerprint = \"2111111111111111111111111111111111111111111111111111"
	  "111111111111\"",
	    false },
	/* All that is named has to match. */
	{ "identity = \"*\"; ou = \"ops\"; issuer = \"Devices CA\"", true },
	{ "identity = \"*\"; ou = \"dev\"; issuer = \"Devices CA\"", false },
	{ "identity = \"no\"; ou = \"ops\"", false },
	{ "o = \"Works\"; san = \"dns:p.*\"; fingerprint = \"" PRINT_11 "\"",
	    true },
};

START_TEST(a_role_is_for_those_who_match_all_its_fields)
{
	char roles[512];
	struct rights_table *table;
	const struct rights *rights;

	snprintf(roles, sizeof(roles), "( { name = \"r\"; match = { %s; }; } )",
	    match_cases[_i].match);
	table = table_of(roles, "");
	rights = rights_of(table, "pump", FIELDS, 0x11);
	ck_assert_msg((rights_role_name(rights, 0) != NULL) ==
			  match_cases[_i].is_matched,
	    "%s", match_cases[_i].match);
	rights_unref(&rights);
	/* A certificate without the field does not match a pattern for it. */
	rights = rights_of(table, "nobody", "", 0x33);
	ck_assert(rights_role_name(rights, 0) == NULL ||
		  strstr(match_cases[_i].match, "\"*\"") != NULL);
	rights_unref(&rights);
	rights_table_free(&table);
}
END_TEST

START_TEST(an_empty_identity_has_no_role)
{
	struct rights_table *table = table_of(
	    "( { name = \"r\"; match = { identity = \"*\"; }; },"
	    "  { name = \"s\"; match = { ou = \"*\"; }; } )",
	    "");
	const struct rights *rights = rights_of(table, "", "ou=ops", 0);

	ck_assert_ptr_null(rights_role_name(rights, 0));
	rights_unref(&rights);
	rights_table_free(&table);
}
END_TEST

START_TEST(faults_of_roles_name_their_place)
{
	struct config_error error;

	table_faults(
	    "( { name = \"r\"; match = { identity = \"${ou}\";\n"
	    "san = [ \"dns:a\", \"ip:1\" ]; fingerprint = \"1:2\"; };\n"
	    "publish = [ \"a\",\n"
	    "  \"b#\" ]; subscribe = \"${x}\";\n"
	    "connect = [ \"${client_id}\" ]; will = [ \"+x\" ];\n"
	    "deny = { publish = [ \"ok\",\n"
	    "\"$share/g/x\" ]; }; } )",
	    &error);
	ck_assert_str_eq(error.text,
	    "test:7: setting `roles[0].connect[0]' is \"${client_id}\", which "
	    "compares the client identifier with itself\n"
	    "test:6: setting `roles[0].publish[1]' is \"b#\", which is no "
	    "topic filter: + has to fill a level, and # the last one\n"
	    "test:6: setting `roles[0].subscribe[0]' is \"${x}\", which has a "
	    "variable that is not ${identity}, ${client_id}, ${cn}, ${o} or "
	    "${ou}\n"
	    "test:7: setting `roles[0].will[0]' is \"+x\", which is no topic "
	    "filter: + has to fill a level, and # the last one\n"
	    "test:9: setting `roles[0].deny.publish[1]' is \"$share/g/x\", "
	    "which begins with $share: name the filter behind the group\n"
	    "test:3: setting `roles[0].match.identity[0]' is \"${ou}\", which "
	    "has a variable: there is nothing yet that it could stand for\n"
	    "test:4: setting `roles[0].match.san[1]' is \"ip:1\", which does "
	    "not begin with dns:, uri: or email:\n"
	    "test:4: setting `roles[0].match.fingerprint[0]' is \"1:2\", which "
	    "is no SHA-256 fingerprint: 64 hexadecimal digits");
}
END_TEST

TCase *
test_role(void)
{
	TCase *tests = tcase_create("role");

	tcase_add_loop_test(tests, a_role_is_for_those_who_match_all_its_fields,
	    0, sizeof(match_cases) / sizeof(match_cases[0]));
	tcase_add_test(tests, an_empty_identity_has_no_role);
	tcase_add_test(tests, faults_of_roles_name_their_place);
	return tests;
}
