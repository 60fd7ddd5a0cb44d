/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rights.h"

#include <stdlib.h>

#include "mqtt/topic.h"
#include "tests.h"
#include "worker/grant.h"

static const struct grant_client alice = {
	{ (const uint8_t *)"alice", 5 },
	{ (const uint8_t *)"phone", 5 },
};

static bool
covers_for(const char *granted, const struct grant_client *client,
    struct bytes topic)
{
	struct grant *grant = NULL;
	bool is_covered;

	ck_assert_ptr_null(grant_compile(granted, &grant));
	is_covered = grant_covers(grant, client, topic);
	grant_free(&grant);
	return is_covered;
}

static bool
covers(const char *granted, const char *topic)
{
	return covers_for(granted, &alice, bytes_of_string(topic));
}

static const struct {
	const char *granted;
	const char *asked;
	bool is_covered;
} cover_cases[] = {
	{ "a", "a", true },
	{ "a", "b", false },
	{ "a", "ab", false },
	{ "a", "a/", false },
	{ "a", "a/#", false },
	{ "a", "+", false },
	{ "a", "#", false },
	{ "a/b", "a/b", true },
	{ "a/b", "a/+", false },
	{ "a/b", "a", false },
	{ "/", "/", true },
	{ "/", "a", false },
	{ "/#", "/", true },
	{ "/#", "/a", true },
	{ "/#", "/#", true },
	{ "/#", "a", false },
	{ "/#", "#", false },
	{ "/#", "+/#", false },
	{ "a/#", "a", true }, /* [MQTT5-4.7.1-1]: the parent as well */
	{ "a/#", "a/", true },
	{ "a/#", "a/b/c", true },
	{ "a/#", "a/#", true },
	{ "a/#", "a/+/c", true },
	{ "a/#", "a/+/#", true },
	{ "a/#", "ab", false },
	{ "a/#", "#", false },
	{ "a/#", "+", false },
	{ "a/#", "+/b", false },
	{ "a/+", "a/b", true },
	{ "a/+", "a/", true },
	{ "a/+", "a/+", true },
	{ "a/+", "a/#", false },
	{ "a/+", "a/+/c", false },
	{ "a/+", "a", false },
	{ "a/+/#", "a/#", false }, /* a/# is also a */
	{ "a/+/#", "a/b", true },
	{ "a/+/#", "a/+/#", true },
	{ "a/+/#", "a", false },
	{ "+/+/c", "a/+/c", true },
	{ "+/+/c", "a/b/c", true },
	{ "+/+/c", "a/#", false },
	{ "+", "a", true },
	{ "+", "+", true },
	{ "+", "/", false },
	{ "+", "#", false },
	{ "#", "#", true },
	{ "#", "+/+", true },
	{ "#", "/", true },
	{ "#", "a/b", true },
	{ "+/#", "#", true }, /* both are all names there are, but for $ */
	{ "+/#", "a/b", true },
	{ "+/+", "#", false },
	/* [MQTT-4.7.2-1]: a wildcard in front does not reach these. */
	{ "#", "$SYS/#", false },
	{ "#", "$SYS", false },
	{ "+/#", "$SYS/a", false },
	{ "+/a", "$SYS/a", false },
	{ "$SYS/#", "$SYS/#", true },
	{ "$SYS/#", "$SYS", true },
	{ "$SYS/+", "$SYS/a", true },
	{ "$SYS/#", "#", false },
	{ "a/#", "a/$b", true },
	{ "a/+", "a/$b", true },
	/* Variables are the client's own and nobody else's. */
	{ "d/${identity}", "d/alice", true },
	{ "d/${identity}", "d/alic", false },
	{ "d/${identity}", "d/alicex", false },
	{ "d/${identity}", "d/bob", false },
	{ "d/${identity}", "d/phone", false },
	{ "d/${identity}", "d/+", false },
	{ "d/${identity}/#", "d/alice", true },
	{ "d/${identity}/#", "d/alice/x/+", true },
	{ "d/${identity}/#", "d/bob/x", false },
	{ "d/${identity}/#", "d/#", false },
	{ "${identity}/${client_id}", "alice/phone", true },
	{ "${identity}/${client_id}", "phone/alice", false },
	{ "x-${identity}.${client_id}-y/+", "x-alice.phone-y/z", true },
	{ "x-${identity}.${client_id}-y/+", "x-alice.phone-yz", false },
	{ "+/${client_id}/+", "a/phone/b", true },
	{ "+/${client_id}/+", "+/phone/+", true },
	{ "+/${client_id}/+", "+/+/+", false },
	{ "a/$", "a/$", true },
	{ "a/{identity}", "a/{identity}", true },
};

