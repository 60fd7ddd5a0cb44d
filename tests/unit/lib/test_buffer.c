/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/buffer.h"

#include "tests.h"

START_TEST(what_is_appended_piece_by_piece_stands_there_in_order)
{
	struct buffer buffer = { NULL, 0, 0 };

	for (unsigned int i = 0; i < 10000; i++) {
		const uint8_t byte = (uint8_t)(i * 7);

		buffer_append(&buffer, bytes_of(&byte, 1));
	}
	ck_assert_uint_eq(buffer.len, 10000);
	for (unsigned int i = 0; i < 10000; i++)
		ck_assert_uint_eq(buffer.data[i], (uint8_t)(i * 7));
	buffer_done(&buffer);
}
END_TEST

START_TEST(appending_nothing_to_an_empty_buffer_takes_no_memory)
{
	struct buffer buffer = { NULL, 0, 0 };

	buffer_append(&buffer, BYTES_NONE);
	ck_assert_ptr_null(buffer.data);
	ck_assert_uint_eq(buffer.len, 0);
}
END_TEST

START_TEST(reserved_room_is_writable_and_not_yet_counted)
{
	struct buffer buffer = { NULL, 0, 0 };

	buffer_append(&buffer, BYTES_LITERAL("ab"));
	memset(buffer_reserve(&buffer, 5000), 'c', 5000);
	ck_assert_uint_eq(buffer.len, 2);
	ck_assert_uint_ge(buffer.capacity, 5002);
	ck_assert_mem_eq(buffer.data, "abcc", 4);
	buffer_done(&buffer);
}
END_TEST

/* Sanitizers tell of what must not be done with NULL. */
START_TEST(no_room_in_an_empty_buffer_is_nowhere)
{
	struct buffer buffer = { NULL, 0, 0 };

	ck_assert_ptr_null(buffer_reserve(&buffer, 0));
	buffer_done(&buffer);
}
END_TEST

START_TEST(consuming_drops_the_first_bytes_and_keeps_the_rest)
{
	struct buffer buffer = { NULL, 0, 0 };

	buffer_append(&buffer, BYTES_LITERAL("abcdef"));
	buffer_consume(&buffer, 0);
	ck_assert_uint_eq(buffer.len, 6);
	buffer_consume(&buffer, 2);
	ck_assert(bytes_equal(buffer_view(&buffer), BYTES_LITERAL("cdef")));
	buffer_consume(&buffer, 4);
	ck_assert_uint_eq(buffer.len, 0);
	buffer_done(&buffer);
}
END_TEST

START_TEST(a_buffer_that_is_done_is_empty_and_usable_again)
{
	struct buffer buffer = { NULL, 0, 0 };

	buffer_wipe(&buffer);
	buffer_append(&buffer, BYTES_LITERAL("secret"));
	buffer_wipe(&buffer);
	ck_assert_ptr_null(buffer.data);
	ck_assert_uint_eq(buffer.len + buffer.capacity, 0);
	buffer_append(&buffer, BYTES_LITERAL("x"));
	ck_assert(bytes_equal(buffer_view(&buffer), BYTES_LITERAL("x")));
	buffer_done(&buffer);
}
END_TEST

TCase *
test_buffer(void)
{
	TCase *tcase = tcase_create("buffer");

	tcase_add_test(tcase,
	    what_is_appended_piece_by_piece_stands_there_in_order);
	tcase_add_test(tcase,
	    appending_nothing_to_an_empty_buffer_takes_no_memory);
	tcase_add_test(tcase, reserved_room_is_writable_and_not_yet_counted);
	tcase_add_test(tcase, no_room_in_an_empty_buffer_is_nowhere);
	tcase_add_test(tcase,
	    consuming_drops_the_first_bytes_and_keeps_the_rest);
	tcase_add_test(tcase, a_buffer_that_is_done_is_empty_and_usable_again);
	return tcase;
}
