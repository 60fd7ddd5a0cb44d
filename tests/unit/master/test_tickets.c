/* SPDX-License-Identifier: Apache-2.0 */
#include "test_tickets.h"

#include "master/member.h"

static struct master master;
static struct config before, now;

static void
set_up(void)
{
	before = (struct config){ .tls = { .ticket_seconds = 3600 } };
	now = before;
	master = (struct master){ .config = &before };
	ck_assert_int_eq(uv_loop_init(&master.loop), 0);
	master_tickets_init(&master);
}

static void
tear_down(void)
{
	master_tickets_close(&master);
	uv_run(&master.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&master.loop), 0);
}

/* Keys are renewed in this interval, and next at its end or before. */
static void
expect_interval(uint64_t seconds)
{
	const uv_timer_t *renewal = &master.tickets.renewal;

	ck_assert(uv_is_active((const uv_handle_t *)renewal));
	ck_assert_uint_eq(uv_timer_get_repeat(renewal), seconds * 1000);
	ck_assert_uint_le(uv_timer_get_due_in(renewal), seconds * 1000);
}

START_TEST(keys_are_renewed_in_the_interval_of_the_start)
{
	expect_interval(3600);
	ck_assert_uint_eq(master.tickets.keys.count, 1);
}
END_TEST

START_TEST(a_reload_changes_the_interval)
{
	static const uint32_t seconds[] = { 1, 604800, 3600 };

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		now.tls.ticket_seconds = seconds[i];
		master_tickets_commit(&master, &before, &now);
		expect_interval(seconds[i]);
		before = now;
	}
	/* Tickets that are out stay good. */
	ck_assert_uint_eq(master.tickets.keys.count, 1);
}
END_TEST

START_TEST(another_reload_does_not_put_renewal_off)
{
	/* As a mark: the timer is not set anew. */
	uv_timer_set_repeat(&master.tickets.renewal, 1234);
	master_tickets_commit(&master, &before, &now);
	ck_assert_uint_eq(uv_timer_get_repeat(&master.tickets.renewal), 1234);
}
END_TEST

TCase *
test_tickets(void)
{
	TCase *tests = tcase_create("tickets");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, keys_are_renewed_in_the_interval_of_the_start);
	tcase_add_test(tests, a_reload_changes_the_interval);
	tcase_add_test(tests, another_reload_does_not_put_renewal_off);
	return tests;
}
