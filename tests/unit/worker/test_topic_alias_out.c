/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/topic_alias_out.h"

#include <stdio.h>

#include "tests.h"

#define MAXIMUM 3

static bool is_known;

static uint16_t
find(struct topic_aliases_out *aliases, const char *topic_name)
{
	return topic_aliases_out_find(aliases, bytes_of_string(topic_name),
	    &is_known);
}

/* [MQTT5-3.3.2-8], [MQTT5-3.3.2-11] */
START_TEST(a_topic_gets_an_alias_when_it_comes_again)
{
	struct topic_aliases_out *aliases = topic_aliases_out_new(MAXIMUM);
	uint16_t alias;

	ck_assert_uint_eq(find(aliases, "a/topic"), 0);
	alias = find(aliases, "a/topic");
	ck_assert(alias >= 1 && alias <= MAXIMUM && !is_known);
	topic_aliases_out_set(aliases, alias, BYTES_LITERAL("a/topic"));
	ck_assert_uint_eq(find(aliases, "a/topic"), alias);
	ck_assert(is_known);
	topic_aliases_out_free(&aliases);
	ck_assert_ptr_null(aliases);
}
END_TEST

START_TEST(one_that_was_not_set_is_not_known)
{
	struct topic_aliases_out *aliases = topic_aliases_out_new(1);

	for (int i = 0; i < 5; i++) {
		ck_assert_uint_eq(find(aliases, "a/topic"), i > 0);
		ck_assert(!is_known);
	}
	topic_aliases_out_free(&aliases);
}
END_TEST

START_TEST(a_busy_topic_keeps_its_alias)
{
	struct topic_aliases_out *aliases = topic_aliases_out_new(1);
	char once[32];

	topic_aliases_out_set(aliases, 1, BYTES_LITERAL("busy"));
	for (int i = 0; i < 100; i++) {
		snprintf(once, sizeof(once), "once/%d", i);
		ck_assert_uint_eq(find(aliases, once), 0);
		ck_assert_uint_eq(find(aliases, "busy"), 1);
		ck_assert(is_known);
	}
	/* One that comes twice before the other comes again takes it. */
	ck_assert_uint_eq(find(aliases, "other"), 0);
	ck_assert_uint_eq(find(aliases, "other"), 1);
	ck_assert(!is_known);
	topic_aliases_out_set(aliases, 1, BYTES_LITERAL("other"));
	ck_assert_uint_eq(find(aliases, "busy"), 0);
	topic_aliases_out_free(&aliases);
}
END_TEST

/* Find, and set as the sender of a packet does. */
static uint16_t
send(struct topic_aliases_out *aliases, const char *topic_name)
{
	uint16_t alias = find(aliases, topic_name);

	if (alias > 0 && !is_known)
		topic_aliases_out_set(aliases, alias,
		    bytes_of_string(topic_name));
	return alias;
}

START_TEST(topics_in_turn_do_not_keep_each_other_from_one)
{
	static const char *const topics[] = { "in/turn/1", "in/turn/2",
		"in/turn/3", "in/turn/4", "in/turn/5" };

	for (uint16_t maximum = 1; maximum <= MAXIMUM; maximum++) {
		struct topic_aliases_out *aliases = topic_aliases_out_new(
		    maximum);
		size_t known = 0;

		for (int i = 0; i < 100; i++)
			for (size_t j = 0; j < 5; j++) {
				send(aliases, topics[j]);
				known += i == 99 && is_known ? 1 : 0;
			}
		ck_assert_uint_ge(known, 1);
		topic_aliases_out_free(&aliases);
	}
}
END_TEST

START_TEST(most_of_as_many_topics_as_there_are_aliases_get_one)
{
	struct topic_aliases_out *aliases = topic_aliases_out_new(64);
	size_t known = 0;
	char name[32];

	for (int i = 0; i < 100; i++)
		for (int j = 0; j < 64; j++) {
			snprintf(name, sizeof(name), "meter/%d", j);
			send(aliases, name);
			known += i == 99 && is_known ? 1 : 0;
		}
	ck_assert_uint_ge(known, 40);
	topic_aliases_out_free(&aliases);
}
END_TEST

START_TEST(names_that_save_nothing_or_are_long_get_none)
{
	static const size_t lens[] = { 0, 1, 3, 513, 65535 };
	struct topic_aliases_out *aliases = topic_aliases_out_new(1);
	static uint8_t name[65535];

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (int j = 0; j < 3; j++)
			ck_assert_uint_eq(topic_aliases_out_find(aliases,
					      bytes_of(name, lens[i]),
					      &is_known),
			    0);
	topic_aliases_out_free(&aliases);
}
END_TEST

TCase *
test_topic_alias_out(void)
{
	TCase *tests = tcase_create("topic_alias_out");

	tcase_add_test(tests, a_topic_gets_an_alias_when_it_comes_again);
	tcase_add_test(tests, one_that_was_not_set_is_not_known);
	tcase_add_test(tests, a_busy_topic_keeps_its_alias);
	tcase_add_test(tests, topics_in_turn_do_not_keep_each_other_from_one);
	tcase_add_test(tests,
	    most_of_as_many_topics_as_there_are_aliases_get_one);
	tcase_add_test(tests, names_that_save_nothing_or_are_long_get_none);
	return tests;
}
