/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "ipc/message.h"
#include "lib/memory.h"
#include "test_ipc.h"

static const struct ipc_interest_share interest_case = {
	.number = UINT64_MAX - 1,
	.online = 3,
	.offline = UINT32_MAX,
	.group = { (const uint8_t *)"group", 5 },
	.topic_filter = { (const uint8_t *)"a/+/b", 5 },
};

START_TEST(interest_share_survives_the_way)
{
	struct ipc_interest_share decoded;
	struct buffer out = { 0 };

	ipc_interest_share_encode(&interest_case, &out);
	ck_assert_int_eq(ipc_interest_share_decode(buffer_view(&out), &decoded),
	    0);
	ck_assert_uint_eq(decoded.number, interest_case.number);
	ck_assert_uint_eq(decoded.online, 3);
	ck_assert_uint_eq(decoded.offline, UINT32_MAX);
	ck_assert(bytes_equal(decoded.group, interest_case.group));
	ck_assert(
	    bytes_equal(decoded.topic_filter, interest_case.topic_filter));
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(ipc_interest_share_decode(bytes_of(out.data,
							       len),
				     &decoded),
		    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(interest_share_names_a_group_and_a_filter)
{
	uint8_t *large = memory_new(1, 65536);
	struct ipc_interest_share faults[] = { interest_case, interest_case,
		interest_case, interest_case };
	struct ipc_interest_share decoded;

	faults[0].group.len = 0;
	faults[1].topic_filter.len = 0;
	faults[2].group = bytes_of(large, 65536);
	faults[3].topic_filter = bytes_of(large, 65536);
	for (size_t i = 0; i < 4; i++) {
		struct buffer out = { 0 };

		ipc_interest_share_encode(&faults[i], &out);
		ck_assert_int_eq(ipc_interest_share_decode(buffer_view(&out),
				     &decoded),
		    -EBADMSG);
		buffer_done(&out);
	}
	free(large);
}
END_TEST

static void
share_encode(const struct ipc_publish_share *share, struct buffer *out)
{
	uint8_t head[IPC_PUBLISH_SHARE_HEAD_LEN];
	struct bytes parts[IPC_PUBLISH_SHARE_PART_COUNT];

	ipc_publish_share_parts(share, head, parts);
	for (size_t i = 0; i < IPC_PUBLISH_SHARE_PART_COUNT; i++)
		buffer_append(out, parts[i]);
}

START_TEST(publish_share_survives_the_way)
{
	struct buffer names = { 0 }, out = { 0 };
	struct ipc_publish_share share = {
		.has_interest = _i == 1,
		.hops = 7,
		.publish = { .qos = 1,
		    .topic_name = BYTES_LITERAL("a/b"),
		    .payload = BYTES_LITERAL("payload") },
	};
	struct ipc_publish_share decoded;

	ipc_share_name_append(BYTES_LITERAL("g"), BYTES_LITERAL("a/+"), &names);
	share.names = buffer_view(&names);
	share_encode(&share, &out);
	ck_assert_int_eq(ipc_publish_share_decode(buffer_view(&out), &decoded),
	    0);
	ck_assert_int_eq(decoded.has_interest, _i == 1);
	ck_assert_uint_eq(decoded.hops, 7);
	ck_assert(bytes_equal(decoded.names, share.names));
	ck_assert_uint_eq(decoded.publish.qos, 1);
	ck_assert(
	    bytes_equal(decoded.publish.topic_name, BYTES_LITERAL("a/b")));
	ck_assert(bytes_equal(decoded.publish.payload, share.publish.payload));
	for (size_t len = 0; len < out.len - share.publish.payload.len; len++)
		ck_assert_int_eq(
		    ipc_publish_share_decode(bytes_of(out.data, len), &decoded),
		    -EBADMSG);
	out.data[0] |= 2; /* an unknown flag */
	ck_assert_int_eq(ipc_publish_share_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
	buffer_done(&out);
	buffer_done(&names);
}
END_TEST

START_TEST(publish_share_has_names_of_bounded_length)
{
	uint8_t *large = memory_new(1, IPC_SHARE_NAMES_MAX + 1);
	static const size_t lens[] = { 0, IPC_SHARE_NAMES_MAX + 1 };
	struct ipc_publish_share decoded;

	for (size_t i = 0; i < 2; i++) {
		struct ipc_publish_share share = {
			.names = bytes_of(large, lens[i]),
			.publish = { .topic_name = BYTES_LITERAL("a") },
		};
		struct buffer out = { 0 };

		share_encode(&share, &out);
		ck_assert_int_eq(ipc_publish_share_decode(buffer_view(&out),
				     &decoded),
		    -EBADMSG);
		buffer_done(&out);
	}
	free(large);
}
END_TEST

START_TEST(names_come_out_one_by_one)
{
	struct buffer out = { 0 };
	struct bytes names, group, topic_filter;

	ipc_share_name_append(BYTES_LITERAL("g"), BYTES_LITERAL("a/+"), &out);
	ipc_share_name_append(BYTES_LITERAL("other"), BYTES_LITERAL("#"), &out);
	names = buffer_view(&out);
	ck_assert_int_eq(ipc_share_name_next(&names, &group, &topic_filter), 1);
	ck_assert(bytes_equal(group, BYTES_LITERAL("g")));
	ck_assert(bytes_equal(topic_filter, BYTES_LITERAL("a/+")));
	for (size_t len = 1; len < names.len; len++) {
		struct bytes cut = bytes_of(names.data, len);

		ck_assert_int_eq(ipc_share_name_next(&cut, &group,
				     &topic_filter),
		    -EBADMSG);
	}
	ck_assert_int_eq(ipc_share_name_next(&names, &group, &topic_filter), 1);
	ck_assert(bytes_equal(group, BYTES_LITERAL("other")));
	ck_assert(bytes_equal(topic_filter, BYTES_LITERAL("#")));
	ck_assert_int_eq(ipc_share_name_next(&names, &group, &topic_filter), 0);
	names = bytes_of((const uint8_t[]){ 0, 0, 0, 1, 'a' }, 5);
	ck_assert_int_eq(ipc_share_name_next(&names, &group, &topic_filter),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

TCase *
test_message_share(void)
{
	TCase *tests = tcase_create("message_share");

	tcase_add_test(tests, interest_share_survives_the_way);
	tcase_add_test(tests, interest_share_names_a_group_and_a_filter);
	tcase_add_loop_test(tests, publish_share_survives_the_way, 0, 2);
	tcase_add_test(tests, publish_share_has_names_of_bounded_length);
	tcase_add_test(tests, names_come_out_one_by_one);
	return tests;
}
