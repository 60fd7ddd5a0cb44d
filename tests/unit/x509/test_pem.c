/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/pem.h"

#include <errno.h>

#include "test_x509.h"

#define BLOCK(content) "-----BEGIN THING-----\n" content "\n-----END THING-----"

static const struct {
	struct bytes file;
	unsigned int lines[3]; /* where blocks begin; 0: no further one */
	int last;              /* what follows them */
} files[] = {
	{ CONSTANT(BLOCK("AAAA")), { 1 }, 0 },
	{ CONSTANT(BLOCK("AAAA") "\n" BLOCK("AA\nAA") "\n"), { 1, 4 }, 0 },
	{ CONSTANT("words\n\nmore" BLOCK("AAAA") BLOCK("B") "end"), { 3, 5 },
	    0 },
	/* Of others nothing is said. */
	{ CONSTANT(
	      "-----BEGIN OTHER-----\nA\n-----END OTHER-----\n" BLOCK("AAAA")),
	    { 4 }, 0 },
	{ CONSTANT("-----BEGIN OTHER-----\nA\n-----END OTHER-----\n"), { 0 },
	    0 },
	{ CONSTANT(BLOCK("AAAA") "\n-----BEGIN THING-----\nAAA"), { 1, 4 },
	    -EINVAL },
	{ CONSTANT("-----BEGIN THING-----"), { 1 }, -EINVAL },
	/* Cut in the line that begins a block, and in another's. */
	{ CONSTANT(BLOCK("AAAA") "\n-----BEGIN THING----"), { 1, 4 }, -EINVAL },
	{ CONSTANT(BLOCK("AAAA") "\n-----BEGIN THIN"), { 1, 4 }, -EINVAL },
	{ CONSTANT(BLOCK("AAAA") "\n-----BEGIN "), { 1, 4 }, -EINVAL },
	{ CONSTANT(BLOCK("AAAA") "\n-----BEG"), { 1, 4 }, -EINVAL },
	{ CONSTANT(BLOCK("AAAA") "\n-"), { 1, 4 }, -EINVAL },
	{ CONSTANT(BLOCK("AAAA") "\nwords\n-----BEGIN OTH"), { 1, 5 },
	    -EINVAL },
	{ CONSTANT(BLOCK("AAAA") "\n-----BEGIN OTHER-----\nA"), { 1, 4 },
	    -EINVAL },
	{ CONSTANT(BLOCK("AAAA") "\n-----BEGIN OTHER-----\nA\n-----END OTHER"),
	    { 1, 4 }, -EINVAL },
	{ CONSTANT(BLOCK("AAAA") "\n-----BEGIN OTHER-----\nA\n"
				 "-----END OTHER-----\nwords - and words"),
	    { 1 }, 0 },
	{ CONSTANT(BLOCK("AAAA") "\nwords -----BEG"), { 1 }, 0 },
};

START_TEST(blocks_are_found_with_their_lines)
{
	struct x509_pem pem = { .file = files[_i].file };
	unsigned int count = 0;
	struct bytes block;
	int result;

	while ((result = x509_pem_next(&pem, "THING", &block)) == 1) {
		ck_assert_uint_eq(pem.line, files[_i].lines[count]);
		ck_assert_int_eq(block.data[0], '-');
		ck_assert_int_eq(block.data[block.len - 1], '-');
		ck_assert_uint_eq(pem.count, ++count);
	}
	ck_assert_int_eq(result, files[_i].last);
	if (result != 0)
		ck_assert_uint_eq(pem.line, files[_i].lines[count++]);
	ck_assert(count == 3 || files[_i].lines[count] == 0);
	ck_assert_int_eq(x509_pem_next(&pem, "THING", &block), 0);
}
END_TEST

START_TEST(what_is_not_pem_is_one_block)
{
	struct x509_pem pem = { .file = BYTES_LITERAL("\x30\x01\x00") };
	char place[X509_PEM_PLACE_MAX];
	struct bytes block;

	ck_assert_int_eq(x509_pem_next(&pem, "THING", &block), 1);
	ck_assert_uint_eq(block.len, 3);
	ck_assert_str_eq(x509_pem_place(&pem, "CRL", place), "CRL 1");
	ck_assert_int_eq(x509_pem_next(&pem, "THING", &block), 0);
	pem = (struct x509_pem){ .file = BYTES_NONE };
	ck_assert_int_eq(x509_pem_next(&pem, "THING", &block), 0);
}
END_TEST

TCase *
pem_tests(void)
{
	TCase *tests = tcase_create("pem");

	tcase_add_loop_test(tests, blocks_are_found_with_their_lines, 0,
	    (int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(tests, what_is_not_pem_is_one_block);
	return tests;
}
