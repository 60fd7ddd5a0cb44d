/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/credentials.h"

#include <errno.h>

#include "fixture.h"
#include "test_gate.h"

static struct proc_credentials files;
static char why[256];

static void
set_up(void)
{
	why[0] = '\0';
	fixture_files(&fixture_pki.server, &files);
}

static void
tear_down(void)
{
	fixture_free_files(&files);
}

static void
use_server(const struct pki_spec *spec)
{
	struct pki_pair pair = pki_issue(spec, &fixture_pki.ca);

	fixture_free_files(&files);
	fixture_files(&pair, &files);
	pki_free(&pair);
}

static void
assert_check(int result, const char *text)
{
	ck_assert_int_eq(gate_credentials_check(&files, why, sizeof(why)),
	    result);
	ck_assert_msg(strstr(why, text) != NULL, "\"%s\" is not in \"%s\"",
	    text, why);
}

START_TEST(credentials_are_good)
{
	assert_check(0, "");
}
END_TEST

START_TEST(credentials_may_be_der)
{
	buffer_done(&files.certificate);
	pki_append_der(fixture_pki.server.certificate, &files.certificate);
	buffer_done(&files.client_ca);
	pki_append_der(fixture_pki.ca.certificate, &files.client_ca);
	assert_check(0, "");
}
END_TEST

START_TEST(credentials_may_have_a_chain)
{
	struct pki_pair pair = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("server") },
	    &fixture_pki.intermediate);

	fixture_free_files(&files);
	fixture_files(&pair, &files);
	pki_append_pem(fixture_pki.intermediate.certificate,
	    &files.certificate);
	assert_check(0, "");
	pki_append_pem(fixture_pki.other_ca.certificate, &files.certificate);
	assert_check(-EINVAL, "certificate 3 does not issue");
	pki_free(&pair);
}
END_TEST

START_TEST(credentials_need_each_file)
{
	buffer_done(&files.certificate);
	assert_check(-EINVAL, "tls.certificate: the file is empty");
	buffer_append(&files.certificate, BYTES_LITERAL("nonsense"));
	assert_check(-EINVAL, "tls.certificate: certificate 1 cannot");
	tear_down();
	set_up();
	buffer_wipe(&files.private_key);
	assert_check(-EINVAL, "tls.private_key: the file is empty");
	buffer_append(&files.private_key, BYTES_LITERAL("nonsense"));
	assert_check(-EINVAL, "tls.private_key: no key");
	tear_down();
	set_up();
	buffer_done(&files.client_ca);
	assert_check(-EINVAL, "tls.client_ca: the file is empty");
}
END_TEST

START_TEST(credentials_need_the_key_of_the_certificate)
{
	buffer_wipe(&files.private_key);
	pki_append_key(fixture_pki.client.key, &files.private_key);
	assert_check(-EINVAL, "it is not the key of");
}
END_TEST

START_TEST(credentials_need_a_ca)
{
	buffer_done(&files.client_ca);
	pki_append_pem(fixture_pki.client.certificate, &files.client_ca);
	assert_check(-EINVAL, "none of its certificates is a CA's");
	pki_append_pem(fixture_pki.ca.certificate, &files.client_ca);
	assert_check(0, "");
	buffer_append(&files.client_ca,
	    BYTES_LITERAL("-----BEGIN CERTIFICATE-----\nAAAA\n"
			  "-----END CERTIFICATE-----\n"));
	assert_check(-EINVAL, "tls.client_ca: certificate 3 (line ");
}
END_TEST

START_TEST(credentials_of_another_use_are_refused)
{
	use_server(&(struct pki_spec){ .common_name = BYTES_LITERAL("server"),
	    .extended_key_usage = "clientAuth" });
	assert_check(-EINVAL, "lacks serverAuth");
}
END_TEST

START_TEST(credentials_that_end_soon_are_told)
{
	use_server(&(struct pki_spec){ .common_name = BYTES_LITERAL("server"),
	    .lasts_days = 10 });
	assert_check(1, "\"CN=server\" expires on ");
}
END_TEST

START_TEST(credentials_that_have_ended_are_refused)
{
	use_server(&(struct pki_spec){ .common_name = BYTES_LITERAL("server"),
	    .begins_in_days = -10,
	    .lasts_days = -1 });
	assert_check(-EINVAL, "\"CN=server\" expired on ");
}
END_TEST

TCase *
credentials_tests(void)
{
	TCase *tests = tcase_create("credentials");

	tcase_add_unchecked_fixture(tests, fixture_make_pki, fixture_free_pki);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, credentials_are_good);
	tcase_add_test(tests, credentials_may_be_der);
	tcase_add_test(tests, credentials_may_have_a_chain);
	tcase_add_test(tests, credentials_need_each_file);
	tcase_add_test(tests, credentials_need_the_key_of_the_certificate);
	tcase_add_test(tests, credentials_need_a_ca);
	tcase_add_test(tests, credentials_of_another_use_are_refused);
	tcase_add_test(tests, credentials_that_end_soon_are_told);
	tcase_add_test(tests, credentials_that_have_ended_are_refused);
	return tests;
}
