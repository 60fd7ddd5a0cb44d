/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/table.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "tests.h"

struct entry {
	uint32_t number;
	UT_hash_handle hh;
};

START_TEST(a_table_finds_what_was_put_into_it)
{
	struct entry *table = NULL, *entry, *next;
	uint32_t number;

	hash_start();
	for (number = 0; number < 1000; number++) {
		entry = memory_new(1, sizeof(*entry));
		entry->number = number;
		HASH_ADD(hh, table, number, sizeof(entry->number), entry);
	}
	for (number = 0; number < 1000; number++) {
		HASH_FIND(hh, table, &number, sizeof(number), entry);
		ck_assert_ptr_nonnull(entry);
		ck_assert_uint_eq(entry->number, number);
	}
	HASH_FIND(hh, table, &number, sizeof(number), entry);
	ck_assert_ptr_null(entry);
	HASH_ITER(hh, table, entry, next)
	{
		HASH_DEL(table, entry);
		free(entry);
	}
}
END_TEST

TCase *
test_table(void)
{
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, a_table_finds_what_was_put_into_it);
	return tcase;
}
