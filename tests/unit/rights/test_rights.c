/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/rights.h"

#include "table.h"
#include "tests.h"

static const char two_roles[] =
    "( { name = \"device\"; match = { identity = \"dev-*\"; };\n"
    "    publish = [ \"devices/${identity}/#\" ];\n"
    "    subscribe = [ \"commands/${identity}/#\" ]; },\n"
    "  { name = \"operator\"; match = { identity = \"dev-ops\"; };\n"
    "    publish = [ \"commands/#\" ];\n"
    "    subscribe = [ \"#\", \"$SYS/#\" ]; } )";

START_TEST(a_client_has_the_rights_of_all_its_roles)
{
	struct rights_table *table = table_of(two_roles, "");
	const struct rights *rights = rights_of(table, "dev-ops", "", 0);
	struct rights_verdict verdict;

	ck_assert(is_granted(rights, RIGHTS_PUBLISH, "dev-ops", "c",
	    "devices/dev-ops/a", &verdict));
	ck_assert_int_eq(verdict.reason, RIGHTS_GRANTED);
	ck_assert_str_eq(verdict.role, "device");
	ck_assert_str_eq(verdict.list, "publish");
	ck_assert_str_eq(verdict.rule, "devices/${identity}/#");
	ck_assert(is_granted(rights, RIGHTS_PUBLISH, "dev-ops", "c",
	    "commands/dev-1", &verdict));
	ck_assert_str_eq(verdict.role, "operator");
	ck_assert_uint_eq(verdict.role_index, 1);
	ck_assert(is_granted(rights, RIGHTS_SUBSCRIBE, "dev-ops", "c", "$SYS/#",
	    &verdict));
	ck_assert_uint_eq(verdict.rule_index, 1);
	ck_assert_str_eq(rights_role_name(rights, 0), "device");
	ck_assert_str_eq(rights_role_name(rights, 1), "operator");
	ck_assert_ptr_null(rights_role_name(rights, 2));
	rights_unref(&rights);
	ck_assert_ptr_null(rights);
	rights_table_free(&table);
}
END_TEST

START_TEST(what_nothing_grants_is_denied)
{
	struct rights_table *table = table_of(two_roles, "");
	const struct rights *rights = rights_of(table, "dev-1", "", 0);
	const struct rights *none = rights_of(table, "somebody", "", 0);
	struct rights_verdict verdict;

	ck_assert(!is_granted(rights, RIGHTS_PUBLISH, "dev-1", "c",
	    "devices/dev-2/a", &verdict));
	ck_assert_int_eq(verdict.reason, RIGHTS_NOT_GRANTED);
	ck_assert_str_eq(verdict.list, "publish");
	ck_assert_ptr_null(verdict.role);
	/* A right to publish is none to subscribe. */
	ck_assert(!is_granted(rights, RIGHTS_SUBSCRIBE, "dev-1", "c",
	    "devices/dev-1/a", NULL));
	for (unsigned int i = 0; rights_action_name(i) != NULL; i++) {
		ck_assert(!is_granted(none, (enum rights_action)i, "somebody",
		    "c", i == RIGHTS_CONNECT ? NULL : "a", &verdict));
		ck_assert_int_eq(verdict.reason, RIGHTS_NO_ROLE);
	}
	ck_assert_ptr_null(rights_role_name(none, 0));
	rights_unref(&rights);
	rights_unref(&none);
	rights_table_free(&table);
}
END_TEST

static const struct {
	const char *topic_name;
	bool is_reserved;
} reserved_cases[] = {
	{ "$SYS", true },
	{ "$SYS/", true },
	{ "$SYS/broker/uptime", true },
	{ "$SYSTEM", false },
	{ "$SY", false },
	{ "SYS/a", false },
	{ "a/$SYS/b", false },
	{ "$sys/a", false },
	{ "$signet", true },
	{ "$signet/heartbeat/500", true },
	{ "$signets/a", false },
};