START_TEST(a_granted_filter_covers_what_it_matches_and_no_more)
{
	ck_assert_msg(covers(cover_cases[_i].granted, cover_cases[_i].asked) ==
			  cover_cases[_i].is_covered,
	    "%s and %s", cover_cases[_i].granted, cover_cases[_i].asked);
}
END_TEST

/* A topic that is longer by one of the levels in turn; NULL past the last. */
static const char *
topic_at(char *topic, unsigned int index, const char *const *levels,
    unsigned int level_count)
{
	unsigned int count = level_count;
	unsigned int depth = 1;
	unsigned int i;

	while (index >= count && depth <= 3) {
		index -= count;
		count *= level_count;
		depth++;
	}
	if (depth > 3)
		return NULL;
	*topic = '\0';
	for (i = 0; i < depth; i++) {
		strcat(topic, i == 0 ? "" : "/");
		strcat(topic, levels[index % level_count]);
		index /= level_count;
	}
	return topic;
}

/* By definition: no name that asked matches is not matched by granted. */
static bool
covers_by_names(const char *granted, const char *asked)
{
	static const char *const levels[] = { "", "a", "b", "$" };
	char name[32];
	struct bytes view;
	unsigned int i;

	for (i = 0; topic_at(name, i, levels, 4) != NULL; i++) {
		view = bytes_of_string(name);
		if (mqtt_topic_filter_match(bytes_of_string(asked), view) &&
		    !mqtt_topic_filter_match(bytes_of_string(granted), view))
			return false;
	}
	return true;
}

static bool
is_valid(const char *topic_filter)
{
	return mqtt_topic_filter_is_valid(bytes_of_string(topic_filter));
}

START_TEST(covering_is_what_the_names_of_up_to_three_levels_say)
{
	static const char *const levels[] = { "", "a", "$", "+", "#" };
	char granted[32], asked[32];
	unsigned int i, j;
	unsigned int compared = 0;

	for (i = 0; topic_at(granted, i, levels, 5) != NULL; i++) {
		if (!is_valid(granted))
			continue;
		for (j = 0; topic_at(asked, j, levels, 5) != NULL; j++) {
			if (!is_valid(asked))
				continue;
			ck_assert_msg(covers(granted, asked) ==
					  mqtt_topic_filter_covers(
					      bytes_of_string(granted),
					      bytes_of_string(asked)),
			    "%s and %s", granted, asked);
			/* Names of three levels do not show what +/+/# has
			 * beyond +/+/+. */
			if (strstr(asked, "#") != NULL &&
			    strstr(granted, "#") == NULL)
				continue;
			ck_assert_msg(covers(granted, asked) ==
					  covers_by_names(granted, asked),
			    "%s and %s", granted, asked);
			compared++;
		}
	}
	ck_assert_uint_gt(compared, 5000);
}
END_TEST

START_TEST(a_name_is_matched_as_by_the_filter_itself)
{
	static const char *const filter_levels[] = { "", "a", "$", "+", "#" };
	static const char *const name_levels[] = { "", "a", "b", "$" };
	char granted[32], name[32];
	unsigned int i, j;

	for (i = 0; topic_at(granted, i, filter_levels, 5) != NULL; i++) {
		if (!is_valid(granted))
			continue;
		for (j = 0; topic_at(name, j, name_levels, 4) != NULL; j++)
			ck_assert_msg(strlen(name) == 0 ||
					  covers(granted, name) ==
					      mqtt_topic_filter_match(
						  bytes_of_string(granted),
						  bytes_of_string(name)),
			    "%s and %s", granted, name);
	}
}
END_TEST

