/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "ipc/message.h"
#include "lib/memory.h"
#include "test_ipc.h"

static void
retained_encode(uint64_t number, const struct ipc_publish *publish,
    struct buffer *out)
{
	uint8_t head[IPC_RETAINED_HEAD_LEN];
	struct bytes parts[IPC_RETAINED_PART_COUNT];

	ipc_retained_parts(number, publish, head, parts);
	for (size_t i = 0; i < IPC_RETAINED_PART_COUNT; i++)
		buffer_append(out, parts[i]);
}

START_TEST(retained_survives_the_way)
{
	const struct ipc_publish publish = {
		.qos = 1,
		.retain = true,
		.topic_name = BYTES_LITERAL("a/b"),
		.payload = BYTES_LITERAL("payload"),
		.published_ns = UINT64_MAX - 2,
	};
	struct ipc_publish decoded;
	struct buffer out = { 0 };
	uint64_t number = 0;

	retained_encode(UINT64_MAX - 1, &publish, &out);
	ck_assert_int_eq(ipc_retained_decode(buffer_view(&out), &number,
			     &decoded),
	    0);
	ck_assert_uint_eq(number, UINT64_MAX - 1);
	ck_assert_uint_eq(decoded.published_ns, UINT64_MAX - 2);
	ck_assert_uint_eq(decoded.qos, 1);
	ck_assert(decoded.retain);
	ck_assert(bytes_equal(decoded.topic_name, publish.topic_name));
	ck_assert(bytes_equal(decoded.payload, publish.payload));
	number = 0;
	for (size_t len = 0; len < out.len - publish.payload.len; len++)
		ck_assert_int_eq(ipc_retained_decode(bytes_of(out.data, len),
				     &number, &decoded),
		    -EBADMSG);
	ck_assert_uint_eq(number, 0);
	buffer_done(&out);
}
END_TEST

START_TEST(retained_query_survives_the_way)
{
	const struct ipc_retained_query query = { UINT64_MAX - 1,
		UINT64_MAX - 2, BYTES_LITERAL("a/+/b") };
	struct ipc_retained_query decoded;
	struct buffer out = { 0 };

	ipc_retained_query_encode(&query, &out);
	ck_assert_int_eq(ipc_retained_query_decode(buffer_view(&out), &decoded),
	    0);
	ck_assert_uint_eq(decoded.number, query.number);
	ck_assert_uint_eq(decoded.until_ns, query.until_ns);
	ck_assert(bytes_equal(decoded.topic_filter, query.topic_filter));
	for (size_t len = 0; len < 16; len++)
		ck_assert_int_eq(ipc_retained_query_decode(bytes_of(out.data,
							       len),
				     &decoded),
		    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(retained_query_names_a_filter_of_16_bits_length)
{
	struct ipc_retained_query decoded;
	uint8_t *large = memory_new(1, 16 + 65536);

	ck_assert_int_eq(ipc_retained_query_decode(bytes_of(large, 16 + 65535),
			     &decoded),
	    0);
	ck_assert_int_eq(ipc_retained_query_decode(bytes_of(large, 16 + 65536),
			     &decoded),
	    -EBADMSG);
	free(large);
}
END_TEST

START_TEST(retained_status_survives_the_way)
{
	struct buffer out = { 0 };
	uint64_t number;
	uint8_t value;

	ipc_retained_status_encode(UINT64_MAX - 1, 0x97, &out);
	ck_assert_int_eq(ipc_retained_status_decode(buffer_view(&out), &number,
			     &value),
	    0);
	ck_assert_uint_eq(number, UINT64_MAX - 1);
	ck_assert_uint_eq(value, 0x97);
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(ipc_retained_status_decode(bytes_of(out.data,
								len),
				     &number, &value),
		    -EBADMSG);
	buffer_append(&out, BYTES_LITERAL("x"));
	ck_assert_int_eq(ipc_retained_status_decode(buffer_view(&out), &number,
			     &value),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

TCase *
test_message_retained(void)
{
	TCase *tests = tcase_create("message_retained");

	tcase_add_test(tests, retained_survives_the_way);
	tcase_add_test(tests, retained_query_survives_the_way);
	tcase_add_test(tests, retained_query_names_a_filter_of_16_bits_length);
	tcase_add_test(tests, retained_status_survives_the_way);
	return tests;
}