START_TEST(what_is_the_daemon_s_no_role_may_publish)
{
	struct rights_table *table = table_of(
	    "( { name = \"r\"; match = { identity = \"*\"; };\n"
	    "publish = [ \"#\", \"$SYS/#\", \"$SYSTEM\", \"$SY\","
	    " \"$sys/#\", \"$signet/#\", \"$signets/#\" ]; subscribe = [ "
	    "\"$SYS/#\" ]; } )",
	    "");
	const char *name = reserved_cases[_i].topic_name;
	bool is_reserved = reserved_cases[_i].is_reserved;
	const struct rights *rights = rights_of(table, "dev-1", "", 0);
	static const enum rights_action actions[] = { RIGHTS_PUBLISH,
		RIGHTS_RETAIN, RIGHTS_WILL, RIGHTS_RETAINED_WILL };

	ck_assert_int_eq(rights_topic_is_reserved(bytes_of_string(name)),
	    is_reserved);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		ck_assert_int_eq(is_granted(rights, actions[i], "dev-1", "c",
				     name, NULL),
		    !is_reserved);
	ck_assert(is_granted(rights, RIGHTS_SUBSCRIBE, "dev-1", "c",
	    "$SYS/broker/+", NULL));
	rights_unref(&rights);
	rights_table_free(&table);
}
END_TEST

START_TEST(clients_with_the_same_roles_share_their_rights)
{
	struct rights_table *table = table_of(two_roles, "");
	const struct rights *a = rights_of(table, "dev-1", "ou=x", 1);
	const struct rights *b = rights_of(table, "dev-2", "ou=y", 2);
	const struct rights *c = rights_of(table, "dev-ops", "", 3);
	const struct rights *d = rights_of(table, "", "", 4);

	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_ptr_ne(a, d);
	rights_unref(&a);
	/* The table may go before the sessions do. */
	rights_table_free(&table);
	ck_assert_ptr_null(table);
	ck_assert_str_eq(rights_role_name(b, 0), "device");
	rights_unref(&b);
	rights_unref(&c);
	rights_unref(&d);
	rights_unref(&d);
}
END_TEST

START_TEST(those_whose_rules_speak_of_a_field_share_its_value)
{
	struct rights_table *table = table_of(
	    "( { name = \"r\"; match = { identity = \"*\"; };"
	    "    publish = \"${ou}/${identity}\"; } )",
	    "");
	const struct rights *a = rights_of(table, "1", "ou=x\ncn=1", 0);
	const struct rights *b = rights_of(table, "2", "cn=2\nou=x", 0);
	const struct rights *c = rights_of(table, "3", "ou=y", 0);
	const struct rights *two = rights_of(table, "4", "ou=x\nou=y", 0);

	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert(is_granted(a, RIGHTS_PUBLISH, "1", "c", "x/1", NULL));
	ck_assert(!is_granted(a, RIGHTS_PUBLISH, "1", "c", "y/1", NULL));
	ck_assert(is_granted(c, RIGHTS_PUBLISH, "3", "c", "y/3", NULL));
	/* Of two values neither is the one. */
	ck_assert(!is_granted(two, RIGHTS_PUBLISH, "4", "c", "x/4", NULL));
	ck_assert(!is_granted(two, RIGHTS_PUBLISH, "4", "c", "y/4", NULL));
	rights_unref(&a);
	rights_unref(&b);
	rights_unref(&c);
	rights_unref(&two);
	rights_table_free(&table);
}
END_TEST

static const char lists[] =
    "( { name = \"plain\"; match = { identity = \"plain*\"; };"
    "    publish = \"p/#\"; },"
    "  { name = \"listed\"; match = { identity = \"*listed\"; };"
    "    connect = [ \"${identity}\", \"app-*\" ]; publish = \"q/#\";"
    "    retain = \"q/keep/#\"; will = [ \"w/${client_id}\" ]; },"
    "  { name = \"none\"; match = { identity = \"none\"; };"
    "    connect = [ ]; publish = \"#\"; retain = [ ]; will = [ ]; },"
    "  { name = \"denied\"; match = { identity = \"*denied\"; };"
    "    publish = \"p/#\"; subscribe = [ \"#\", \"$SYS/#\" ];"
    "    deny = { connect = \"bad-*\"; publish = [ \"p/secret/#\" ];"
    "      subscribe = [ \"p/secret/#\", \"r/+/${ou}\" ]; }; } )";

