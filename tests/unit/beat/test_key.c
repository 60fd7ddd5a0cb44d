/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/key.h"

#include <string.h>

#include "tests.h"

/* RFC 4231 s4.2 and s4.3: a shorter key is as one with zeros behind it. */
static const struct {
	uint8_t key[BEAT_KEY_LEN];
	const char *data;
	uint8_t tag[BEAT_TAG_LEN];
} cases[] = {
	{ { 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
	      0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b },
	    "Hi There",
	    { 0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf,
		0xce, 0xaf, 0x0b, 0xf1, 0x2b } },
	{ { 'J', 'e', 'f', 'e' }, "what do ya want for nothing?",
	    { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
		0x26, 0x08, 0x95, 0x75, 0xc7 } },
};

static const struct beat_key_backend *const backends[] = {
	&beat_key_mbedtls,
#ifdef HAVE_IPSEC_MB
	&beat_key_ipsec_mb,
#endif
};

#define BACKEND_COUNT (sizeof(backends) / sizeof(backends[0]))

/* More than any back end takes in one go. */
#define MANY 150

/* False if this machine cannot run it. */
static bool
use(size_t backend)
{
	return beat_key_start_with(backends[backend]);
}

static void
reset(void)
{
	ck_assert(beat_key_start_with(&beat_key_mbedtls));
}

START_TEST(tags_are_those_of_rfc_4231)
{
	uint8_t tag[BEAT_TAG_LEN];
	struct beat_key key;

	if (!use((size_t)_i))
		return;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes data = bytes_of_string(cases[i].data);

		beat_key_init(&key, cases[i].key);
		beat_key_tag(&key, data, tag);
		ck_assert_mem_eq(tag, cases[i].tag, BEAT_TAG_LEN);
		/* and again: the key is not used up */
		ck_assert(beat_key_check(&key, data, cases[i].tag));
		beat_key_wipe(&key);
	}
}
END_TEST

/* Tags of count pieces of data, each of its length and under its key. */
static void
make_many(size_t count, uint8_t out[][BEAT_TAG_LEN])
{
	static uint8_t data[MANY];
	struct beat_key keys[MANY];
	struct beat_tag tags[MANY] = { { .key = NULL } };
	uint8_t secret[BEAT_KEY_LEN];

	for (size_t i = 0; i < count; i++) {
		data[i] = (uint8_t)(i * 7);
		memset(secret, (int)i, sizeof(secret));
		beat_key_init(&keys[i], secret);
		tags[i] = (struct beat_tag){ &keys[i], bytes_of(data, i + 1),
			out[i] };
	}
	beat_tags_make(tags, count);
	for (size_t i = 0; i < count; i++)
		beat_key_wipe(&keys[i]);
}

START_TEST(many_at_once_have_the_tags_of_each_alone)
{
	uint8_t expected[MANY][BEAT_TAG_LEN], tags[MANY][BEAT_TAG_LEN];

	make_many(MANY, expected);
	if (!use((size_t)_i))
		return;
	for (size_t count = 0; count <= MANY; count++) {
		memset(tags, 0, sizeof(tags));
		make_many(count, tags);
		if (count > 0)
			ck_assert_mem_eq(tags, expected, count * BEAT_TAG_LEN);
	}
}
END_TEST

START_TEST(the_fastest_is_chosen_and_is_right)
{
	uint8_t expected[MANY][BEAT_TAG_LEN], tags[MANY][BEAT_TAG_LEN];

	make_many(MANY, expected);
	beat_key_start();
	make_many(MANY, tags);
	ck_assert_mem_eq(tags, expected, sizeof(tags));
}
END_TEST

START_TEST(what_is_stopped_can_be_started_again)
{
	uint8_t expected[MANY][BEAT_TAG_LEN], tags[MANY][BEAT_TAG_LEN];

	make_many(MANY, expected);
	for (int i = 0; i < 2; i++) {
		if (!use((size_t)_i))
			return;
		memset(tags, 0, sizeof(tags));
		make_many(MANY, tags);
		ck_assert_mem_eq(tags, expected, sizeof(tags));
		beat_key_stop();
		memset(tags, 0, sizeof(tags));
		make_many(MANY, tags); /* by mbedTLS */
		ck_assert_mem_eq(tags, expected, sizeof(tags));
	}
}
END_TEST

START_TEST(a_tag_with_any_bit_changed_is_refused)
{
	struct bytes data = bytes_of_string(cases[0].data);
	struct beat_key key;
	uint8_t tag[BEAT_TAG_LEN];

	if (!use((size_t)_i))
		return;
	beat_key_init(&key, cases[0].key);
	for (size_t bit = 0; bit < BEAT_TAG_LEN * 8; bit++) {
		memcpy(tag, cases[0].tag, sizeof(tag));
		tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!beat_key_check(&key, data, tag));
	}
	beat_key_wipe(&key);
}
END_TEST

TCase *
test_key(void)
{
	TCase *tcase = tcase_create("key");

	tcase_add_checked_fixture(tcase, NULL, reset);
	tcase_add_loop_test(tcase, tags_are_those_of_rfc_4231, 0,
	    BACKEND_COUNT);
	tcase_add_loop_test(tcase, many_at_once_have_the_tags_of_each_alone, 0,
	    BACKEND_COUNT);
	tcase_add_test(tcase, the_fastest_is_chosen_and_is_right);
	tcase_add_loop_test(tcase, what_is_stopped_can_be_started_again, 0,
	    BACKEND_COUNT);
	tcase_add_loop_test(tcase, a_tag_with_any_bit_changed_is_refused, 0,
	    BACKEND_COUNT);
	return tcase;
}
