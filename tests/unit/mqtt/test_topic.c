/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/topic.h"

#include <stdio.h>
#include <stdlib.h>

#include "suites.h"

struct pair {
	const char *left;
	const char *right;
	bool answer;
};

static const struct {
	const char *text;
	bool is_name;
	bool is_filter;
} texts[] = {
	{ "", false, false }, /* [MQTT-4.7.3-1], [MQTT5-4.7.3-1] */
	{ "a", true, true },
	{ "/", true, true },
	{ "//", true, true },
	{ "a b/ c", true, true },
	{ "$SYS/x", true, true },
	{ "#", false, true }, /* [MQTT-4.7.1-1], [MQTT5-4.7.0-1] */
	{ "+", false, true },
	{ "/#", false, true },
	{ "+/+", false, true },
	{ "a/+/b/#", false, true },
	{ "a/#/b", false, false }, /* [MQTT-4.7.1-2], [MQTT5-4.7.1-1] */
	{ "a#", false, false },
	{ "#a", false, false },
	{ "##", false, false },
	{ "a/b#", false, false },
	{ "a+", false, false }, /* [MQTT-4.7.1-3], [MQTT5-4.7.1-2] */
	{ "+a", false, false },
	{ "a/b+/c", false, false },
	{ "a/+b/c", false, false },
	{ "++", false, false },
	{ "+#", false, false },
	{ "$share", true, true },
	{ "$share/", true, false }, /* [MQTT5-4.8.2-1, -2] */
	{ "$share/g", true, false },
	{ "$share/g/", true, false },
	{ "$share//a", true, false },
	{ "$share/g/a", true, true },
	{ "$share/g//", true, true },
	{ "$share/g/#", false, true },
	{ "$share/g+/a", false, false },
	{ "$share/+/a", false, false },
	{ "$share/#", false, false },
	{ "$share/g/a#", false, false },
	{ "$shares/g", true, true },
};

START_TEST(a_text_is_a_name_or_a_filter)
{
	struct bytes text = bytes_of_string(texts[_i].text);

	ck_assert_msg(mqtt_topic_name_is_valid(text) == texts[_i].is_name,
	    "name: %s", texts[_i].text);
	ck_assert_msg(mqtt_topic_filter_is_valid(text) == texts[_i].is_filter,
	    "filter: %s", texts[_i].text);
}
END_TEST

/* [MQTT-4.7.3-3], [MQTT5-4.7.3-3] */
START_TEST(a_topic_has_at_most_65535_bytes)
{
	uint8_t *text = malloc(65536);

	memset(text, 'a', 65536);
	ck_assert(mqtt_topic_name_is_valid(bytes_of(text, 65535)));
	ck_assert(mqtt_topic_filter_is_valid(bytes_of(text, 65535)));
	ck_assert(!mqtt_topic_name_is_valid(bytes_of(text, 65536)));
	ck_assert(!mqtt_topic_filter_is_valid(bytes_of(text, 65536)));
	free(text);
}
END_TEST

/* Wherever it stands, and no other byte: [MQTT-4.7.1-1], [MQTT5-4.7.0-1] */
START_TEST(a_wildcard_is_seen_at_each_place_of_a_name)
{
	for (size_t len = 1; len <= 40; len++)
		for (size_t at = 0; at < len; at++)
			for (unsigned int byte = 1; byte < 256; byte++) {
				uint8_t *copy = malloc(len);

				memset(copy, 'a', len);
				copy[at] = (uint8_t)byte;
				if (mqtt_topic_name_is_valid(bytes_of(copy,
					len)) != (byte != '+' && byte != '#'))
					ck_abort_msg("%02x at %zu of %zu", byte,
					    at, len);
				free(copy);
			}
}
END_TEST

