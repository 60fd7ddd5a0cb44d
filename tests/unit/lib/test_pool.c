/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pool.h"

#include <sys/mman.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/sanitized.h"
#include "tests.h"

/* Several slabs' worth, but for the smallest sizes. */
#define COUNT 4000

static const size_t sizes[] = { 1, 7, 8, 9, 32, 33, 40, 72, POOL_OBJECT_MAX };

static uint8_t *objects[COUNT];

static bool
has_all(const uint8_t *object, size_t size, uint8_t value)
{
	for (size_t i = 0; i < size; i++)
		if (object[i] != value)
			return false;
	return true;
}

static void
fill(struct pool *pool, size_t size)
{
	for (unsigned int i = 0; i < COUNT; i++) {
		objects[i] = pool_new(pool, size);
		ck_assert_uint_eq((uintptr_t)objects[i] % 8, 0);
		ck_assert(has_all(objects[i], size, 0));
		memset(objects[i], (int)(i % 255 + 1), size);
	}
}

static void
check_content(unsigned int from, unsigned int step, size_t size)
{
	for (unsigned int i = from; i < COUNT; i += step)
		ck_assert(has_all(objects[i], size, (uint8_t)(i % 255 + 1)));
}

START_TEST(objects_are_zeroed_aligned_and_their_owners_alone)
{
	struct pool pool = { .slab_count = 0 };

	fill(&pool, sizes[_i]);
	check_content(0, 1, sizes[_i]);
	for (unsigned int i = 0; i < COUNT; i++)
		pool_free(&pool, objects[i]);
	pool_done(&pool);
}
END_TEST

START_TEST(what_was_freed_is_used_again_and_zero)
{
	struct pool pool = { .slab_count = 0 };
	size_t slab_count;

	fill(&pool, 40);
	slab_count = pool.slab_count;
	for (unsigned int i = 0; i < COUNT; i += 2)
		pool_free(&pool, objects[i]);
	check_content(1, 2, 40);
	for (unsigned int i = 0; i < COUNT; i += 2) {
		objects[i] = pool_new(&pool, 40);
		ck_assert(has_all(objects[i], 40, 0));
		memset(objects[i], (int)(i % 255 + 1), 40);
	}
	check_content(0, 1, 40);
	ck_assert_uint_eq(pool.slab_count, slab_count);
	for (unsigned int i = 0; i < COUNT; i++)
		pool_free(&pool, objects[i]);
	pool_done(&pool);
}
END_TEST

/* Has the process the page of this address? */
static bool
is_mapped(void *address)
{
	uintptr_t page = (uintptr_t)address &
			 ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
	unsigned char is_resident;

	return mincore((void *)page, 1, &is_resident) == 0 || errno != ENOMEM;
}

START_TEST(a_slab_without_objects_goes_back_to_the_system)
{
	struct pool pool = { .slab_count = 0 };
	void *last;

	if (IS_SANITIZED)
		return;
	fill(&pool, 40);
	ck_assert_uint_gt(pool.slab_count, 2);
	for (unsigned int i = COUNT; i-- > 1;)
		pool_free(&pool, objects[i]);
	/* The one with the first object, and no more than one in reserve. */
	ck_assert_uint_le(pool.slab_count, 2);
	ck_assert(!is_mapped(objects[COUNT / 2]));
	pool_free(&pool, objects[0]);
	ck_assert_uint_le(pool.slab_count, 1);
	/* One comes and goes: it stays where it is. */
	last = pool_new(&pool, 40);
	pool_free(&pool, last);
	ck_assert_ptr_eq(pool_new(&pool, 40), last);
	pool_free(&pool, last);
	pool_done(&pool);
	ck_assert(!is_mapped(last));
	ck_assert_uint_eq(pool.slab_count, 0);
}
END_TEST

START_TEST(pools_share_no_slab_and_are_counted_together)
{
	struct pool one = { .slab_count = 0 }, other = { .slab_count = 0 };
	size_t before = pool_bytes();
	void *a = pool_new(&one, 33), *b = pool_new(&other, 24);

	if (!IS_SANITIZED) /* else they are the heap's */
		ck_assert_uint_eq(pool_bytes() - before, 40 + 24);
	pool_free(&one, a);
	pool_done(&one);
	memset(b, 1, 24);
	pool_free(&other, b);
	pool_done(&other);
	ck_assert_uint_eq(pool_bytes(), before);
}
END_TEST

START_TEST(a_pool_with_an_object_is_not_done_with)
{
	struct pool pool = { .slab_count = 0 };

	(void)pool_new(&pool, 8);
	pool_done(&pool);
}
END_TEST

TCase *
test_pool(void)
{
	TCase *tcase = tcase_create("pool");

	tcase_add_loop_test(tcase,
	    objects_are_zeroed_aligned_and_their_owners_alone, 0,
	    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tcase, what_was_freed_is_used_again_and_zero);
	tcase_add_test(tcase, a_slab_without_objects_goes_back_to_the_system);
	tcase_add_test(tcase, pools_share_no_slab_and_are_counted_together);
	/* It ends the process, so it needs one of its own. */
	if (getenv("CK_FORK") == NULL)
		tcase_add_test_raise_signal(tcase,
		    a_pool_with_an_object_is_not_done_with, SIGABRT);
	return tcase;
}
