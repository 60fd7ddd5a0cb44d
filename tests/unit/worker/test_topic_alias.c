/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/topic_alias.h"

#include "tests.h"

#define MAXIMUM 3

static struct topic_aliases aliases;

static void
teardown(void)
{
	topic_aliases_done(&aliases);
	ck_assert_ptr_null(aliases.topics);
}

/* alias: 0 for none. */
static int
resolve(const char *topic_name, uint16_t alias, struct bytes *resolved)
{
	struct mqtt_publish publish = {
		.topic_name = bytes_of_string(topic_name),
		.properties.topic_alias = alias,
	};
	int error;

	if (alias > 0)
		mqtt_properties_mark(&publish.properties,
		    MQTT_PROPERTY_TOPIC_ALIAS);
	error = topic_aliases_resolve(&aliases, MAXIMUM, &publish);
	*resolved = publish.topic_name;
	return error;
}

static void
expect(const char *topic_name, uint16_t alias, const char *resolved)
{
	struct bytes topic;

	ck_assert_int_eq(resolve(topic_name, alias, &topic), 0);
	ck_assert(bytes_equal(topic, bytes_of_string(resolved)));
}

START_TEST(an_alias_stands_for_the_topic_that_it_was_set_to)
{
	expect("a/b", 1, "a/b");
	expect("c", MAXIMUM, "c");
	expect("", 1, "a/b");
	expect("", MAXIMUM, "c");
	expect("d/e", 1, "d/e"); /* set anew (MQTT 5.0, 3.3.2.3.4) */
	expect("", 1, "d/e");
}
END_TEST

START_TEST(a_topic_without_an_alias_sets_none)
{
	expect("a/b", 0, "a/b");
	ck_assert_ptr_null(aliases.topics);
}
END_TEST

START_TEST(an_alias_above_the_maximum_is_refused) /* [MQTT5-3.3.2-9] */
{
	struct bytes topic;

	ck_assert_int_eq(resolve("a", MAXIMUM + 1, &topic),
	    -MQTT_REASON_TOPIC_ALIAS_INVALID);
	ck_assert_int_eq(resolve("a", UINT16_MAX, &topic),
	    -MQTT_REASON_TOPIC_ALIAS_INVALID);
}
END_TEST

START_TEST(an_alias_that_was_never_set_is_refused)
{
	struct bytes topic;

	ck_assert_int_eq(resolve("", 2, &topic), MQTT_ERR_PROTOCOL_ERROR);
	expect("a", 1, "a");
	ck_assert_int_eq(resolve("", 2, &topic), MQTT_ERR_PROTOCOL_ERROR);
}
END_TEST

TCase *
test_topic_alias(void)
{
	TCase *tcase = tcase_create("topic_alias");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, an_alias_stands_for_the_topic_that_it_was_set_to);
	tcase_add_test(tcase, a_topic_without_an_alias_sets_none);
	tcase_add_test(tcase, an_alias_above_the_maximum_is_refused);
	tcase_add_test(tcase, an_alias_that_was_never_set_is_refused);
	return tcase;
}