static const struct pair matches[] = {
	{ "a", "a", true },
	{ "a", "b", false },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "a/b", "a/b", true },
	{ "A", "a", false },
	{ "a", "/a", false },
	{ "/a", "/a", true },
	/* 4.7.1.2 */
	{ "sport/tennis/player1/#", "sport/tennis/player1", true },
	{ "sport/tennis/player1/#", "sport/tennis/player1/ranking", true },
	{ "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon",
	    true },
	{ "sport/tennis/player1/#", "sport/tennis/player12", false },
	{ "sport/tennis/player1/#", "sport/tennis/player", false },
	{ "sport/#", "sport", true },
	{ "sport/#", "sport/", true },
	{ "#", "a", true },
	{ "#", "/", true },
	{ "#", "a/b/c", true },
	{ "/#", "a", false },
	{ "/#", "/", true },
	/* 4.7.1.3 */
	{ "sport/tennis/+", "sport/tennis/player1", true },
	{ "sport/tennis/+", "sport/tennis/player1/ranking", false },
	{ "sport/+", "sport", false },
	{ "sport/+", "sport/", true },
	{ "+/+", "/finance", true },
	{ "/+", "/finance", true },
	{ "+", "/finance", false },
	{ "+", "a", true },
	{ "+/a", "/a", true },
	{ "+/tennis/#", "sport/tennis", true },
	{ "+/tennis/#", "sport/tennis/x/y", true },
	{ "a/+/c", "a//c", true },
	{ "a/+/c", "a/bb/c", true },
	{ "a/+/c", "a/b/b/c", false },
	{ "a/+/c", "a/b/d", false },
	{ "a/+/+", "a/b", false },
	{ "+/#", "a", true },
	{ "+/+/#", "a", false },
	/* [MQTT-4.7.2-1], [MQTT5-4.7.2-1] */
	{ "#", "$SYS/x", false },
	{ "+/monitor/Clients", "$SYS/monitor/Clients", false },
	{ "+", "$SYS", false },
	{ "$SYS/#", "$SYS/x", true },
	{ "$SYS/#", "$SYS", true },
	{ "$SYS/monitor/+", "$SYS/monitor/Clients", true },
	{ "a/#", "a/$SYS", true },
	{ "a/+", "a/$SYS", true },
};

START_TEST(a_filter_matches_a_name)
{
	ck_assert_msg(mqtt_topic_filter_match(bytes_of_string(matches[_i].left),
			  bytes_of_string(matches[_i].right)) ==
			  matches[_i].answer,
	    "%s, %s", matches[_i].left, matches[_i].right);
}
END_TEST

static const struct pair covers[] = {
	{ "a", "a", true },
	{ "a", "b", false },
	{ "a", "+", false },
	{ "a", "#", false },
	{ "+", "a", true },
	{ "+", "+", true },
	{ "+", "#", false },
	{ "+", "a/b", false },
	{ "#", "a", true },
	{ "#", "+", true },
	{ "#", "#", true },
	{ "#", "a/+/#", true },
	{ "#", "$SYS/a", false },
	{ "#", "$SYS/#", false },
	{ "+/a", "$SYS/a", false },
	{ "$SYS/#", "$SYS/+", true },
	{ "$SYS/#", "$SYS", true },
	{ "$SYS/#", "#", false },
	{ "a/#", "a", true },
	{ "a/#", "a/#", true },
	{ "a/#", "a/+/b", true },
	{ "a/#", "+/b", false },
	{ "a/#", "#", false },
	{ "a/#", "ab", false },
	{ "a/+", "a/#", false },
	{ "a/+", "a", false },
	{ "a/+/#", "a/#", false }, /* the latter matches a, too */
	{ "a/+/#", "a/b", true },
	{ "a/+/#", "a/+", true },
	{ "+/#", "#", true }, /* every name has a level */
	{ "+/#", "+", true },
	{ "+/#", "$SYS/a", false },
	{ "+/+/#", "#", false },
	{ "+/b", "a/b", true },
	{ "+/b", "a/c", false },
	{ "+/b", "a/+", false },
	{ "/+", "/a", true },
	{ "/+", "a", false },
	{ "devices/x/#", "devices/x/y/+", true },
	{ "devices/x/#", "devices/+/y", false },
};

START_TEST(a_filter_covers_a_filter)
{
	ck_assert_msg(mqtt_topic_filter_covers(bytes_of_string(covers[_i].left),
			  bytes_of_string(covers[_i].right)) ==
			  covers[_i].answer,
	    "%s, %s", covers[_i].left, covers[_i].right);
}
END_TEST

/*
 * covers() says no more and no less than match() does: over every filter and
 * every name of up to three levels from a small alphabet.
 */
static size_t
each_topic(const char *const *words, size_t count, char (*topics)[16])
{
	size_t made = 0;

	for (size_t i = 0; i < count; i++) {
		snprintf(topics[made++], 16, "%s", words[i]);
		for (size_t j = 0; j < count; j++) {
			snprintf(topics[made++], 16, "%s/%s", words[i],
			    words[j]);
			for (size_t k = 0; k < count; k++)
				snprintf(topics[made++], 16, "%s/%s/%s",
				    words[i], words[j], words[k]);
		}
	}
	return made;
}

