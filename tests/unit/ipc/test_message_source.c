/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>

#include "ipc/message.h"
#include "test_ipc.h"

START_TEST(source_survives_the_way)
{
	for (uint8_t change = IPC_SOURCE_NONE; change <= IPC_SOURCE_LESS;
	     change++) {
		const struct ipc_source source = { change,
			UINT64_C(0x20010db800000001) };
		struct ipc_source decoded;
		struct buffer out = { 0 };
		const char *fault;

		ipc_source_encode(&source, &out);
		ck_assert_int_eq(ipc_message_check(IPC_SOURCE, IPC_ROLE_WORKER,
				     IPC_ROLE_GATE, out.len, false, &fault),
		    0);
		ck_assert_int_eq(ipc_source_decode(buffer_view(&out), &decoded),
		    0);
		ck_assert_uint_eq(decoded.change, change);
		ck_assert_uint_eq(decoded.source, source.source);
		for (size_t len = 0; len < out.len; len++)
			ck_assert_int_eq(ipc_source_decode(bytes_of(out.data,
							       len),
					     &decoded),
			    -EBADMSG);
		buffer_append(&out, BYTES_LITERAL("x"));
		ck_assert_int_eq(ipc_source_decode(buffer_view(&out), &decoded),
		    -EBADMSG);
		buffer_done(&out);
	}
}
END_TEST

START_TEST(source_of_another_change_is_refused)
{
	static const uint8_t changes[] = { 0, IPC_SOURCE_LESS + 1, 255 };

	for (size_t i = 0; i < sizeof(changes); i++) {
		const struct ipc_source source = { changes[i], 1 };
		struct ipc_source decoded = { .source = 77 };
		struct buffer out = { 0 };

		ipc_source_encode(&source, &out);
		ck_assert_int_eq(ipc_source_decode(buffer_view(&out), &decoded),
		    -EBADMSG);
		ck_assert_uint_eq(decoded.source, 77);
		buffer_done(&out);
	}
}
END_TEST

START_TEST(source_is_told_to_gates_only)
{
	const char *fault;

	ck_assert_int_eq(ipc_message_check(IPC_SOURCE, IPC_ROLE_GATE,
			     IPC_ROLE_GATE, 9, false, &fault),
	    0);
	ck_assert_int_eq(ipc_message_check(IPC_SOURCE, IPC_ROLE_GATE,
			     IPC_ROLE_WORKER, 9, false, &fault),
	    -EBADMSG);
	ck_assert_int_eq(ipc_message_check(IPC_SOURCE, IPC_ROLE_KEY,
			     IPC_ROLE_GATE, 9, false, &fault),
	    -EBADMSG);
}
END_TEST

TCase *
test_message_source(void)
{
	TCase *tests = tcase_create("message source");

	tcase_add_test(tests, source_survives_the_way);
	tcase_add_test(tests, source_of_another_change_is_refused);
	tcase_add_test(tests, source_is_told_to_gates_only);
	return tests;
}
