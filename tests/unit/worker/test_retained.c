/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/retained.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/topic.h"
#include "tests.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STEPS        UINT32_MAX

static const char *const filters[] = { "#", "+", "+/+", "a", "a/#", "a/+",
	"a/b", "a/b/#", "a/+/c", "+/b/#", "/", "/#", "/+", "+/", "a//c", "$s/#",
	"$s/+", "+/+/#", "b/+/+", "#" };

static const char *const levels[] = { "a", "b", "c", "", "$s" };

static void
put(struct retained *retained, const char *topic, const char *payload,
    uint64_t expires_at_ms)
{
	struct ipc_publish parts = {
		.topic_name = bytes_of_string(topic),
		.payload = bytes_of_string(payload),
		.has_expiry = expires_at_ms > 0,
		.expires_at_ms = expires_at_ms,
	};
	struct message *message = message_new(&parts);

	retained_put(retained, message);
	message_unref(&message);
}

/* One of 5 + 25 + 125 topics; the first of one empty level is none. */
#define TOPICS (5 + 25 + 125)

static const char *
topic_of(size_t i, char *out, size_t len)
{
	if (i < 5)
		snprintf(out, len, "%s", levels[i]);
	else if (i < 30)
		snprintf(out, len, "%s/%s", levels[(i - 5) / 5],
		    levels[(i - 5) % 5]);
	else
		snprintf(out, len, "%s/%s/%s", levels[(i - 30) / 25],
		    levels[(i - 30) / 5 % 5], levels[(i - 30) % 5]);
	return out;
}

static size_t
index_of(struct bytes topic_name)
{
	char topic[16];

	for (size_t i = 0; i < TOPICS; i++)
		if (bytes_equal(topic_name,
			bytes_of_string(topic_of(i, topic, sizeof(topic)))))
			return i;
	ck_abort_msg("a topic that was never put");
	return TOPICS;
}

/* A random number below bound, the same in each run. */
static size_t
next_random(uint64_t *state, size_t bound)
{
	*state = *state * UINT64_C(6364136223846793005) +
		 UINT64_C(1442695040888963407);
	return (size_t)((*state >> 33) % bound);
}

/* Keep or remove a topic; the empty one is none. */
static void
change(struct retained *retained, bool *is_kept, uint64_t *random)
{
	char topic[16];
	size_t i = next_random(random, TOPICS);

	topic_of(i, topic, sizeof(topic));
	if (topic[0] == '\0')
		return;
	is_kept[i] = next_random(random, 3) > 0;
	put(retained, topic, is_kept[i] ? "x" : "", 0);
}

static void
expect_match(const char *filter, size_t i, bool is_found, bool is_kept)
{
	char topic[16];
	struct bytes name = bytes_of_string(topic_of(i, topic, sizeof(topic)));
	bool expected = is_kept &&
			mqtt_topic_filter_match(bytes_of_string(filter), name);

	ck_assert_msg(is_found == expected, "%s of %s", filter, topic);
}

START_TEST(a_walk_finds_what_the_filter_matches) /* 4.7 */
{
	struct retained *retained = retained_new();
	bool is_kept[TOPICS] = { false };
	uint64_t random = 1;
	size_t count = 0;

	for (size_t i = 0; i < 1000; i++)
		change(retained, is_kept, &random);
	for (size_t f = 0; f < COUNT(filters); f++) {
		struct retained_walk *walk = retained_walk_new(retained,
		    bytes_of_string(filters[f]), UINT64_MAX);
		bool is_found[TOPICS] = { false };
		unsigned int steps = STEPS;
		struct message *message;

		while ((message = retained_walk_next(walk, 0, &steps)) != NULL)
			is_found[index_of(message_parts(message)->topic_name)] =
			    true;
		ck_assert(retained_walk_is_done(walk));
		for (size_t i = 0; i < TOPICS; i++)
			expect_match(filters[f], i, is_found[i], is_kept[i]);
		retained_walk_free(&walk);
	}
	for (size_t i = 0; i < TOPICS; i++)
		count += is_kept[i];
	ck_assert_uint_eq(retained_count(retained), count);
	retained_free(&retained);
}
END_TEST

/* Walk step by step while topics come and go; what is kept all the time is
 * found once, and what is found was kept at that moment. */
