/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>

#include "proc/role.h"
#include "test_proc.h"

START_TEST(a_role_is_found_by_its_number_and_by_its_name)
{
	ck_assert_ptr_eq(role_find(IPC_ROLE_WORKER), &role_table[0]);
	ck_assert_ptr_eq(role_find_by_name("worker"), &role_table[0]);
	ck_assert_ptr_null(role_find(IPC_ROLE_GATE));
	ck_assert_ptr_null(role_find_by_name("gate"));
	ck_assert_ptr_null(role_find_by_name(""));
}
END_TEST

START_TEST(a_count_of_0_is_one_per_core_that_may_be_used)
{
	cpu_set_t one;

	ck_assert_uint_eq(role_count_or_cores(7), 7);
	ck_assert_uint_ge(role_count_or_cores(0), 1);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	ck_assert_uint_eq(role_count_or_cores(0), 1);
}
END_TEST

TCase *
test_role(void)
{
	TCase *tests = tcase_create("role");

	tcase_add_test(tests, a_role_is_found_by_its_number_and_by_its_name);
	tcase_add_test(tests, a_count_of_0_is_one_per_core_that_may_be_used);
	return tests;
}
