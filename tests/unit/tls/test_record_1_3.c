/* SPDX-License-Identifier: Apache-2.0 */
/* What is TLS 1.3's own in its records. */
#include "rig.h"
#include "tests.h"
#include "tls/record_format.h"

/* RFC 8446 s5: after Finished nothing is in the clear. */
START_TEST(outer_type_of_a_1_3_record_is_application_data)
{
	uint8_t type;

	for (type = 0; type < 64; type++) {
		struct rig *rig = rig_new(_i);

		rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "data", 4);
		rig->wire[0] = type;
		ck_assert_int_eq(rig_take(rig),
		    type == TLS_CONTENT_APPLICATION_DATA
			? 0
			: -TLS_ALERT_UNEXPECTED_MESSAGE);
		rig_free(rig);
	}
}
END_TEST

/* RFC 8446 s5.1: it is ignored for all purposes but authenticity (s5.2). */
START_TEST(legacy_record_version_is_not_judged)
{
	struct rig *rig = rig_new(_i);
	struct tls_aead *aead = tls_aead_new(rig->server.suite->algorithm,
	    rig->server.state.receive.key);
	uint8_t wire[5 + 5 + 16] = { 23, 9, 9, 0, 21, 'd', 'a', 't', 'a', 23 };
	uint8_t nonce[12];

	tls_nonce_make(&rig->server.state.receive, nonce);
	tls_aead_seal(aead, nonce, bytes_of(wire, 5), bytes_of(wire + 5, 5),
	    wire + 5);
	tls_aead_free(&aead);
	ck_assert_int_eq(tls_record_deprotect(&rig->server, wire, sizeof(wire),
			     &rig->record),
	    0);
	ck_assert(bytes_equal(rig->record.plaintext, BYTES_LITERAL("data")));
	rig_free(rig);
}
END_TEST

START_TEST(padding_is_stripped) /* RFC 8446 s5.4 */
{
	struct rig *rig = rig_new(_i);
	uint8_t inner[TLS_PLAINTEXT_MAX + 1] = { 'd', 0, 't', 0, 23 };

	rig_send_inner(rig, inner, sizeof(inner));
	ck_assert_int_eq(rig_take(rig), 0);
	ck_assert(bytes_equal(rig->record.plaintext, bytes_of("d\0t\0", 4)));
	rig_free(rig);
}
END_TEST

START_TEST(padding_alone_is_unexpected) /* RFC 8446 s5.4 */
{
	static const size_t lens[] = { 0, 1, 2, 1000, TLS_PLAINTEXT_MAX + 1 };
	static const uint8_t zeros[TLS_PLAINTEXT_MAX + 1];
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct rig *rig = rig_new(_i);

		rig_send_inner(rig, zeros, lens[i]);
		ck_assert_int_eq(rig_take(rig), -TLS_ALERT_UNEXPECTED_MESSAGE);
		rig_free(rig);
	}
}
END_TEST

START_TEST(padding_beyond_the_inner_limit_is_overflow) /* RFC 8446 s5.4 */
{
	struct rig *rig = rig_new(_i);
	uint8_t inner[TLS_PLAINTEXT_MAX + 2] = { 'd', 23 };

	rig_send_inner(rig, inner, sizeof(inner));
	ck_assert_int_eq(rig_take(rig), -TLS_ALERT_RECORD_OVERFLOW);
	rig_free(rig);
}
END_TEST

TCase *
test_record_1_3(void)
{
	TCase *tcase = tcase_create("record_1_3");

	rig_add_1_3(tcase, outer_type_of_a_1_3_record_is_application_data);
	rig_add_1_3(tcase, legacy_record_version_is_not_judged);
	rig_add_1_3(tcase, padding_is_stripped);
	rig_add_1_3(tcase, padding_alone_is_unexpected);
	rig_add_1_3(tcase, padding_beyond_the_inner_limit_is_overflow);
	return tcase;
}
