/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls.h"

#include "tests.h"

START_TEST(names_are_those_of_the_standards)
{
	ck_assert_str_eq(tls_alert_name(0), "close_notify");
	ck_assert_str_eq(tls_alert_name(TLS_ALERT_BAD_RECORD_MAC),
	    "bad_record_mac");
	ck_assert_str_eq(tls_alert_name(116), "certificate_required");
	ck_assert_str_eq(tls_version_name(0x0303), "TLSv1.2");
	ck_assert_str_eq(tls_version_name(0x0304), "TLSv1.3");
	ck_assert_str_eq(tls_cipher_suite_name(0x1301),
	    "TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(tls_cipher_suite_name(0xcca9),
	    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
}
END_TEST

START_TEST(what_has_no_name_is_said_to_have_none)
{
	ck_assert_str_eq(tls_alert_name(1), "unknown");
	ck_assert_str_eq(tls_alert_name(256), "unknown");
	ck_assert_ptr_null(tls_version_name(0x0302));
	/* TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_CCM_SHA256 */
	ck_assert_ptr_null(tls_cipher_suite_name(0x009c));
	ck_assert_ptr_null(tls_cipher_suite_name(0x1304));
}
END_TEST

TCase *
test_tls(void)
{
	TCase *tcase = tcase_create("tls");

	tcase_add_test(tcase, names_are_those_of_the_standards);
	tcase_add_test(tcase, what_has_no_name_is_said_to_have_none);
	return tcase;
}
