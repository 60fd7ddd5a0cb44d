/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/index.h"

#include "lib/hash.h"
#include "tests.h"

#define ENTRIES 1000

struct entry {
	struct index_link link; /* the first: a link is its entry */
	unsigned int number;
	bool is_there;
};

static struct entry entries[ENTRIES];

static uint64_t
hash_number(unsigned int number)
{
	return hash_of(bytes_of(&number, sizeof(number)));
}

static uint64_t
hash(const struct index_link *link)
{
	return hash_number(((const struct entry *)link)->number);
}

static bool
is_found(const struct index *index, unsigned int number)
{
	struct index_link *link = index_first(index, hash_number(number));

	while (link != NULL && ((struct entry *)link)->number != number)
		link = link->next;
	return link != NULL;
}

/* Each that is there is found, and met once. */
static void
check(const struct index *index)
{
	struct index_link *link = NULL;
	size_t count = 0, bucket = 0;

	for (unsigned int i = 0; i < ENTRIES; i++)
		ck_assert_int_eq(is_found(index, i), entries[i].is_there);
	while ((link = index_next(index, link, &bucket)) != NULL) {
		ck_assert(((struct entry *)link)->is_there);
		count++;
	}
	ck_assert_uint_eq(count, index->count);
}

START_TEST(what_is_added_is_found_until_it_is_removed)
{
	struct index index = { .buckets = NULL };

	hash_start();
	check(&index);
	for (unsigned int i = 0; i < ENTRIES; i++) {
		entries[i].number = i;
		entries[i].is_there = true;
		index_add(&index, &entries[i].link, hash);
		if (i < 40 || i % 100 == 0)
			check(&index);
	}
	for (unsigned int i = 0; i < ENTRIES; i += 2) {
		index_remove(&index, &entries[i].link, hash);
		entries[i].is_there = false;
	}
	ck_assert_uint_eq(index.count, ENTRIES / 2);
	check(&index);
	index_done(&index);
	ck_assert_ptr_null(index_first(&index, 0));
}
END_TEST

TCase *
test_index(void)
{
	TCase *tcase = tcase_create("index");

	tcase_add_test(tcase, what_is_added_is_found_until_it_is_removed);
	return tcase;
}
