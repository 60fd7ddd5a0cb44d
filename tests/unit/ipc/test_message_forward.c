/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ipc/message.h"
#include "test_ipc.h"

static const struct ipc_forward forward_case = {
	.kind = IPC_FORWARD_SHARE,
	.number = UINT64_MAX,
	.kept_id = 5,
	.session = UINT64_MAX - 1,
	.packet_id = 65535,
	.is_unsure = true,
};

START_TEST(forward_survives_the_way)
{
	uint8_t payload[IPC_FORWARD_HEAD_LEN + 3];
	struct ipc_forward decoded;

	ipc_forward_head(&forward_case, payload);
	memcpy(payload + IPC_FORWARD_HEAD_LEN, "abc", 3);
	ck_assert_int_eq(ipc_forward_decode(bytes_of(payload, sizeof(payload)),
			     &decoded),
	    0);
	ck_assert_uint_eq(decoded.kind, IPC_FORWARD_SHARE);
	ck_assert_uint_eq(decoded.number, UINT64_MAX);
	ck_assert_uint_eq(decoded.kept_id, 5);
	ck_assert_uint_eq(decoded.session, UINT64_MAX - 1);
	ck_assert_uint_eq(decoded.packet_id, 65535);
	ck_assert(decoded.is_unsure);
	ck_assert(bytes_equal(decoded.content, BYTES_LITERAL("abc")));
	for (size_t len = 0; len < IPC_FORWARD_HEAD_LEN; len++)
		ck_assert_int_eq(ipc_forward_decode(bytes_of(payload, len),
				     &decoded),
		    -EBADMSG);
}
END_TEST

START_TEST(forward_of_no_kind_or_number_or_packet_id_alone_is_refused)
{
	struct ipc_forward faults[4] = { forward_case, forward_case,
		forward_case, forward_case };
	struct ipc_forward decoded;

	faults[0].kind = 0;
	faults[1].kind = IPC_FORWARD_SHARE + 1;
	faults[2].number = 0;
	faults[3].session = 0;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		uint8_t head[IPC_FORWARD_HEAD_LEN];

		ipc_forward_head(&faults[i], head);
		ck_assert_int_eq(
		    ipc_forward_decode(bytes_of(head, sizeof(head)), &decoded),
		    -EBADMSG);
	}
}
END_TEST

START_TEST(forward_that_is_neither_sure_nor_unsure_is_refused)
{
	uint8_t head[IPC_FORWARD_HEAD_LEN];
	struct ipc_forward decoded;

	ipc_forward_head(&forward_case, head);
	head[sizeof(head) - 1] = 2;
	ck_assert_int_eq(ipc_forward_decode(bytes_of(head, sizeof(head)),
			     &decoded),
	    -EBADMSG);
}
END_TEST

START_TEST(release_survives_the_way)
{
	static const struct ipc_release cases[] = {
		{ 1, 2, 3 },
		{ 1, 2, 0 }, /* all of the session */
		{ 0, 2, 3 },
		{ 1, 0, 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = { .data = NULL };
		struct ipc_release decoded;
		int error;

		ipc_release_encode(&cases[i], &out);
		error = ipc_release_decode(buffer_view(&out), &decoded);
		ck_assert_int_eq(error, i < 2 ? 0 : -EBADMSG);
		if (error == 0) {
			ck_assert_uint_eq(decoded.number, 1);
			ck_assert_uint_eq(decoded.session, 2);
			ck_assert_uint_eq(decoded.packet_id,
			    cases[i].packet_id);
		}
		for (size_t len = 0; len < out.len; len++)
			ck_assert_int_eq(ipc_release_decode(bytes_of(out.data,
								len),
					     &decoded),
			    -EBADMSG);
		buffer_done(&out);
	}
}
END_TEST

START_TEST(forward_ack_is_a_range)
{
	static const struct {
		struct ipc_forward_ack ack;
		int error;
	} cases[] = {
		{ { 1, 1 }, 0 },
		{ { 7, UINT64_MAX }, 0 },
		{ { 0, 1 }, -EBADMSG },
		{ { 2, 1 }, -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = { .data = NULL };
		struct ipc_forward_ack decoded = { 0, 0 };

		ipc_forward_ack_encode(&cases[i].ack, &out);
		ck_assert_int_eq(ipc_forward_ack_decode(buffer_view(&out),
				     &decoded),
		    cases[i].error);
		if (cases[i].error == 0)
			ck_assert(decoded.from == cases[i].ack.from &&
				  decoded.to == cases[i].ack.to);
		for (size_t len = 0; len < out.len; len++)
			ck_assert_int_eq(ipc_forward_ack_decode(
					     bytes_of(out.data, len), &decoded),
			    -EBADMSG);
		buffer_done(&out);
	}
}
END_TEST

TCase *
test_message_forward(void)
{
	TCase *tcase = tcase_create("message_forward");

	tcase_add_test(tcase, forward_survives_the_way);
	tcase_add_test(tcase,
	    forward_of_no_kind_or_number_or_packet_id_alone_is_refused);
	tcase_add_test(tcase,
	    forward_that_is_neither_sure_nor_unsure_is_refused);
	tcase_add_test(tcase, release_survives_the_way);
	tcase_add_test(tcase, forward_ack_is_a_range);
	return tcase;
}
