/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "store/reference.h"
#include "tests.h"

static const struct reference put = { 2, true, 1000,
	{ (const uint8_t *)"body", 4 } };
static const struct reference add = { 1, false, 0, { NULL, 0 } };
static const struct reference give_back = { -1, false, 0, { NULL, 0 } };

START_TEST(operands_decode_to_what_they_were)
{
	const struct reference *all[] = { &put, &add, &give_back };

	for (int i = 0; i < 3; i++) {
		struct buffer out = { NULL, 0, 0 };
		struct reference decoded;

		reference_encode(all[i], &out);
		ck_assert_int_eq(reference_decode(buffer_view(&out), &decoded),
		    0);
		ck_assert_int_eq(decoded.count, all[i]->count);
		ck_assert_int_eq(decoded.has_body, all[i]->has_body);
		ck_assert_int_eq(decoded.expires_at, all[i]->expires_at);
		ck_assert(bytes_equal(decoded.body, all[i]->body));
		for (size_t len = 0; len < (i == 0 ? 17 : out.len); len++)
			ck_assert_int_eq(
			    reference_decode(bytes_of(out.data, len), &decoded),
			    -EBADMSG);
		buffer_done(&out);
	}
}
END_TEST

START_TEST(what_no_operand_can_be_is_refused)
{
	static const uint8_t kinds[][9] = { { 0 }, { 3 }, { 2 } };
	static const uint8_t long_count[10] = { 1 };
	struct reference decoded;

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(reference_decode(bytes_of(kinds[i], 9),
				     &decoded),
		    -EBADMSG);
	ck_assert_int_eq(reference_decode(bytes_of(long_count, 10), &decoded),
	    -EBADMSG);
}
END_TEST

START_TEST(references_add_up_and_keep_the_body)
{
	struct reference sum = reference_merge(&put, &add);

	ck_assert_int_eq(sum.count, 3);
	ck_assert(bytes_equal(sum.body, put.body));
	sum = reference_merge(&sum, &give_back);
	ck_assert_int_eq(sum.count, 2);
	ck_assert(sum.has_body);
	ck_assert_int_eq(sum.expires_at, 1000);
}
END_TEST

START_TEST(with_the_last_reference_the_body_goes)
{
	struct reference sum = reference_merge(&put, &give_back);

	ck_assert(sum.has_body);
	sum = reference_merge(&sum, &give_back);
	ck_assert_int_eq(sum.count, 0);
	ck_assert(!sum.has_body);
	/* somebody else puts it again */
	sum = reference_merge(&sum, &put);
	ck_assert_int_eq(sum.count, 2);
	ck_assert(bytes_equal(sum.body, put.body));
}
END_TEST

/* put, -1, put, -1, -1: however it is put into brackets. */
START_TEST(the_order_of_merges_does_not_matter)
{
	const struct reference *all[5] = { &put, &give_back, &put, &give_back,
		&give_back };

	for (int left = 0; left < 4; left++) {
		for (int right = left; right < 5; right++) {
			struct reference inner = *all[left];
			struct reference sum = { .count = 0 };

			for (int i = left + 1; i <= right; i++)
				inner = reference_merge(&inner, all[i]);
			for (int i = 0; i < left; i++)
				sum = reference_merge(&sum, all[i]);
			sum = reference_merge(&sum, &inner);
			for (int i = right + 1; i < 5; i++)
				sum = reference_merge(&sum, all[i]);
			ck_assert_int_eq(sum.count, 1);
			ck_assert(sum.has_body);
		}
	}
}
END_TEST

START_TEST(what_nothing_refers_to_or_has_expired_is_over)
{
	struct reference reference = put;

	ck_assert(!reference_is_over(&reference, 1000));
	ck_assert(reference_is_over(&reference, 2000));
	reference.count = 0;
	ck_assert(reference_is_over(&reference, 0));
	reference.count = -1;
	ck_assert(reference_is_over(&reference, 0));
}
END_TEST

TCase *
test_reference(void)
{
	TCase *tests = tcase_create("reference");

	tcase_add_test(tests, operands_decode_to_what_they_were);
	tcase_add_test(tests, what_no_operand_can_be_is_refused);
	tcase_add_test(tests, references_add_up_and_keep_the_body);
	tcase_add_test(tests, with_the_last_reference_the_body_goes);
	tcase_add_test(tests, the_order_of_merges_does_not_matter);
	tcase_add_test(tests, what_nothing_refers_to_or_has_expired_is_over);
	return tests;
}
