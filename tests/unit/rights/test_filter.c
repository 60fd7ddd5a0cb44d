/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/filter.h"

#include <stdlib.h>

#include "mqtt/topic.h"
#include "tests.h"

#define TEXT(literal)                                                          \
	{                                                                      \
		(const uint8_t *)(literal), sizeof(literal) - 1                \
	}

static const struct rights_values alice = {
	.of = { [RIGHTS_IDENTITY] = TEXT("alice"),
	    [RIGHTS_CLIENT_ID] = TEXT("phone"),
	    [RIGHTS_CN] = TEXT("Alice B."),
	    [RIGHTS_O] = TEXT("works"),
	    [RIGHTS_OU] = TEXT("ops") },
};

/* With one value replaced. */
static struct rights_values
with(enum rights_variable variable, struct bytes value)
{
	struct rights_values values = alice;

	values.of[variable] = value;
	return values;
}

static bool
ask(const char *rule, const struct rights_values *values, struct bytes topic,
    bool is_denial)
{
	struct rights_filter *filter = NULL;
	bool is_so;

	ck_assert_ptr_null(rights_filter_compile(rule, &filter));
	ck_assert_str_eq(rights_filter_text(filter), rule);
	is_so = is_denial ? rights_filter_meets(filter, values, topic)
			  : rights_filter_covers(filter, values, topic);
	if (is_denial && memchr(topic.data, '#', topic.len) == NULL &&
	    memchr(topic.data, '+', topic.len) == NULL)
		ck_assert_int_eq(rights_filter_meets_name(filter, values,
				     topic),
		    is_so);
	rights_filter_free(&filter);
	ck_assert_ptr_null(filter);
	return is_so;
}

static bool
covers_for(const char *granted, const struct rights_values *values,
    struct bytes topic)
{
	return ask(granted, values, topic, false);
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
	struct rights_values as_identity = with(RIGHTS_IDENTITY, value);
	struct rights_values as_client_id = with(RIGHTS_CLIENT_ID, value);
	struct rights_values as_ou = with(RIGHTS_OU, value);

	ck_assert(!covers_for("d/${identity}", &as_identity, topic));
	ck_assert(!covers_for("d/${client_id}", &as_client_id, topic));
	ck_assert(!covers_for("d/${client_id}/#", &as_client_id, topic));
	ck_assert(!covers_for("d/${ou}", &as_ou, topic));
}
END_TEST

/* What cannot be said exactly is denied with all that begins like it. */
START_TEST(a_denial_with_such_a_value_denies_all_from_there_on)
{
	struct rights_values values = with(RIGHTS_CLIENT_ID,
	    hostile_values[_i].value);

	ck_assert(ask("d/${client_id}/x", &values, BYTES_LITERAL("d/y"), true));
	ck_assert(ask("d/${client_id}/x", &values, BYTES_LITERAL("d/"), true));
	ck_assert(ask("d/${client_id}/x", &values, BYTES_LITERAL("+/+"), true));
	ck_assert(
	    !ask("d/${client_id}/x", &values, BYTES_LITERAL("e/y"), true));
}
END_TEST

START_TEST(a_value_in_front_does_not_reach_topics_with_a_dollar)
{
	struct rights_values values = with(RIGHTS_IDENTITY,
	    BYTES_LITERAL("$SYS"));

	values.of[RIGHTS_CLIENT_ID] = BYTES_LITERAL("$share");
	ck_assert(
	    !covers_for("${identity}/#", &values, BYTES_LITERAL("$SYS/load")));
	ck_assert(!covers_for("${client_id}/#", &values,
	    BYTES_LITERAL("$share/group/a")));
	ck_assert(
	    covers_for("d/${identity}", &values, BYTES_LITERAL("d/$SYS")));
	/* But it is denied them. */
	ck_assert(
	    ask("${identity}/#", &values, BYTES_LITERAL("$SYS/load"), true));
}
END_TEST

/* A value is text: nothing in it is a variable or a wildcard again. */
static const struct {
	const char *value;
	const char *topic;
	bool is_covered;
} literal_values[] = {
	{ "${client_id}", "d/${client_id}", true },
	{ "${client_id}", "d/phone", false },
	{ "${identity}", "d/${identity}", true },
	{ "*", "d/*", true },
	{ "*", "d/anything", false },
	{ "$", "d/$", true },
	{ "%2F", "d/%2F", true },
	{ "%2F", "d//", false },
	{ "..", "d/..", true },
	{ "a b", "d/a b", true },
};

START_TEST(a_value_stands_for_itself)
{
	struct rights_values values = with(RIGHTS_IDENTITY,
	    bytes_of_string(literal_values[_i].value));
	struct bytes topic = bytes_of_string(literal_values[_i].topic);

	ck_assert_int_eq(covers_for("d/${identity}", &values, topic),
	    literal_values[_i].is_covered);
	ck_assert_int_eq(ask("d/${identity}", &values, topic, true),
	    literal_values[_i].is_covered);
}
END_TEST