static const struct {
	struct bytes value;
	struct bytes topic;
} hostile_values[] = {
	{ { (const uint8_t *)"+", 1 }, { (const uint8_t *)"d/+", 3 } },
	{ { (const uint8_t *)"#", 1 }, { (const uint8_t *)"d/#", 3 } },
	{ { (const uint8_t *)"a/b", 3 }, { (const uint8_t *)"d/a/b", 5 } },
	{ { (const uint8_t *)"+/#", 3 }, { (const uint8_t *)"d/+/#", 5 } },
	{ { (const uint8_t *)"a+", 2 }, { (const uint8_t *)"d/a+", 4 } },
	{ { (const uint8_t *)"a\0b", 3 }, { (const uint8_t *)"d/a\0b", 5 } },
	{ { (const uint8_t *)"/", 1 }, { (const uint8_t *)"d//", 3 } },
	{ { (const uint8_t *)"", 0 }, { (const uint8_t *)"d/", 2 } },
	{ { NULL, 0 }, { (const uint8_t *)"d/", 2 } },
};

START_TEST(a_value_that_is_no_plain_level_matches_nothing)
{
	struct bytes value = hostile_values[_i].value;
	struct bytes topic = hostile_values[_i].topic;
	const struct grant_client as_identity = { value, alice.client_id };
	const struct grant_client as_client_id = { alice.identity, value };

	ck_assert(!covers_for("d/${identity}", &as_identity, topic));
	ck_assert(!covers_for("d/${client_id}", &as_client_id, topic));
	ck_assert(!covers_for("d/${client_id}/#", &as_client_id, topic));
}
END_TEST

START_TEST(a_value_in_front_does_not_reach_topics_with_a_dollar)
{
	const struct grant_client client = { BYTES_LITERAL("$SYS"),
		BYTES_LITERAL("$share") };

	ck_assert(
	    !covers_for("${identity}/#", &client, BYTES_LITERAL("$SYS/load")));
	ck_assert(!covers_for("${client_id}/#", &client,
	    BYTES_LITERAL("$share/group/a")));
	ck_assert(
	    covers_for("d/${identity}", &client, BYTES_LITERAL("d/$SYS")));
}
END_TEST

#define REQUIRED                                                               \
	"listen = ( { address = \"::1\"; } );\n"                               \
	"tls = { certificate = \"c\"; private_key = \"k\"; client_ca = "       \
	"\"a\"; };\n"

static const char roles_text[] = REQUIRED
    "roles = (\n"
    "  { name = \"device\"; match = { identity = \"dev-*\"; };\n"
    "    publish = [ \"devices/${identity}/#\" ];\n"
    "    subscribe = [ \"commands/${identity}/#\" ]; },\n"
    "  { name = \"operator\"; match = { identity = \"dev-ops\"; };\n"
    "    publish = [ \"commands/#\" ];\n"
    "    subscribe = [ \"#\", \"$SYS/#\" ]; }\n"
    ");\n";

static struct rights_table *
table_of(const char *text)
{
	struct config *config = NULL;
	struct config_error error;
	struct rights_table *table;

	ck_assert_msg(config_parse("test", bytes_of_string(text), &config,
			  &error) == 0,
	    "%s", error.text);
	ck_assert_int_eq(rights_check_config(config, &error), 0);
	table = rights_table_new(config);
	config_free(&config);
	return table;
}

START_TEST(a_client_has_the_rights_of_all_its_roles)
{
	struct bytes identity = BYTES_LITERAL("dev-ops");
	struct bytes none = BYTES_NONE;
	struct rights_table *table = table_of(roles_text);
	const struct rights *rights = rights_ref(table, identity);
	struct rights_grant grant = { NULL, NULL };

	ck_assert(rights_may_publish(rights, identity, none,
	    BYTES_LITERAL("devices/dev-ops/a"), &grant));
	ck_assert_str_eq(grant.role, "device");
	ck_assert_str_eq(grant.topic_filter, "devices/${identity}/#");
	ck_assert(rights_may_publish(rights, identity, none,
	    BYTES_LITERAL("commands/dev-1"), &grant));
	ck_assert_str_eq(grant.role, "operator");
	ck_assert(rights_may_subscribe(rights, identity, none,
	    BYTES_LITERAL("$SYS/#"), NULL));
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
	struct bytes identity = BYTES_LITERAL("dev-1");
	struct bytes stranger = BYTES_LITERAL("somebody");
	struct bytes none = BYTES_NONE;
	struct rights_table *table = table_of(roles_text);
	const struct rights *rights = rights_ref(table, identity);
	const struct rights *no_rights = rights_ref(table, stranger);
	struct rights_grant grant = { "untouched", NULL };

	ck_assert(!rights_may_publish(rights, identity, none,
	    BYTES_LITERAL("devices/dev-2/a"), &grant));
	ck_assert_str_eq(grant.role, "untouched");
	/* A right to publish is none to subscribe. */
	ck_assert(!rights_may_subscribe(rights, identity, none,
	    BYTES_LITERAL("devices/dev-1/a"), NULL));
	ck_assert(!rights_may_publish(no_rights, stranger, none,
	    BYTES_LITERAL("a"), NULL));
	ck_assert(!rights_may_subscribe(no_rights, stranger, none,
	    BYTES_LITERAL("#"), NULL));
	ck_assert_ptr_null(rights_role_name(no_rights, 0));
	rights_unref(&rights);
	rights_unref(&no_rights);
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
};

