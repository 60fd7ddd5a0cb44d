/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters in a row, of which each knows what it shares with the one before.
 */
#include <stdlib.h>

#include "rights/filter.h"
#include "tests.h"

#define TEXT(literal)                                                          \
	{                                                                      \
		(const uint8_t *)(literal), sizeof(literal) - 1                \
	}
#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

static const struct rights_values alice = {
	.of = { [RIGHTS_IDENTITY] = TEXT("alice"),
	    [RIGHTS_CLIENT_ID] = TEXT("phone") },
};
static const struct rights_values hostile = {
	.of = { [RIGHTS_IDENTITY] = TEXT("al+ce"),
	    [RIGHTS_CLIENT_ID] = TEXT("phone") },
};

/* Rules that begin alike for a while, end anywhere, and none at all. */
static const char *const row_rules[] = {
	"a/${identity}/+/state",
	"a/${identity}/+/alarm",
	"a/${identity}/+/state/#",
	"a/${identity}/+",
	"a/${identity}",
	"a/${identity}/#",
	"a/${client_id}/+/state",
	"+/${identity}/b",
	"+/${identity}/+",
	"${identity}/+/#",
	"$SYS/${identity}/b",
	"$SYS/${identity}/c",
	"+/+/+/+/+/+/+/+/+/a",
	"+/+/+/+/+/+/+/+/+/b",
	"#",
	"a/alice",
};
static const char *const row_topics[] = { "a/alice/b/state", "a/alice/b/alarm",
	"a/alice/b/state/x", "a/alice/b", "a/alice", "a/phone/b/state",
	"b/alice/b", "b/alice/c", "alice/b", "alice/b/c/d", "$SYS/alice/b",
	"$SYS/alice/c", "1/2/3/4/5/6/7/8/9/a", "1/2/3/4/5/6/7/8/9/b",
	"a/al+ce/b/state", "", "/", "a" };

/* Filters in a row answer as each alone does. */
static void
expect_as_alone(struct rights_filter *const *filters, size_t count,
    const struct rights_values *values)
{
	for (int i = 0; i < COUNT(row_topics); i++) {
		struct bytes topic = bytes_of_string(row_topics[i]);
		size_t covers_at = 0, meets_at = 0;

		while (covers_at < count &&
		       !rights_filter_covers(filters[covers_at], values, topic))
			covers_at++;
		while (
		    meets_at < count &&
		    !rights_filter_meets_name(filters[meets_at], values, topic))
			meets_at++;
		ck_assert_uint_eq(rights_filters_find(filters, count,
				      RIGHTS_COVERS, values, topic),
		    covers_at);
		ck_assert_uint_eq(rights_filters_find(filters, count,
				      RIGHTS_MEETS_NAME, values, topic),
		    meets_at);
		ck_assert_uint_eq(rights_filters_find(filters, count,
				      RIGHTS_MEETS, values, topic),
		    meets_at);
	}
}

START_TEST(filters_in_a_row_answer_as_each_alone_does)
{
	const char *first = row_rules[_i];

	for (int j = 0; j < COUNT(row_rules); j++)
		for (int k = 0; k < COUNT(row_rules); k++) {
			const char *texts[] = { first, row_rules[j],
				row_rules[k] };
			struct rights_filter *filters[COUNT(texts)];

			for (int i = 0; i < COUNT(texts); i++)
				ck_assert_ptr_null(
				    rights_filter_compile(texts[i],
					&filters[i]));
			rights_filters_link(filters, COUNT(filters));
			expect_as_alone(filters, COUNT(filters), &alice);
			expect_as_alone(filters, COUNT(filters), &hostile);
			for (int i = 0; i < COUNT(texts); i++)
				rights_filter_free(&filters[i]);
		}
	ck_assert_uint_eq(rights_filters_find(NULL, 0, RIGHTS_COVERS, &alice,
			      BYTES_LITERAL("a")),
	    0);
}
END_TEST

static const char *const longest_row[] = { "k/${identity}/+/a",
	"k/${identity}/+/b", "k/${identity}/+/c", "k/${identity}/d",
	"k/${identity}/+/e", "k/x", "k/${identity}/+/f" };

START_TEST(each_of_a_long_row_is_found)
{
	static const char *const topics[] = { "k/alice/1/a", "k/alice/2/b",
		"k/alice/3/c", "k/alice/d", "k/alice/4/e", "k/x",
		"k/alice/5/f" };
	struct rights_filter *filters[COUNT(longest_row)];
	size_t count = (size_t)COUNT(longest_row);

	for (size_t i = 0; i < count; i++)
		ck_assert_ptr_null(
		    rights_filter_compile(longest_row[i], &filters[i]));
	rights_filters_link(filters, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(rights_filters_find(filters, count,
				      RIGHTS_COVERS, &alice,
				      bytes_of_string(topics[i])),
		    i);
	ck_assert_uint_eq(rights_filters_find(filters, count, RIGHTS_COVERS,
			      &alice, BYTES_LITERAL("k/alice/6/g")),
	    count);
	for (size_t i = 0; i < count; i++)
		rights_filter_free(&filters[i]);
}
END_TEST

TCase *
test_filter_row(void)
{
	TCase *tests = tcase_create("filters in a row");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_loop_test(tests, filters_in_a_row_answer_as_each_alone_does,
	    0, COUNT(row_rules));
	tcase_add_test(tests, each_of_a_long_row_is_found);
	return tests;
}
