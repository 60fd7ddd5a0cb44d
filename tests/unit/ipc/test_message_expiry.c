/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "ipc/message.h"
#include "test_ipc.h"

START_TEST(expiry_survives_the_way)
{
	struct ipc_expiry full = { .connection = UINT64_MAX,
		.days_left = 29,
		.identity = BYTES_LITERAL("device-1") };
	struct ipc_expiry decoded;
	struct buffer out = { 0 };

	for (size_t i = 0; i < sizeof(full.fingerprint); i++)
		full.fingerprint[i] = (uint8_t)(i + 1);
	ipc_expiry_encode(&full, &out);
	ck_assert_int_eq(ipc_expiry_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.connection, full.connection);
	ck_assert_uint_eq(decoded.days_left, full.days_left);
	ck_assert_mem_eq(decoded.fingerprint, full.fingerprint,
	    sizeof(full.fingerprint));
	ck_assert(bytes_equal(decoded.identity, full.identity));
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(ipc_expiry_decode(bytes_of(out.data, len),
				     &decoded),
		    -EBADMSG);
	buffer_append(&out, BYTES_LITERAL("x"));
	ck_assert_int_eq(ipc_expiry_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(the_longest_identity_fits)
{
	static const uint8_t text[65535] = { 'x' };
	const struct ipc_expiry expiry = { .identity = { text, sizeof(text) } };
	struct ipc_expiry decoded;
	struct buffer out = { 0 };
	const char *fault;

	ipc_expiry_encode(&expiry, &out);
	ck_assert_uint_eq(out.len, IPC_EXPIRY_LEN_MAX);
	ck_assert_int_eq(ipc_message_check(IPC_EXPIRY, IPC_ROLE_WORKER,
			     IPC_ROLE_WORKER, out.len, false, &fault),
	    0);
	ck_assert_int_eq(ipc_expiry_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.identity.len, IPC_EXPIRY_IDENTITY_MAX);
	buffer_done(&out);
}
END_TEST

START_TEST(workers_alone_tell_of_certificates)
{
	const char *fault;

	ck_assert_int_eq(ipc_message_check(IPC_EXPIRY, IPC_ROLE_GATE,
			     IPC_ROLE_WORKER, 50, false, &fault),
	    -EBADMSG);
}
END_TEST

TCase *
test_message_expiry(void)
{
	TCase *tests = tcase_create("message expiry");

	tcase_add_test(tests, expiry_survives_the_way);
	tcase_add_test(tests, the_longest_identity_fits);
	tcase_add_test(tests, workers_alone_tell_of_certificates);
	return tests;
}