START_TEST(what_is_the_daemon_s_no_role_may_publish)
{
	struct rights_table *table = table_of(REQUIRED
	    "roles = ( { name = \"r\"; match = { identity = \"*\"; };\n"
	    "publish = [ \"#\", \"$SYS/#\", \"$SYSTEM\", \"$SY\","
	    " \"$sys/#\" ]; subscribe = [ \"$SYS/#\" ]; } );");
	struct bytes name = bytes_of_string(reserved_cases[_i].topic_name);
	struct bytes identity = BYTES_LITERAL("dev-1"), none = BYTES_NONE;
	const struct rights *rights = rights_ref(table, identity);

	ck_assert_int_eq(rights_topic_is_reserved(name),
	    reserved_cases[_i].is_reserved);
	ck_assert_int_eq(rights_may_publish(rights, identity, none, name, NULL),
	    !reserved_cases[_i].is_reserved);
	ck_assert(rights_may_subscribe(rights, identity, none,
	    BYTES_LITERAL("$SYS/broker/+"), NULL));
	rights_unref(&rights);
	rights_table_free(&table);
}
END_TEST

START_TEST(sessions_with_the_same_roles_share_their_rights)
{
	struct rights_table *table = table_of(roles_text);
	const struct rights *a = rights_ref(table, BYTES_LITERAL("dev-1"));
	const struct rights *b = rights_ref(table, BYTES_LITERAL("dev-2"));
	const struct rights *c = rights_ref(table, BYTES_LITERAL("dev-ops"));
	const struct rights *d = rights_ref(table, BYTES_NONE);

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

static const struct {
	const char *pattern;
	const char *identity;
	bool is_matched;
} pattern_cases[] = {
	{ "*", "a", true },
	{ "**", "a", true },
	{ "a", "a", true },
	{ "a", "A", false },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "a*", "a", true },
	{ "a*", "abc", true },
	{ "a*", "ba", false },
	{ "*a", "ba", true },
	{ "*a", "ab", false },
	{ "*a", "aba", true },
	{ "a*c*e", "abcde", true },
	{ "a*c*e", "abcd", false },
	{ "*ab*ab", "abab", true },
	{ "*ab*ab", "ab", false },
	{ "?", "a", false },
	{ "[a]", "a", false },
	{ "a*", "*", false },
	{ "*", "*", true },
};

static struct rights_table *
table_of_pattern(const char *pattern)
{
	struct config_role role = { .name = (char *)"role" };
	struct config config = { .roles = { 1, &role } };

	role.match.identity = (char *)pattern;
	return rights_table_new(&config);
}

static bool
has_role(const char *pattern, const char *identity)
{
	struct rights_table *table = table_of_pattern(pattern);
	const struct rights *rights = rights_ref(table,
	    bytes_of_string(identity));
	bool is_matched = rights_role_name(rights, 0) != NULL;

	rights_unref(&rights);
	rights_table_free(&table);
	return is_matched;
}

START_TEST(a_star_in_a_pattern_is_any_run_of_characters)
{
	ck_assert_msg(has_role(pattern_cases[_i].pattern,
			  pattern_cases[_i].identity) ==
			  pattern_cases[_i].is_matched,
	    "%s and %s", pattern_cases[_i].pattern, pattern_cases[_i].identity);
}
END_TEST

START_TEST(an_empty_identity_has_no_role)
{
	ck_assert(!has_role("*", ""));
}
END_TEST

/* With backtracking to each star this would outlast the test's time limit. */
START_TEST(many_stars_take_no_time)
{
	char pattern[1024], identity[256];
	size_t i;

	for (i = 0; i + 3 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 3);
	memset(identity, 'a', sizeof(identity) - 1);
	identity[sizeof(identity) - 1] = '\0';
	ck_assert(!has_role(pattern, identity));
	memcpy(pattern + 100, "*b", 3);
	ck_assert(!has_role(pattern, identity));
}
END_TEST

