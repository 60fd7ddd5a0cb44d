/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/pattern.h"

#include <stdlib.h>

#include "tests.h"

static const struct {
	const char *pattern;
	const char *text;
	bool is_matched;
} cases[] = {
	{ "*", "a", true },
	{ "**", "a", true },
	{ "a", "a", true },
	{ "a", "A", false },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "a*", "a", true },
	{ "a*", "abc", true },
	{ "a*", "ba", false },
	{ "*a", "ba", true },
	{ "*a", "ab", false },
	{ "*a", "aba", true },
	{ "a*c*e", "abcde", true },
	{ "a*c*e", "abcd", false },
	{ "*ab*ab", "abab", true },
	{ "*ab*ab", "ab", false },
	{ "?", "a", false },
	{ "[a]", "a", false },
	{ "a*", "*", false },
	{ "*", "*", true },
	{ "*", "", true },
	{ "a/b*", "a/b/c", true },
	{ "+", "+", true },
	{ "+", "a", false },
	{ "$", "$", true },
	{ "$a", "$a", true },
};

static bool
matches(const char *pattern, const struct rights_values *values,
    struct bytes text, bool is_match_if_unknown)
{
	struct rights_pattern *compiled = NULL;
	bool is_matched;

	ck_assert_ptr_null(rights_pattern_compile(pattern, &compiled));
	ck_assert_str_eq(rights_pattern_text(compiled), pattern);
	is_matched = rights_pattern_matches(compiled, values, text,
	    is_match_if_unknown);
	rights_pattern_free(&compiled);
	ck_assert_ptr_null(compiled);
	return is_matched;
}

/* With variables and without: the two ways to match agree. */
START_TEST(a_star_is_any_run_of_characters)
{
	const struct rights_values none = { .is_uri = false };
	struct bytes pattern = bytes_of_string(cases[_i].pattern);
	struct bytes text = bytes_of_string(cases[_i].text);

	ck_assert_msg(rights_text_matches(pattern, text) ==
			  cases[_i].is_matched,
	    "%s and %s", cases[_i].pattern, cases[_i].text);
	ck_assert_msg(matches(cases[_i].pattern, &none, text, false) ==
			  cases[_i].is_matched,
	    "%s and %s", cases[_i].pattern, cases[_i].text);
}
END_TEST

/* With backtracking to each star this would outlast the test's time limit. */
START_TEST(many_stars_take_no_time)
{
	const struct rights_values none = { .is_uri = false };
	char pattern[1024], text[256];
	size_t i;

	for (i = 0; i + 3 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 3);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert(!rights_text_matches(bytes_of_string(pattern),
	    bytes_of_string(text)));
	ck_assert(!matches(pattern, &none, bytes_of_string(text), false));
	memcpy(pattern + 100, "*b", 3);
	ck_assert(!rights_text_matches(bytes_of_string(pattern),
	    bytes_of_string(text)));
	ck_assert(!matches(pattern, &none, bytes_of_string(text), false));
}
END_TEST

static const struct {
	const char *pattern;
	const char *identity;
	const char *ou; /* NULL: missing */
	const char *text;
	bool is_granted;
	bool is_denied;
} variable_cases[] = {
	{ "${identity}", "dev", "", "dev", true, true },
	{ "${identity}", "dev", "", "dev-1", false, false },
	{ "${identity}-*", "dev", "", "dev-1", true, true },
	{ "*-${identity}", "dev", "", "a-dev-dev", true, true },
	{ "*-${identity}", "dev", "", "a-dev-de", false, false },
	{ "${ou}-${identity}", "dev", "x", "x-dev", true, true },
	/* A value is text, whatever is in it. */
	{ "${identity}", "*", "", "anything", false, false },
	{ "${identity}", "*", "", "*", true, true },
	{ "${identity}", "${ou}", "x", "x", false, false },
	{ "${identity}", "${ou}", "x", "${ou}", true, true },
	{ "${identity}", "spiffe://a/b", "", "spiffe://a/b", true, true },
	{ "${ou}", "dev", "a/b+#", "a/b+#", true, true },
	/* One that is missing grants nothing, and is denied. */
	{ "${ou}", "dev", "", "", false, true },
	{ "${ou}", "dev", "", "x", false, true },
	{ "a-${ou}", "dev", "", "a-x", false, true },
	{ "a-${ou}", "dev", "", "b-x", false, false },
	{ "*${ou}", "dev", "", "b-x", false, true },
	{ "$${identity}", "dev", "", "$dev", true, true },
};

START_TEST(variables_stand_for_the_client_s_own)
{
	struct rights_values values = { .is_uri = true };
	struct bytes text = bytes_of_string(variable_cases[_i].text);
	const char *pattern = variable_cases[_i].pattern;

	values.of[RIGHTS_IDENTITY] = bytes_of_string(
	    variable_cases[_i].identity);
	values.of[RIGHTS_OU] = bytes_of_string(variable_cases[_i].ou);
	ck_assert_int_eq(matches(pattern, &values, text, false),
	    variable_cases[_i].is_granted);
	ck_assert_int_eq(matches(pattern, &values, text, true),
	    variable_cases[_i].is_denied);
}
END_TEST

static const struct {
	const char *pattern;
	const char *fault; /* of client identifiers; a part of it */
	const char *field_fault;
} fault_cases[] = {
	{ "a*b", NULL, NULL },
	{ "$a$", NULL, NULL },
	{ "${identity}", NULL, "has a variable" },
	{ "a${o}b", NULL, "has a variable" },
	{ "${client_id}", "with itself", "has a variable" },
	{ "${identity", "variable that is not", "has a variable" },
	{ "${IDENTITY}", "variable that is not", "has a variable" },
	{ "\xff", "UTF-8", "UTF-8" },
};

static void
check_fault(const char *found, const char *expected)
{
	if (expected == NULL)
		ck_assert_ptr_null(found);
	else
		ck_assert_msg(found != NULL && strstr(found, expected) != NULL,
		    "%s: %s", expected, found == NULL ? "no fault" : found);
}

START_TEST(a_pattern_that_is_none_is_refused_with_its_fault)
{
	check_fault(rights_pattern_compile(fault_cases[_i].pattern, NULL),
	    fault_cases[_i].fault);
	check_fault(rights_pattern_fault(fault_cases[_i].pattern),
	    fault_cases[_i].field_fault);
}
END_TEST

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

TCase *
test_pattern(void)
{
	TCase *tests = tcase_create("pattern");

	tcase_add_loop_test(tests, a_star_is_any_run_of_characters, 0,
	    COUNT(cases));
	tcase_add_test(tests, many_stars_take_no_time);
	tcase_add_loop_test(tests, variables_stand_for_the_client_s_own, 0,
	    COUNT(variable_cases));
	tcase_add_loop_test(tests,
	    a_pattern_that_is_none_is_refused_with_its_fault, 0,
	    COUNT(fault_cases));
	return tests;
}