static void
check_walk_under_change(struct retained *retained, bool *is_kept,
    const char *filter, uint64_t *random)
{
	struct retained_walk *walk = retained_walk_new(retained,
	    bytes_of_string(filter), UINT64_MAX);
	bool was_kept[TOPICS], is_found[TOPICS] = { false };
	bool is_changed[TOPICS] = { false };

	memcpy(was_kept, is_kept, sizeof(was_kept));
	while (!retained_walk_is_done(walk)) {
		unsigned int steps = 1 + (unsigned int)next_random(random, 3);
		struct message *message = retained_walk_next(walk, 0, &steps);
		bool before[TOPICS];

		if (message != NULL) {
			size_t i = index_of(message_parts(message)->topic_name);

			ck_assert(is_kept[i]);
			ck_assert(is_changed[i] || !is_found[i]);
			is_found[i] = true;
		}
		memcpy(before, is_kept, sizeof(before));
		change(retained, is_kept, random);
		for (size_t i = 0; i < TOPICS; i++)
			is_changed[i] |= before[i] != is_kept[i];
	}
	for (size_t i = 0; i < TOPICS; i++)
		if (!is_changed[i])
			expect_match(filter, i, is_found[i], was_kept[i]);
	retained_walk_free(&walk);
}

START_TEST(a_walk_goes_on_while_topics_come_and_go)
{
	struct retained *retained = retained_new();
	bool is_kept[TOPICS] = { false };
	uint64_t random = 7;

	for (size_t i = 0; i < 300; i++)
		change(retained, is_kept, &random);
	for (size_t round = 0; round < 50; round++)
		check_walk_under_change(retained, is_kept,
		    filters[round % COUNT(filters)], &random);
	retained_free(&retained);
}
END_TEST

START_TEST(many_walks_may_stand_on_what_goes)
{
	struct retained *retained = retained_new();
	struct retained_walk *walks[COUNT(filters)];
	bool is_kept[TOPICS] = { false };
	uint64_t random = 3;

	for (size_t i = 0; i < 500; i++)
		change(retained, is_kept, &random);
	for (size_t f = 0; f < COUNT(filters); f++) {
		unsigned int steps = 4;

		walks[f] = retained_walk_new(retained,
		    bytes_of_string(filters[f]), UINT64_MAX);
		(void)retained_walk_next(walks[f], 0, &steps);
	}
	for (size_t i = 0; i < TOPICS; i++) {
		char topic[16];

		if (topic_of(i, topic, sizeof(topic))[0] != '\0')
			put(retained, topic, "", 0);
	}
	ck_assert_uint_eq(retained_count(retained), 0);
	for (size_t f = 0; f < COUNT(filters); f++) {
		unsigned int steps = STEPS;

		ck_assert_ptr_null(retained_walk_next(walks[f], 0, &steps));
		retained_walk_free(&walks[f]);
	}
	retained_free(&retained);
}
END_TEST

START_TEST(a_message_replaces_the_one_before) /* [MQTT-3.3.1-5] */
{
	struct retained *retained = retained_new();

	put(retained, "a/b", "first", 0);
	put(retained, "a/b", "second one", 0);
	ck_assert_uint_eq(retained_count(retained), 1);
	ck_assert_uint_eq(message_bytes(
			      retained_find(retained, BYTES_LITERAL("a/b"))),
	    strlen("a/b") + strlen("second one"));
	ck_assert_ptr_null(retained_find(retained, BYTES_LITERAL("a")));
	put(retained, "a/b", "", 0); /* [MQTT-3.3.1-10] */
	put(retained, "never/there", "", 0);
	ck_assert_ptr_null(retained_find(retained, BYTES_LITERAL("a/b")));
	ck_assert_uint_eq(retained_count(retained), 0);
	ck_assert_uint_eq(retained_bytes(retained), 0);
	retained_free(&retained);
}
END_TEST

START_TEST(what_has_expired_is_not_found_and_swept) /* [MQTT5-3.3.2-5] */
{
	struct retained *retained = retained_new();
	struct retained_walk *walk;
	unsigned int steps = STEPS;

	put(retained, "a", "x", 1000);
	put(retained, "b", "x", 2000);
	put(retained, "$s/a", "x", 1000);
	walk = retained_walk_new(retained, BYTES_LITERAL("a"), UINT64_MAX);
	ck_assert_ptr_null(retained_walk_next(walk, 1000, &steps));
	retained_walk_free(&walk);
	ck_assert_uint_eq(retained_count(retained), 2);
	for (int i = 0; i < 10; i++)
		retained_sweep(retained, 1999, 2);
	ck_assert_uint_eq(retained_count(retained), 1);
	for (int i = 0; i < 10; i++)
		retained_sweep(retained, 2000, 2);
	ck_assert_uint_eq(retained_count(retained), 0);
	retained_free(&retained);
}
END_TEST

