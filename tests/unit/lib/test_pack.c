/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pack.h"

#include "tests.h"

static struct buffer packed;

static void
pack_everything(void)
{
	packed = (struct buffer){ NULL, 0, 0 };
	pack_u8(&packed, 0x01);
	pack_u16(&packed, 0x0203);
	pack_u32(&packed, 0x04050607);
	pack_u64(&packed, UINT64_C(0x08090a0b0c0d0e0f));
	pack_raw(&packed, "raw", 3);
	pack_bytes(&packed, BYTES_LITERAL("text"));
}

static void
free_everything(void)
{
	buffer_done(&packed);
}

static void
unpack_everything(struct unpack *in)
{
	uint8_t raw[3];

	unpack_u8(in);
	unpack_u16(in);
	unpack_u32(in);
	unpack_u64(in);
	unpack_raw(in, raw, sizeof(raw));
	unpack_bytes(in, 4);
}

START_TEST(fields_are_written_in_network_byte_order)
{
	static const uint8_t expected[] = "\1\2\3\4\5\6\7\10\11\12\13\14\15\16"
					  "\17raw\0\0\0\4text";

	ck_assert(bytes_equal(buffer_view(&packed),
	    bytes_of(expected, sizeof(expected) - 1)));
}
END_TEST

START_TEST(fields_are_read_as_they_were_written)
{
	struct unpack in = { .input = buffer_view(&packed) };
	char raw[3];

	ck_assert_uint_eq(unpack_u8(&in), 0x01);
	ck_assert_uint_eq(unpack_u16(&in), 0x0203);
	ck_assert_uint_eq(unpack_u32(&in), 0x04050607);
	ck_assert_uint_eq(unpack_u64(&in), UINT64_C(0x08090a0b0c0d0e0f));
	unpack_raw(&in, raw, sizeof(raw));
	ck_assert_mem_eq(raw, "raw", 3);
	ck_assert(!unpack_is_complete(&in));
	ck_assert(bytes_equal(unpack_bytes(&in, 4), BYTES_LITERAL("text")));
	ck_assert(unpack_is_complete(&in));
}
END_TEST

START_TEST(input_that_is_cut_anywhere_fails)
{
	for (size_t len = 0; len < packed.len; len++) {
		struct unpack in = { .input = bytes_of(packed.data, len) };

		unpack_everything(&in);
		ck_assert(in.failed);
		ck_assert(!unpack_is_complete(&in));
	}
}
END_TEST

START_TEST(what_is_left_over_is_not_complete)
{
	struct unpack in;

	pack_u8(&packed, 0);
	in = (struct unpack){ .input = buffer_view(&packed) };
	unpack_everything(&in);
	ck_assert(!in.failed);
	ck_assert(!unpack_is_complete(&in));
}
END_TEST

START_TEST(after_a_failure_only_zeros_are_read)
{
	struct unpack in = { .input = BYTES_LITERAL("\1\2\3") };
	uint8_t raw[2] = { 9, 9 };

	ck_assert_uint_eq(unpack_u32(&in), UINT32_C(0x01020000));
	ck_assert(in.failed);
	ck_assert_uint_eq(unpack_u8(&in), 0);
	unpack_raw(&in, raw, sizeof(raw));
	ck_assert_mem_eq(raw, "\0\0", 2);
	ck_assert_uint_eq(unpack_bytes(&in, 10).len, 0);
}
END_TEST

START_TEST(bytes_longer_than_allowed_fail)
{
	struct unpack in = { .input = BYTES_LITERAL("\0\0\0\2ab") };

	ck_assert_uint_eq(unpack_bytes(&in, 1).len, 0);
	ck_assert(in.failed);
}
END_TEST

START_TEST(a_length_beyond_the_input_fails)
{
	struct unpack in = { .input = BYTES_LITERAL("\377\377\377\377ab") };

	ck_assert_uint_eq(unpack_bytes(&in, SIZE_MAX).len, 0);
	ck_assert(in.failed);
}
END_TEST

TCase *
test_pack(void)
{
	TCase *tcase = tcase_create("pack");

	tcase_add_checked_fixture(tcase, pack_everything, free_everything);
	tcase_add_test(tcase, fields_are_written_in_network_byte_order);
	tcase_add_test(tcase, fields_are_read_as_they_were_written);
	tcase_add_test(tcase, input_that_is_cut_anywhere_fails);
	tcase_add_test(tcase, what_is_left_over_is_not_complete);
	tcase_add_test(tcase, after_a_failure_only_zeros_are_read);
	tcase_add_test(tcase, bytes_longer_than_allowed_fail);
	tcase_add_test(tcase, a_length_beyond_the_input_fails);
	return tcase;
}