START_TEST(covers_agrees_with_match)
{
	static const char *const name_words[] = { "", "a", "b", "$c" };
	static const char *const filter_words[] = { "", "a", "$c", "+", "#" };
	static char names[4 * 21][16], filters[5 * 31][16];
	size_t name_count = each_topic(name_words, 4, names);
	size_t filter_count = each_topic(filter_words, 5, filters);

	for (size_t i = 0; i < filter_count; i++) {
		struct bytes outer = bytes_of_string(filters[i]);

		if (!mqtt_topic_filter_is_valid(outer))
			continue;
		for (size_t j = 0; j < filter_count; j++) {
			struct bytes inner = bytes_of_string(filters[j]);
			bool is_covered = true;

			if (!mqtt_topic_filter_is_valid(inner))
				continue;
			for (size_t k = 0; k < name_count; k++) {
				struct bytes name = bytes_of_string(names[k]);

				if (name.len > 0 &&
				    mqtt_topic_filter_match(inner, name) &&
				    !mqtt_topic_filter_match(outer, name))
					is_covered = false;
			}
			/* With # the fourth level is needed to tell. */
			if (mqtt_topic_filter_covers(outer, inner))
				ck_assert_msg(is_covered, "%s, %s", filters[i],
				    filters[j]);
			else if (strchr(filters[j], '#') == NULL)
				ck_assert_msg(!is_covered, "%s, %s", filters[i],
				    filters[j]);
		}
	}
}
END_TEST

START_TEST(a_shared_filter_comes_apart) /* [MQTT5-4.8.2-1, -2] */
{
	struct bytes group = BYTES_NONE, rest = BYTES_NONE;

	ck_assert(
	    mqtt_topic_filter_is_shared(BYTES_LITERAL("$share/workers/a/+/#"),
		&group, &rest));
	assert_bytes(group, "workers");
	assert_bytes(rest, "a/+/#");
	ck_assert(!mqtt_topic_filter_is_shared(BYTES_LITERAL("$share/x"),
	    &group, &rest));
	ck_assert(!mqtt_topic_filter_is_shared(BYTES_LITERAL("$Share/x/y"),
	    &group, &rest));
	ck_assert(!mqtt_topic_filter_is_shared(BYTES_LITERAL("a/$share/x/y"),
	    &group, &rest));
	ck_assert(!mqtt_topic_filter_is_shared(BYTES_NONE, &group, &rest));
	assert_bytes(group, "workers");
	assert_bytes(rest, "a/+/#");
}
END_TEST

static const struct {
	const char *topic;
	const char *levels[5];
} level_rows[] = {
	{ "a", { "a" } },
	{ "a//b", { "a", "", "b" } },
	{ "/", { "", "" } },
	{ "/a/", { "", "a", "" } },
	{ "", { "" } },
};

START_TEST(a_topic_is_walked_by_levels)
{
	struct bytes rest = bytes_of_string(level_rows[_i].topic);
	bool is_done = false;
	struct bytes level;
	size_t count = 0;

	while (mqtt_topic_level_next(&rest, &is_done, &level)) {
		ck_assert_ptr_nonnull(level_rows[_i].levels[count]);
		assert_bytes(level, level_rows[_i].levels[count]);
		count++;
	}
	ck_assert_ptr_null(level_rows[_i].levels[count]);
	ck_assert(!mqtt_topic_level_next(&rest, &is_done, &level));
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

TCase *
test_topic_case(void)
{
	TCase *tcase = tcase_create("topic");

	tcase_add_loop_test(tcase, a_text_is_a_name_or_a_filter, 0,
	    ROWS(texts));
	tcase_add_test(tcase, a_topic_has_at_most_65535_bytes);
	tcase_add_test(tcase, a_wildcard_is_seen_at_each_place_of_a_name);
	tcase_add_loop_test(tcase, a_filter_matches_a_name, 0, ROWS(matches));
	tcase_add_loop_test(tcase, a_filter_covers_a_filter, 0, ROWS(covers));
	tcase_add_test(tcase, covers_agrees_with_match);
	tcase_add_test(tcase, a_shared_filter_comes_apart);
	tcase_add_loop_test(tcase, a_topic_is_walked_by_levels, 0,
	    ROWS(level_rows));
	return tcase;
}
