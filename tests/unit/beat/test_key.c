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

START_TEST(tags_are_those_of_rfc_4231)
{
	struct bytes data = bytes_of_string(cases[_i].data);
	struct beat_key key;
	uint8_t tag[BEAT_TAG_LEN];

	beat_key_init(&key, cases[_i].key);
	beat_key_tag(&key, data, tag);
	ck_assert_mem_eq(tag, cases[_i].tag, BEAT_TAG_LEN);
	/* and again: the key is not used up */
	ck_assert(beat_key_check(&key, data, cases[_i].tag));
	beat_key_wipe(&key);
}
END_TEST

START_TEST(a_tag_with_any_bit_changed_is_refused)
{
	struct bytes data = bytes_of_string(cases[0].data);
	struct beat_key key;
	uint8_t tag[BEAT_TAG_LEN];

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

	tcase_add_loop_test(tcase, tags_are_those_of_rfc_4231, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, a_tag_with_any_bit_changed_is_refused);
	return tcase;
}
