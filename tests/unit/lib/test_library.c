/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/library.h"

#include <errno.h>
#include <string.h>

#include "tests.h"

/* Of the C library, which is here under this name. */
#define LIBRARY "libm.so.6"

struct table {
	double (*round)(double value);
	double (*floor)(double value);
};

static const struct library_call calls[] = {
	{ "floor", offsetof(struct table, floor) },
	{ "round", offsetof(struct table, round) },
	{ "no_such_function", offsetof(struct table, round) },
};

START_TEST(functions_are_found_by_their_names)
{
	struct table table = { NULL, NULL };
	char why[100] = "";

	for (int again = 0; again < 2; again++)
		ck_assert_int_eq(library_load(LIBRARY, calls, 2, &table, why,
				     sizeof(why)),
		    0);
	ck_assert(table.floor(1.5) < 1.25);
	ck_assert(table.round(1.5) > 1.75);
	ck_assert_str_eq(why, "");
}
END_TEST

START_TEST(function_that_is_not_there_is_named)
{
	struct table table = { NULL, NULL };
	char why[200] = "";

	ck_assert_int_eq(library_load(LIBRARY, calls, 3, &table, why,
			     sizeof(why)),
	    -ELIBBAD);
	ck_assert_ptr_nonnull(strstr(why, "no_such_function"));
}
END_TEST

START_TEST(library_that_is_not_there_is_named)
{
	struct table table = { NULL, NULL };
	char why[200] = "";

	ck_assert_int_eq(library_load("libnothing.so.9", calls, 2, &table, why,
			     sizeof(why)),
	    -ELIBACC);
	ck_assert_ptr_nonnull(strstr(why, "libnothing.so.9"));
	ck_assert(table.floor == NULL);
}
END_TEST

TCase *
test_library(void)
{
	TCase *tests = tcase_create("library");

	tcase_add_test(tests, functions_are_found_by_their_names);
	tcase_add_test(tests, function_that_is_not_there_is_named);
	tcase_add_test(tests, library_that_is_not_there_is_named);
	return tests;
}
