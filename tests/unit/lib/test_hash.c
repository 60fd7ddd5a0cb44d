/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/hash.h"

#include "tests.h"

/*
 * The key 00..0f and the input 00, 01, ... of the paper's appendix A; the
 * values for other lengths than 15 were computed with OpenSSL.
 */
static const struct {
	size_t len;
	uint64_t hash;
} vectors[] = {
	{ 0, UINT64_C(0x726fdb47dd0e0e31) },
	{ 1, UINT64_C(0x74f839c593dc67fd) },
	{ 7, UINT64_C(0xab0200f58b01d137) },
	{ 8, UINT64_C(0x93f5f5799a932462) },
	{ 9, UINT64_C(0x9e0082df0ba9e4b0) },
	{ 15, UINT64_C(0xa129ca6149be45e5) },
	{ 16, UINT64_C(0x3f2acc7f57c29bdb) },
	{ 63, UINT64_C(0x958a324ceb064572) },
};

START_TEST(siphash_2_4_gives_the_values_of_its_authors)
{
	struct hash_key key;
	uint8_t input[64];

	for (uint8_t i = 0; i < sizeof(key.bytes); i++)
		key.bytes[i] = i;
	for (uint8_t i = 0; i < sizeof(input); i++)
		input[i] = i;
	ck_assert_uint_eq(hash_keyed(&key, bytes_of(input, vectors[_i].len)),
	    vectors[_i].hash);
}
END_TEST

START_TEST(a_process_hashes_under_a_key_of_its_own)
{
	uint64_t before = hash_of(BYTES_LITERAL("abc"));
	uint64_t after;

	hash_start();
	after = hash_of(BYTES_LITERAL("abc"));
	ck_assert_uint_ne(before, after);
	ck_assert_uint_eq(after, hash_of(BYTES_LITERAL("abc")));
	ck_assert_uint_eq(hash_of(BYTES_NONE), hash_of(BYTES_LITERAL("")));
}
END_TEST

START_TEST(a_home_is_one_of_those_there_are)
{
	const uint8_t key[HASH_KEY_LEN] = { 1 }, other[HASH_KEY_LEN] = { 2 };
	unsigned int counts[3] = { 0 }, moved = 0;

	for (uint8_t i = 0; i < 240; i++) {
		struct bytes name = bytes_of(&i, 1);
		unsigned int home = hash_home(key, name, 3);

		ck_assert_uint_lt(home, 3);
		ck_assert_uint_eq(hash_home(key, name, 3), home);
		ck_assert_uint_eq(hash_home(key, name, 1), 0);
		counts[home]++;
		moved += hash_home(other, name, 3) != home;
	}
	for (int i = 0; i < 3; i++)
		ck_assert_uint_gt(counts[i], 40);
	ck_assert_uint_gt(moved, 80);
}
END_TEST

TCase *
test_hash(void)
{
	TCase *tcase = tcase_create("hash");

	tcase_add_loop_test(tcase, siphash_2_4_gives_the_values_of_its_authors,
	    0, sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_test(tcase, a_process_hashes_under_a_key_of_its_own);
	tcase_add_test(tcase, a_home_is_one_of_those_there_are);
	return tcase;
}
