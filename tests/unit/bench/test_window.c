/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/window.h"

#include "test_bench.h"

static struct window window;

static void
setup(void)
{
	window_init(&window, 2);
}

static void
teardown(void)
{
	window_done(&window);
}

static uint32_t
push(uint64_t sequence, uint64_t sent_ns, uint32_t missing)
{
	struct window_slot message = { sequence, sent_ns, 5, missing };

	ck_assert(window_has_room(&window));
	return window_push(&window, &message);
}

START_TEST(a_full_window_has_no_room_until_a_message_is_done)
{
	uint32_t first = push(1, 0, 1);

	push(2, 0, 1);
	ck_assert(!window_has_room(&window));
	ck_assert(window_deliver(&window, first, 5, 1));
	ck_assert(window_has_room(&window));
}
END_TEST

START_TEST(a_message_is_done_when_all_subscribers_have_it)
{
	uint32_t slot = push(1, 0, 3);

	ck_assert(!window_deliver(&window, slot, 5, 1));
	ck_assert(!window_deliver(&window, slot, 5, 1));
	ck_assert(window_deliver(&window, slot, 5, 1));
	ck_assert_uint_eq(window.free_count, 2);
}
END_TEST

START_TEST(what_the_slot_does_not_hold_is_ignored)
{
	uint32_t slot = push(7, 0, 1);

	ck_assert(!window_deliver(&window, slot, 5, 6));
	ck_assert(!window_deliver(&window, slot, 4, 7));
	ck_assert(!window_deliver(&window, 2, 5, 7));
	ck_assert(window_deliver(&window, slot, 5, 7));
	ck_assert(!window_deliver(&window, slot, 5, 7));
	ck_assert_uint_eq(window.free_count, 2);
}
END_TEST

START_TEST(what_is_too_old_is_given_up)
{
	push(1, 1000, 1);
	push(2, 2000, 1);

	ck_assert_uint_eq(window_expire(&window, 1000), 0);
	ck_assert_uint_eq(window_expire(&window, 2000), 1);
	ck_assert_uint_eq(window.free_count, 1);
	ck_assert_uint_eq(window_expire(&window, 2000), 0);
}
END_TEST

TCase *
test_window(void)
{
	TCase *tcase = tcase_create("window");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
	    a_full_window_has_no_room_until_a_message_is_done);
	tcase_add_test(tcase, a_message_is_done_when_all_subscribers_have_it);
	tcase_add_test(tcase, what_the_slot_does_not_hold_is_ignored);
	tcase_add_test(tcase, what_is_too_old_is_given_up);
	return tcase;
}
