/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bytes.h"

#include "tests.h"

START_TEST(views_are_equal_by_length_and_content)
{
	ck_assert(bytes_equal(BYTES_NONE, BYTES_NONE));
	ck_assert(bytes_equal(BYTES_NONE, BYTES_LITERAL("")));
	ck_assert(bytes_equal(BYTES_LITERAL("a\0b"), bytes_of("a\0b", 3)));
	ck_assert(!bytes_equal(BYTES_LITERAL("a\0b"), BYTES_LITERAL("a\0c")));
	ck_assert(!bytes_equal(BYTES_LITERAL("ab"), BYTES_LITERAL("abc")));
	ck_assert(!bytes_equal(BYTES_NONE, BYTES_LITERAL("a")));
}
END_TEST

START_TEST(a_string_is_viewed_without_its_nul)
{
	ck_assert_uint_eq(bytes_of_string("abc").len, 3);
	ck_assert_uint_eq(bytes_of_string("").len, 0);
}
END_TEST

START_TEST(skipping_leaves_the_rest)
{
	struct bytes view = BYTES_LITERAL("abc");

	ck_assert(bytes_equal(bytes_skip(view, 0), view));
	ck_assert(bytes_equal(bytes_skip(view, 2), BYTES_LITERAL("c")));
	ck_assert_uint_eq(bytes_skip(view, 3).len, 0);
	ck_assert_ptr_null(bytes_skip(BYTES_NONE, 0).data);
}
END_TEST

TCase *
test_bytes(void)
{
	TCase *tcase = tcase_create("bytes");

	tcase_add_test(tcase, views_are_equal_by_length_and_content);
	tcase_add_test(tcase, a_string_is_viewed_without_its_nul);
	tcase_add_test(tcase, skipping_leaves_the_rest);
	return tcase;
}