static const struct {
	const char *identity;
	const char *topic;
	bool is_covered;
} uri_cases[] = {
	{ "spiffe://a/b", "d/spiffe:%2F%2Fa%2Fb/x", true },
	{ "spiffe://a/b", "d/spiffe://a/b/x", false },
	{ "spiffe://a/b", "d/spiffe:%2F%2Fa%2Fb", false },
	{ "spiffe://a/b", "d/spiffe:%2f%2fa%2fb/x", false },
	{ "spiffe://a/b", "d/spiffe:%2F%2Fa%2F/x", false },
	{ "spiffe://a/b", "d/spiffe:%2F%2Fa%2Fbc/x", false },
	/* No two identities are the same in a topic. */
	{ "urn:a%2Fb", "d/urn:a%252Fb/x", true },
	{ "urn:a%2Fb", "d/urn:a%2Fb/x", false },
	{ "urn:a/b", "d/urn:a%2Fb/x", true },
	{ "urn:a+b", "d/urn:a+b/x", false },
	{ "urn:a#b", "d/urn:a#b/x", false },
	{ "", "d//x", false },
};

START_TEST(a_uri_is_percent_encoded_in_a_topic)
{
	struct rights_values values = with(RIGHTS_IDENTITY,
	    bytes_of_string(uri_cases[_i].identity));

	values.is_uri = true;
	ck_assert_int_eq(covers_for("d/${identity}/x", &values,
			     bytes_of_string(uri_cases[_i].topic)),
	    uri_cases[_i].is_covered);
}
END_TEST

/* By definition: there is a name that both match. */
static bool
meets_by_names(const char *denied, const char *asked)
{
	static const char *const levels[] = { "", "a", "b", "$" };
	char name[32];
	struct bytes view;
	unsigned int i;

	for (i = 0; topic_at(name, i, levels, 4) != NULL; i++) {
		view = bytes_of_string(name);
		if (view.len > 0 &&
		    mqtt_topic_filter_match(bytes_of_string(asked), view) &&
		    mqtt_topic_filter_match(bytes_of_string(denied), view))
			return true;
	}
	return false;
}

START_TEST(what_is_denied_meets_all_that_has_a_name_of_it)
{
	static const char *const levels[] = { "", "a", "$", "+", "#" };
	char denied[32], asked[32];
	unsigned int i, j;
	unsigned int compared = 0, met = 0;

	for (i = 0; topic_at(denied, i, levels, 5) != NULL; i++) {
		if (!is_valid(denied))
			continue;
		for (j = 0; topic_at(asked, j, levels, 5) != NULL; j++) {
			bool is_met;

			if (!is_valid(asked))
				continue;
			/* Only the empty topic, which is none, is of both. */
			if (strcmp(denied, "/#") == 0
				? strcmp(asked, "+") == 0
				: strcmp(denied, "+") == 0 &&
				      strcmp(asked, "/#") == 0)
				continue;
			is_met = ask(denied, &alice, bytes_of_string(asked),
			    true);
			ck_assert_msg(is_met == meets_by_names(denied, asked),
			    "%s and %s: %d", denied, asked, is_met);
			compared++;
			met += is_met;
		}
	}
	ck_assert_uint_gt(compared, 5000);
	ck_assert_uint_gt(met, 500);
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
	{ "${identty}/#", "variable that is not" },
	{ "a/${", "variable that is not" },
	{ "a/${identity", "variable that is not" },
	{ "a/${IDENTITY}", "variable that is not" },
	{ "a#", "no topic filter" },
	{ "#/a", "no topic filter" },
	{ "a+", "no topic filter" },
	{ "+${identity}", "no topic filter" },
	{ "${identity}#", "no topic filter" },
	{ "${o}/${ou}/${cn}", NULL },
	{ "a/${ou", "variable that is not" },
	{ "a/${Ou}", "variable that is not" },
	{ "$share/g/a", "$share" },
	{ "$share/${identity}/a", "$share" },
	{ "a/\xff", "UTF-8" },
	{ "a/\xed\xa0\x80", "UTF-8" },
};

START_TEST(a_filter_that_is_none_is_refused_with_its_fault)
{
	const char *fault = rights_filter_compile(filter_cases[_i].filter,
	    NULL);

	if (filter_cases[_i].fault == NULL)
		ck_assert_ptr_null(fault);
	else
		ck_assert_msg(fault != NULL &&
				  strstr(fault, filter_cases[_i].fault) != NULL,
		    "%s: %s", filter_cases[_i].filter,
		    fault == NULL ? "no fault" : fault);
}
END_TEST

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

TCase *
test_filter(void)
{
	TCase *tests = tcase_create("filter");

	tcase_add_loop_test(tests,
	    a_granted_filter_covers_what_it_matches_and_no_more, 0,
	    COUNT(cover_cases));
	tcase_add_test(tests,
	    covering_is_what_the_names_of_up_to_three_levels_say);
	tcase_add_test(tests, a_name_is_matched_as_by_the_filter_itself);
	tcase_add_test(tests, what_is_denied_meets_all_that_has_a_name_of_it);
	tcase_add_loop_test(tests,
	    a_value_that_is_no_plain_level_matches_nothing, 0,
	    COUNT(hostile_values));
	tcase_add_loop_test(tests,
	    a_denial_with_such_a_value_denies_all_from_there_on, 0,
	    COUNT(hostile_values));
	tcase_add_test(tests,
	    a_value_in_front_does_not_reach_topics_with_a_dollar);
	tcase_add_loop_test(tests, a_value_stands_for_itself, 0,
	    COUNT(literal_values));
	tcase_add_loop_test(tests, a_uri_is_percent_encoded_in_a_topic, 0,
	    COUNT(uri_cases));
	tcase_add_loop_test(tests,
	    a_filter_that_is_none_is_refused_with_its_fault, 0,
	    COUNT(filter_cases));
	return tests;
}
