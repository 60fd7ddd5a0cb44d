/* SPDX-License-Identifier: Apache-2.0 */
/* What is TLS 1.2's own in its records. */
#include "rig.h"
#include "tests.h"
#include "tls/record_format.h"

START_TEST(version_of_a_1_2_record_is_3_3) /* RFC 5246 s6.2.3 */
{
	struct rig *rig = rig_new(_i);

	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "data", 4);
	rig->wire[2] = 1;
	ck_assert_int_eq(rig_take(rig), -TLS_ALERT_PROTOCOL_VERSION);
	rig_free(rig);
}
END_TEST

/* RFC 5246 s6.2.3.3: the type is authentic as well. */
START_TEST(type_of_a_1_2_record_is_authentic)
{
	struct rig *rig = rig_new(_i);

	rig_send(rig, TLS_CONTENT_APPLICATION_DATA, "\1\0", 2);
	rig->wire[0] = TLS_CONTENT_ALERT;
	ck_assert_int_eq(rig_take(rig), -TLS_ALERT_BAD_RECORD_MAC);
	rig_free(rig);
}
END_TEST

/* RFC 5288 s3, RFC 7905 s2 */
START_TEST(explicit_nonce_is_the_sequence_number_or_absent)
{
	struct rig *rig = rig_new(_i);
	uint8_t out[64], number[8];
	size_t len;

	tls_u64_put(number, 0x0102030405060708);
	rig->server.state.send.sequence_number = 0x0102030405060708;
	ck_assert_int_eq(tls_record_protect(&rig->server, BYTES_LITERAL("data"),
			     out, &len),
	    0);
	if (rig->server.suite->iv_len == 12) {
		ck_assert_uint_eq(len, 5 + 4 + 16);
	} else {
		ck_assert_uint_eq(len, 5 + 8 + 4 + 16);
		ck_assert_mem_eq(out + 5, number, 8);
	}
	rig_free(rig);
}
END_TEST

/* RFC 5288 s3: the sender chooses the explicit part as it likes. */
START_TEST(explicit_nonce_of_the_peer_may_be_anything)
{
	struct rig *rig = rig_new(_i);
	uint8_t wire[5 + 8 + 4 + 16] = { 23, 3, 3, 0, 28 };
	uint8_t associated[13] = { 0, 0, 0, 0, 0, 0, 0, 1, 23, 3, 3, 0, 4 };
	uint8_t nonce[12];
	struct tls_aead *aead;

	if (rig->server.suite->iv_len == 12) {
		rig_free(rig);
		return;
	}
	memcpy(wire + 5, "\x80random!", 8);
	memcpy(nonce, rig->server.state.receive.iv, 4);
	memcpy(nonce + 4, wire + 5, 8);
	aead = tls_aead_new(rig->server.suite->algorithm,
	    rig->server.state.receive.key);
	tls_aead_seal(aead, nonce, bytes_of(associated, 13),
	    BYTES_LITERAL("data"), wire + 13);
	tls_aead_free(&aead);
	ck_assert_int_eq(tls_record_deprotect(&rig->server, wire, sizeof(wire),
			     &rig->record),
	    0);
	ck_assert(bytes_equal(rig->record.plaintext, BYTES_LITERAL("data")));
	rig_free(rig);
}
END_TEST

TCase *
test_record_1_2(void)
{
	TCase *tcase = tcase_create("record_1_2");

	rig_add_1_2(tcase, version_of_a_1_2_record_is_3_3);
	rig_add_1_2(tcase, type_of_a_1_2_record_is_authentic);
	rig_add_1_2(tcase, explicit_nonce_is_the_sequence_number_or_absent);
	rig_add_1_2(tcase, explicit_nonce_of_the_peer_may_be_anything);
	return tcase;
}