/* All of them below one parent, or at the top, where $-topics are hidden. */
static const char *const million_formats[] = { "t/%u/x", "$h%u" };

/* A million, unless each instruction takes many (see tests/lib/step). */
static unsigned int
topic_count(void)
{
	return getenv("SIGNET_TESTS_ARE_SLOWED") == NULL ? 1000000 : 10000;
}

static struct retained *
million_new(const char *format)
{
	struct retained *retained = retained_new();

	for (unsigned int i = 0; i < topic_count(); i++) {
		char topic[24];

		snprintf(topic, sizeof(topic), format, i);
		put(retained, topic, "x", 0);
	}
	return retained;
}

START_TEST(a_walk_over_a_million_topics_takes_no_more_steps_than_it_may)
{
	struct retained *retained = million_new(million_formats[_i]);
	struct retained_walk *walk = retained_walk_new(retained,
	    BYTES_LITERAL("+/+/x"), UINT64_MAX);
	size_t found = 0, turns = 0;

	while (!retained_walk_is_done(walk)) {
		unsigned int steps = 512;

		while (retained_walk_next(walk, 0, &steps) != NULL)
			found++;
		turns++;
	}
	ck_assert_uint_eq(found, _i == 0 ? topic_count() : 0);
	/* none of them did the work of another one */
	ck_assert_uint_ge(turns, topic_count() / 512);
	retained_walk_free(&walk);
	walk = retained_walk_new(retained, BYTES_LITERAL("t/77/x"), UINT64_MAX);
	for (turns = 0; !retained_walk_is_done(walk); turns++) {
		unsigned int steps = 1;

		(void)retained_walk_next(walk, 0, &steps);
	}
	ck_assert_uint_le(turns, 6);
	retained_walk_free(&walk);
	retained_free(&retained);
}
END_TEST

static void
put_at(struct retained *retained, const char *topic, uint64_t published_ns)
{
	const struct ipc_publish parts = {
		.topic_name = bytes_of_string(topic),
		.payload = BYTES_LITERAL("x"),
		.published_ns = published_ns,
	};
	struct message *message = message_new(&parts);

	retained_put(retained, message);
	message_unref(&message);
}

/* 3.3.1.3: what was published behind the subscription comes live */
START_TEST(a_walk_leaves_out_what_was_published_later)
{
	struct retained *retained = retained_new();
	struct retained_walk *walk;
	unsigned int steps = STEPS;
	struct message *message;
	size_t found = 0;

	put_at(retained, "long-ago", 0);
	put_at(retained, "before", 99);
	put_at(retained, "just", 100);
	put_at(retained, "later", 101);
	put_at(retained, "replaced", 50);
	walk = retained_walk_new(retained, BYTES_LITERAL("#"), 100);
	put_at(retained, "replaced", 102);
	while ((message = retained_walk_next(walk, 0, &steps)) != NULL) {
		ck_assert_uint_le(message_parts(message)->published_ns, 100);
		found++;
	}
	ck_assert(retained_walk_is_done(walk));
	ck_assert_uint_eq(found, 3);
	ck_assert_uint_eq(retained_count(retained), 5);
	retained_walk_free(&walk);
	retained_free(&retained);
}
END_TEST

TCase *
test_retained(void)
{
	TCase *tcase = tcase_create("retained");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_set_timeout(tcase, 300); /* sanitizers are slow */
	tcase_add_test(tcase, a_walk_finds_what_the_filter_matches);
	tcase_add_test(tcase, a_walk_goes_on_while_topics_come_and_go);
	tcase_add_test(tcase, many_walks_may_stand_on_what_goes);
	tcase_add_test(tcase, a_message_replaces_the_one_before);
	tcase_add_test(tcase, a_walk_leaves_out_what_was_published_later);
	tcase_add_test(tcase, what_has_expired_is_not_found_and_swept);
	tcase_add_loop_test(tcase,
	    a_walk_over_a_million_topics_takes_no_more_steps_than_it_may, 0, 2);
	return tcase;
}
