/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/memory.h"

#include <signal.h>
#include <stdlib.h>

#include "tests.h"

START_TEST(new_memory_is_zeroed)
{
	uint8_t *block = memory_new(100, 3);

	for (unsigned int i = 0; i < 300; i++)
		ck_assert_uint_eq(block[i], 0);
	free(block);
}
END_TEST

START_TEST(a_copy_has_a_nul_behind_it)
{
	char *copy = memory_copy(BYTES_LITERAL("ab"));
	char *empty = memory_copy(BYTES_NONE);

	ck_assert_str_eq(copy, "ab");
	ck_assert_str_eq(empty, "");
	free(copy);
	free(empty);
}
END_TEST

START_TEST(resizing_keeps_what_is_there)
{
	char *block = memory_copy(BYTES_LITERAL("ab"));

	block = memory_resize(block, 100000);
	ck_assert_str_eq(block, "ab");
	free(block);
}
END_TEST

START_TEST(a_wiped_secret_is_gone)
{
	uint8_t secret[4] = { 1, 2, 3, 4 };

	memory_wipe(secret, 3);
	ck_assert_mem_eq(secret, "\0\0\0\4", 4);
}
END_TEST

/* So that it is our code, not AddressSanitizer, that ends the process. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

START_TEST(a_product_that_overflows_is_a_broken_promise)
{
	free(memory_new(SIZE_MAX / 2, 3));
}
END_TEST

TCase *
test_memory(void)
{
	TCase *tcase = tcase_create("memory");

	tcase_add_test(tcase, new_memory_is_zeroed);
	tcase_add_test(tcase, a_copy_has_a_nul_behind_it);
	tcase_add_test(tcase, resizing_keeps_what_is_there);
	tcase_add_test(tcase, a_wiped_secret_is_gone);
	/* It ends the process, so it needs one of its own. */
	if (getenv("CK_FORK") == NULL)
		tcase_add_test_raise_signal(tcase,
		    a_product_that_overflows_is_a_broken_promise, SIGABRT);
	return tcase;
}
