/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who looks at the files before a start: mbedTLS's parser of CRLs is in the
 * place of the real one here, and says what it could do.
 */
#include "check_files.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../x509/pki.h"
#include "lib/sanitized.h"
#include "proc/confined.h"
#include "proc/landlock.h"
#include "proc/seccomp.h"
#include "x509/crl.h"

/* What the parser of CRLs finds, or-ed, in the error that it returns. */
enum {
	CALLED = 0x1000,
	IS_ROOT = 1,
	HAS_FILES = 2,
	HAS_KEY = 4,
};

static struct config *config;
static struct proc_credentials credentials;
static struct buffer text;

static bool
has_files(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int
mbedtls_x509_crl_parse(mbedtls_x509_crl *chain, const unsigned char *data,
    size_t len)
{
	int found = CALLED;

	(void)chain;
	(void)data;
	(void)len;
	if (geteuid() == 0)
		found |= IS_ROOT;
	if (has_files())
		found |= HAS_FILES;
	if (credentials.private_key.data != NULL)
		found |= HAS_KEY;
	return -found;
}

/* What this system and this build have. */
static bool
can_hide_files(void)
{
	return proc_landlock_lack() == NULL ||
	       (!IS_SANITIZED && proc_seccomp_lack() == NULL);
}

static void
make_config(void)
{
	static const char written[] =
	    "listen = ( { address = \"127.0.0.1\"; } );\n"
	    "processes = { user = \"nobody\"; };\n"
	    "tls = { certificate = \"/c\"; private_key = \"/k\"; "
	    "client_ca = \"/a\"; crl = [ \"/l\" ]; };\n";
	struct config_error error;

	ck_assert_int_eq(config_parse("test", bytes_of_string(written), &config,
			     &error),
	    0);
}

static void
set_up(void)
{
	struct pki_pair root = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("root"),
		.is_ca = true,
		.lasts_days = 1000 },
	    NULL);
	struct pki_pair server = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("server") },
	    &root);

	make_config();
	pki_append_pem(server.certificate, &credentials.certificate);
	pki_append_key(server.key, &credentials.private_key);
	pki_append_pem(root.certificate, &credentials.client_ca);
	pki_free(&server);
	pki_free(&root);
}

static void
tear_down(void)
{
	proc_credentials_wipe(&credentials);
	config_free(&config);
	buffer_done(&text);
}

static void
add_crl(void)
{
	credentials.crls = calloc(1, sizeof(*credentials.crls));
	credentials.crl_count = 1;
	buffer_append(&credentials.crls[0],
	    BYTES_LITERAL("-----BEGIN X509 CRL-----\nAAAA\n"
			  "-----END X509 CRL-----\n"));
}

static void
expect_said(const char *words)
{
	buffer_append(&text, bytes_of("", 1));
	ck_assert_msg(strstr((const char *)text.data, words) != NULL,
	    "\"%s\" is not in \"%s\"", words, (const char *)text.data);
}

START_TEST(good_files_are_good)
{
	ck_assert_int_eq(check_files(config, &credentials, &text), 0);
	ck_assert_uint_eq(text.len, 0);
	ck_assert_ptr_null(credentials.private_key.data);
}
END_TEST

START_TEST(crls_are_parsed_without_rights_and_without_the_key)
{
	if (!can_hide_files())
		return;
	add_crl();
	ck_assert_int_lt(check_files(config, &credentials, &text), 0);
	expect_said("tls.crl: /l: ");
	expect_said("(mbedTLS -0x1000)");
	ck_assert_ptr_null(credentials.private_key.data);
}
END_TEST

START_TEST(the_key_is_checked_too)
{
	struct pki_pair other = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("other") }, NULL);

	buffer_wipe(&credentials.private_key);
	pki_append_key(other.key, &credentials.private_key);
	pki_free(&other);
	ck_assert_int_lt(check_files(config, &credentials, &text), 0);
	expect_said("tls.private_key: it is not the key of");
}
END_TEST

static void
forget_nothing(void *context)
{
	(void)context;
}

static int
say_much(void *context, struct buffer *out)
{
	(void)context;
	memset(buffer_reserve(out, 2 * PROC_CONFINED_TEXT_MAX), '\x1b',
	    2 * PROC_CONFINED_TEXT_MAX);
	out->len = 2 * PROC_CONFINED_TEXT_MAX;
	return 5;
}

static int
look_for_files(void *context, struct buffer *out)
{
	(void)context;
	(void)out;
	return has_files() ? 1 : 0;
}

static int
end_by_signal(void *context, struct buffer *out)
{
	(void)context;
	(void)out;
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
	return 0;
}

static int
do_as_key(int (*run)(void *, struct buffer *))
{
	const struct proc_confined_work work = { forget_nothing, run, NULL };

	return proc_confined_run(role_find(IPC_ROLE_KEY), config, &work, &text);
}

START_TEST(work_is_done_in_confinement)
{
	if (can_hide_files())
		ck_assert_int_eq(do_as_key(look_for_files), 0);
}
END_TEST

START_TEST(what_is_said_is_cut_and_harmless)
{
	ck_assert_int_eq(do_as_key(say_much), 5);
	ck_assert_uint_eq(text.len, PROC_CONFINED_TEXT_MAX);
	ck_assert_ptr_null(memchr(text.data, '\x1b', text.len));
}
END_TEST

START_TEST(work_that_does_not_end_well_is_a_fault)
{
	ck_assert_int_eq(do_as_key(end_by_signal), -EIO);
	expect_said("the process of role key that checks it has ended, by "
		    "signal");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("check_files");
	TCase *tests = tcase_create("check_files");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, good_files_are_good);
	tcase_add_test(tests,
	    crls_are_parsed_without_rights_and_without_the_key);
	tcase_add_test(tests, the_key_is_checked_too);
	tcase_add_test(tests, work_is_done_in_confinement);
	tcase_add_test(tests, what_is_said_is_cut_and_harmless);
	tcase_add_test(tests, work_that_does_not_end_well_is_a_fault);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