static const struct {
	const char *filter;
	const char *fault; /* a part of it; NULL if there is none */
} filter_cases[] = {
	{ "a/b", NULL },
	{ "${identity}", NULL },
	{ "$SYS/#", NULL },
	{ "a${identity}b/+/#", NULL },
	{ "a/$", NULL },
	{ "${identty}/#", "neither" },
	{ "a/${", "neither" },
	{ "a/${identity", "neither" },
	{ "a/${IDENTITY}", "neither" },
	{ "a#", "no topic filter" },
	{ "#/a", "no topic filter" },
	{ "a+", "no topic filter" },
	{ "+${identity}", "no topic filter" },
	{ "${identity}#", "no topic filter" },
	{ "$share/g/a", "$share" },
	{ "$share/${identity}/a", "$share" },
	{ "a/\xff", "UTF-8" },
	{ "a/\xed\xa0\x80", "UTF-8" },
};

START_TEST(a_filter_that_is_none_is_refused_with_its_fault)
{
	const char *fault = grant_compile(filter_cases[_i].filter, NULL);

	if (filter_cases[_i].fault == NULL)
		ck_assert_ptr_null(fault);
	else
		ck_assert_msg(fault != NULL &&
				  strstr(fault, filter_cases[_i].fault) != NULL,
		    "%s: %s", filter_cases[_i].filter,
		    fault == NULL ? "no fault" : fault);
}
END_TEST

START_TEST(faults_of_filters_name_their_place)
{
	static const char text[] =
	    "listen = ( { address = \"::1\"; } );\n"
	    "tls = { certificate = \"c\"; private_key = \"k\";\n"
	    "  client_ca = \"a\"; };\n"
	    "roles = ( { name = \"r\"; match = { identity = \"*\"; };\n"
	    "  publish = [ \"a\",\n"
	    "    \"b#\" ];\n"
	    "  subscribe = [ \"${x}\" ]; } );\n";
	struct config *config = NULL;
	struct config_error error;

	ck_assert_int_eq(config_parse("f", bytes_of_string(text), &config,
			     &error),
	    0);
	error.text[0] = '\0';
	ck_assert_int_ne(rights_check_config(config, &error), 0);
	ck_assert_str_eq(error.text,
	    "f:6: setting `roles[0].publish[1]' is \"b#\", which is no topic "
	    "filter: + has to fill a level, and # the last one\n"
	    "f:7: setting `roles[0].subscribe[0]' is \"${x}\", which has a "
	    "variable that is neither ${identity} nor ${client_id}");
	config_free(&config);
}
END_TEST

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

TCase *
test_rights(void)
{
	TCase *tests = tcase_create("rights");

	tcase_add_loop_test(tests,
	    a_granted_filter_covers_what_it_matches_and_no_more, 0,
	    COUNT(cover_cases));
	tcase_add_test(tests,
	    covering_is_what_the_names_of_up_to_three_levels_say);
	tcase_add_test(tests, a_name_is_matched_as_by_the_filter_itself);
	tcase_add_loop_test(tests,
	    a_value_that_is_no_plain_level_matches_nothing, 0,
	    COUNT(hostile_values));
	tcase_add_test(tests,
	    a_value_in_front_does_not_reach_topics_with_a_dollar);
	tcase_add_test(tests, a_client_has_the_rights_of_all_its_roles);
	tcase_add_test(tests, what_nothing_grants_is_denied);
	tcase_add_test(tests, sessions_with_the_same_roles_share_their_rights);
	tcase_add_loop_test(tests, a_star_in_a_pattern_is_any_run_of_characters,
	    0, COUNT(pattern_cases));
	tcase_add_loop_test(tests, what_is_the_daemon_s_no_role_may_publish, 0,
	    sizeof(reserved_cases) / sizeof(reserved_cases[0]));
	tcase_add_test(tests, an_empty_identity_has_no_role);
	tcase_add_test(tests, many_stars_take_no_time);
	tcase_add_loop_test(tests,
	    a_filter_that_is_none_is_refused_with_its_fault, 0,
	    COUNT(filter_cases));
	tcase_add_test(tests, faults_of_filters_name_their_place);
	return tests;
}