static const struct {
	const char *identity;
	const char *client_id;
	enum rights_action action;
	const char *topic;
	enum rights_reason reason;
	const char *list;
} list_cases[] = {
	/* A role that does not name the lists. */
	{ "plain", "any/+#", RIGHTS_CONNECT, NULL, RIGHTS_GRANTED, "connect" },
	{ "plain", "c", RIGHTS_PUBLISH, "p/x", RIGHTS_GRANTED, "publish" },
	{ "plain", "c", RIGHTS_RETAIN, "p/x", RIGHTS_GRANTED, "publish" },
	{ "plain", "c", RIGHTS_RETAIN, "q/x", RIGHTS_NOT_GRANTED, "publish" },
	{ "plain", "c", RIGHTS_WILL, "p/x", RIGHTS_GRANTED, "publish" },
	{ "plain", "c", RIGHTS_WILL, "q/x", RIGHTS_NOT_GRANTED, "will" },
	{ "plain", "c", RIGHTS_RETAINED_WILL, "p/x", RIGHTS_GRANTED,
	    "publish" },
	/* One that does. */
	{ "listed", "listed", RIGHTS_CONNECT, NULL, RIGHTS_GRANTED, "connect" },
	{ "listed", "app-7", RIGHTS_CONNECT, NULL, RIGHTS_GRANTED, "connect" },
	{ "listed", "other", RIGHTS_CONNECT, NULL, RIGHTS_NOT_GRANTED,
	    "connect" },
	{ "listed", "c", RIGHTS_RETAIN, "q/keep/x", RIGHTS_GRANTED, "retain" },
	{ "listed", "c", RIGHTS_RETAIN, "q/x", RIGHTS_NOT_GRANTED, "retain" },
	{ "listed", "c", RIGHTS_RETAIN, "z", RIGHTS_NOT_GRANTED, "publish" },
	{ "listed", "c", RIGHTS_PUBLISH, "q/x", RIGHTS_GRANTED, "publish" },
	{ "listed", "c", RIGHTS_WILL, "w/c", RIGHTS_GRANTED, "will" },
	{ "listed", "c", RIGHTS_WILL, "w/d", RIGHTS_NOT_GRANTED, "will" },
	{ "listed", "c", RIGHTS_WILL, "q/x", RIGHTS_NOT_GRANTED, "will" },
	{ "listed", "c", RIGHTS_RETAINED_WILL, "w/c", RIGHTS_NOT_GRANTED,
	    "retain" },
	/* A right to a will is none to publish. */
	{ "listed", "c", RIGHTS_PUBLISH, "w/c", RIGHTS_NOT_GRANTED, "publish" },
	/* Both: what one does not restrict is not restricted. */
	{ "plain-listed", "other", RIGHTS_CONNECT, NULL, RIGHTS_GRANTED,
	    "connect" },
	{ "plain-listed", "c", RIGHTS_RETAIN, "p/x", RIGHTS_GRANTED,
	    "publish" },
	{ "plain-listed", "c", RIGHTS_RETAIN, "q/x", RIGHTS_NOT_GRANTED,
	    "retain" },
	/* Empty lists are none. */
	{ "none", "c", RIGHTS_CONNECT, NULL, RIGHTS_NOT_GRANTED, "connect" },
	{ "none", "c", RIGHTS_PUBLISH, "x", RIGHTS_GRANTED, "publish" },
	{ "none", "c", RIGHTS_RETAIN, "x", RIGHTS_NOT_GRANTED, "retain" },
	{ "none", "c", RIGHTS_WILL, "x", RIGHTS_NOT_GRANTED, "will" },
	/* Denials come first, whichever role grants. */
	{ "denied", "good", RIGHTS_CONNECT, NULL, RIGHTS_GRANTED, "connect" },
	{ "denied", "bad-1", RIGHTS_CONNECT, NULL, RIGHTS_DENIED,
	    "deny.connect" },
	{ "plain-denied", "bad-1", RIGHTS_CONNECT, NULL, RIGHTS_DENIED,
	    "deny.connect" },
	{ "denied", "c", RIGHTS_PUBLISH, "p/x", RIGHTS_GRANTED, "publish" },
	{ "denied", "c", RIGHTS_PUBLISH, "p/secret", RIGHTS_DENIED,
	    "deny.publish" },
	{ "plain-denied", "c", RIGHTS_PUBLISH, "p/secret/x", RIGHTS_DENIED,
	    "deny.publish" },
	{ "denied", "c", RIGHTS_RETAIN, "p/secret/x", RIGHTS_DENIED,
	    "deny.publish" },
	{ "denied", "c", RIGHTS_WILL, "p/secret/x", RIGHTS_DENIED,
	    "deny.publish" },
	{ "denied", "c", RIGHTS_SUBSCRIBE, "p/x", RIGHTS_GRANTED, "subscribe" },
	{ "denied", "c", RIGHTS_SUBSCRIBE, "p/secret", RIGHTS_DENIED,
	    "deny.subscribe" },
	/* A subscription is denied with the least part of it. */
	{ "denied", "c", RIGHTS_SUBSCRIBE, "#", RIGHTS_DENIED,
	    "deny.subscribe" },
	{ "denied", "c", RIGHTS_SUBSCRIBE, "p/+", RIGHTS_DENIED,
	    "deny.subscribe" },
	{ "denied", "c", RIGHTS_SUBSCRIBE, "+/x", RIGHTS_GRANTED, "subscribe" },
	{ "denied", "c", RIGHTS_SUBSCRIBE, "+/secret", RIGHTS_DENIED,
	    "deny.subscribe" },
	{ "denied", "c", RIGHTS_SUBSCRIBE, "$SYS/#", RIGHTS_GRANTED,
	    "subscribe" },
	/* It has no OU: all that begins so is denied. */
	{ "denied", "c", RIGHTS_SUBSCRIBE, "r/1/x", RIGHTS_DENIED,
	    "deny.subscribe" },
	{ "denied", "c", RIGHTS_SUBSCRIBE, "r", RIGHTS_GRANTED, "subscribe" },
};

START_TEST(each_list_is_asked_for_its_action)
{
	struct rights_table *table = table_of(lists, "");
	const char *identity = list_cases[_i].identity;
	const struct rights *rights = rights_of(table, identity, "", 0);
	struct rights_verdict verdict = { .reason = RIGHTS_RESERVED };
	bool is = is_granted(rights, list_cases[_i].action, identity,
	    list_cases[_i].client_id, list_cases[_i].topic, &verdict);

	ck_assert_int_eq(verdict.reason, list_cases[_i].reason);
	ck_assert_int_eq(is, list_cases[_i].reason == RIGHTS_GRANTED);
	ck_assert_str_eq(verdict.list, list_cases[_i].list);
	rights_unref(&rights);
	rights_table_free(&table);
}
END_TEST

START_TEST(the_least_limit_of_all_roles_holds)
{
	struct rights_table *table = table_of(
	    "( { name = \"a\"; match = { identity = \"*\"; }; },"
	    "  { name = \"b\"; match = { identity = \"x*\"; };"
	    "    limits = { messages_per_second = 10; }; },"
	    "  { name = \"c\"; match = { identity = \"xy*\"; };"
	    "    limits = { messages_per_second = 20;"
	    "      bytes_per_second = 4096; }; } )",
	    "");
	static const struct {
		const char *identity;
		uint32_t messages, bytes;
	} cases[] = { { "a", 0, 0 }, { "x", 10, 0 }, { "xy", 10, 4096 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rights *rights = rights_of(table,
		    cases[i].identity, "", 0);
		struct rights_limits limits = rights_limits(rights);

		ck_assert_uint_eq(limits.messages_per_second,
		    cases[i].messages);
		ck_assert_uint_eq(limits.bytes_per_second, cases[i].bytes);
		rights_unref(&rights);
	}
	rights_table_free(&table);
}
END_TEST

START_TEST(a_uri_keeps_its_slashes_but_in_topics)
{
	struct rights_table *table = table_of(
	    "( { name = \"r\"; match = { identity = \"spiffe://x/*\"; };"
	    "    connect = \"${identity}\"; publish = \"d/${identity}\"; } )",
	    "identity = \"san.uri\";\n");
	const struct rights *rights = rights_of(table, "spiffe://x/p", "", 0);

	ck_assert(is_granted(rights, RIGHTS_CONNECT, "spiffe://x/p",
	    "spiffe://x/p", NULL, NULL));
	ck_assert(is_granted(rights, RIGHTS_PUBLISH, "spiffe://x/p", "c",
	    "d/spiffe:%2F%2Fx%2Fp", NULL));
	ck_assert(!is_granted(rights, RIGHTS_PUBLISH, "spiffe://x/p", "c",
	    "d/spiffe://x/p", NULL));
	rights_unref(&rights);
	rights_table_free(&table);
}
END_TEST

TCase *
test_rights(void)
{
	TCase *tests = tcase_create("rights");

	tcase_add_test(tests, a_client_has_the_rights_of_all_its_roles);
	tcase_add_test(tests, what_nothing_grants_is_denied);
	tcase_add_loop_test(tests, what_is_the_daemon_s_no_role_may_publish, 0,
	    sizeof(reserved_cases) / sizeof(reserved_cases[0]));
	tcase_add_test(tests, clients_with_the_same_roles_share_their_rights);
	tcase_add_test(tests,
	    those_whose_rules_speak_of_a_field_share_its_value);
	tcase_add_loop_test(tests, each_list_is_asked_for_its_action, 0,
	    sizeof(list_cases) / sizeof(list_cases[0]));
	tcase_add_test(tests, the_least_limit_of_all_roles_holds);
	tcase_add_test(tests, a_uri_keeps_its_slashes_but_in_topics);
	return tests;
}
