/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/check.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "../x509/pki.h"
#include "x509/certificate.h"

#define DAY_SECONDS 86400

static struct pki_pair root, other, sub, server, leaf;
static struct buffer certificate, client_ca, lists, more_lists;
static struct trust_file crls[2];
static struct trust_files files;
static struct ipc_trust_check check;
static struct trust_result result;
static struct ipc_trust_index trust;

static struct pki_pair
authority(const char *name, const struct pki_pair *issuer, const char *usage)
{
	return pki_issue(&(struct pki_spec){ .common_name = bytes_of_string(
						 name),
			     .is_ca = true,
			     .key_usage = usage,
			     .lasts_days = 1000 },
	    issuer);
}

static void
set_up(void)
{
	compat_start();
	root = authority("root", NULL, "keyCertSign,cRLSign");
	other = authority("other", NULL, "keyCertSign");
	sub = authority("sub", &root, NULL);
	server = pki_issue(&(struct pki_spec){ .common_name = BYTES_LITERAL(
						   "server") },
	    &other);
	leaf = pki_issue(&(struct pki_spec){ .common_name = BYTES_LITERAL(
						 "leaf") },
	    &root);
	pki_append_pem(server.certificate, &certificate);
	pki_append_pem(root.certificate, &client_ca);
	check = (struct ipc_trust_check){ 1, true, IPC_TRUST_GRACE_FOR_EVER };
	files = (struct trust_files){ .crls = crls };
	memset(&result, 0, sizeof(result));
}

static void
tear_down(void)
{
	struct buffer *const all[] = { &certificate, &client_ca, &lists,
		&more_lists };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buffer_done(all[i]);
	trust_result_done(&result);
	pki_free(&root);
	pki_free(&other);
	pki_free(&sub);
	pki_free(&server);
	pki_free(&leaf);
}

static int
run(void)
{
	files.certificate = (struct trust_file){ "/server.pem",
		buffer_view(&certificate) };
	files.client_ca = (struct trust_file){ "/ca.pem",
		buffer_view(&client_ca) };
	crls[0] = (struct trust_file){ "/one.crl", buffer_view(&lists) };
	crls[1] = (struct trust_file){ "/two.crl", buffer_view(&more_lists) };
	files.crl_count = more_lists.len > 0 ? 2 : lists.len > 0 ? 1 : 0;
	trust_result_done(&result);
	result.text[0] = '\0';
	return trust_check(&files, &check, time(NULL), &result);
}

static void
expect_good(void)
{
	ck_assert_msg(run() == 0, "%s", result.text);
	ck_assert_int_eq(ipc_trust_index_open(buffer_view(&result.index),
			     &trust),
	    0);
}

static void
expect_fault(const char *words)
{
	ck_assert_int_eq(run(), -EINVAL);
	ck_assert_msg(strstr(result.text, words) != NULL,
	    "\"%s\" is not in \"%s\"", words, result.text);
	ck_assert_uint_eq(result.index.len, 0);
}

static mbedtls_x509_crt *
parsed(const struct pki_pair *pair)
{
	static mbedtls_x509_crt kept[4];
	static unsigned int next;
	mbedtls_x509_crt *crt = &kept[next++ % 4];
	struct buffer der = { NULL, 0, 0 };

	mbedtls_x509_crt_free(crt);
	mbedtls_x509_crt_init(crt);
	pki_append_der(pair->certificate, &der);
	ck_assert_int_eq(mbedtls_x509_crt_parse_der(crt, der.data, der.len), 0);
	buffer_done(&der);
	return crt;
}

/* What the chain from a certificate through its issuers is judged as. */
static enum ipc_trust_verdict
judge(const struct pki_pair *pair, const struct pki_pair *issuer)
{
	struct ipc_trust_link links[2];
	struct tls_certificate_id id;
	uint8_t above[TLS_ID_LEN];

	x509_authority_id(parsed(issuer), above);
	x509_certificate_id(parsed(pair), above, &id);
	memcpy(links[0].issuer, id.issuer, TLS_ID_LEN);
	memcpy(links[0].certificate, id.certificate, TLS_ID_LEN);
	x509_certificate_id(parsed(issuer), above, &id);
	memcpy(links[1].issuer, id.issuer, TLS_ID_LEN);
	memcpy(links[1].certificate, id.certificate, TLS_ID_LEN);
	return ipc_trust_chain_check(&trust, links, 2, time(NULL));
}

static void
add_list(struct buffer *out, const struct pki_pair *issuer, long since,
    long number, const struct pki_pair *revoked)
{
	pki_append_crl(
	    &(struct pki_crl_spec){
		.revoked = { revoked != NULL ? revoked->certificate : NULL },
		.since = since,
		.until = since + 100 * DAY_SECONDS,
		.number = number },
	    issuer, false, out);
}

START_TEST(without_lists_nobody_is_revoked_and_none_is_missing)
{
	expect_good();
	ck_assert_uint_eq(trust.authority_count, 1);
	ck_assert_uint_eq(trust.crl_count, 0);
	ck_assert(!trust.needs_all_crls);
	ck_assert_int_eq(judge(&leaf, &root), IPC_TRUST_GOOD);
}
END_TEST

START_TEST(a_list_revokes_in_pem_and_der)
{
	struct pki_crl_spec spec = { .revoked = { leaf.certificate },
		.revoked_serials = 1000,
		.since = -60,
		.until = DAY_SECONDS };

	for (int is_der = 0; is_der < 2; is_der++) {
		buffer_done(&lists);
		pki_append_crl(&spec, &root, is_der, &lists);
		expect_good();
		ck_assert_uint_eq(trust.revoked_count, 1001);
		ck_assert_int_eq(judge(&leaf, &root), IPC_TRUST_REVOKED);
		ck_assert_int_eq(judge(&sub, &root), IPC_TRUST_GOOD);
	}
}
END_TEST

START_TEST(a_file_may_have_many_lists_and_words_between)
{
	pki_append_pem(sub.certificate, &client_ca);
	buffer_append(&lists, BYTES_LITERAL("# of the root:\n"));
	add_list(&lists, &root, -60, 0, &leaf);
	buffer_append(&lists, BYTES_LITERAL("\n# of the other:\n"));
	add_list(&lists, &sub, -60, 0, NULL);
	buffer_append(&lists, BYTES_LITERAL("# that is all\n\n"));
	expect_good();
	ck_assert_uint_eq(trust.crl_count, 2);
	ck_assert_int_eq(judge(&leaf, &root), IPC_TRUST_REVOKED);
}
END_TEST

/* By date, then by number; the order in the files does not matter. */
START_TEST(the_newest_list_counts)
{
	bool is_by_date = _i & 1, is_newest_first = _i & 2;
	struct buffer *newest = is_newest_first ? &lists : &more_lists;
	struct buffer *older = is_newest_first ? &more_lists : &lists;

	add_list(newest, &root, is_by_date ? -60 : -600, 300, &leaf);
	add_list(older, &root, -600, 299, &sub);
	expect_good();
	ck_assert_uint_eq(trust.revoked_count, 1);
	ck_assert_int_eq(judge(&leaf, &root), IPC_TRUST_REVOKED);
	ck_assert_int_eq(judge(&sub, &root), IPC_TRUST_GOOD);
}
END_TEST

START_TEST(each_authority_needs_a_list_unless_the_listed_suffice)
{
	add_list(&lists, &root, -60, 0, NULL);
	pki_append_pem(sub.certificate, &client_ca);
	expect_fault("there is no CRL of \"CN=sub\"");
	check.needs_all_crls = false;
	expect_good();
	ck_assert(!trust.needs_all_crls);
}
END_TEST

/* The certificate that renews a CA's is of the same CA. */
START_TEST(a_renewed_authority_needs_one_list)
{
	struct pki_pair again = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("root"),
		.is_ca = true,
		.key = root.key,
		.lasts_days = 2000 },
	    NULL);

	pki_append_pem(again.certificate, &client_ca);
	add_list(&lists, &root, -60, 0, &leaf);
	expect_good();
	ck_assert_uint_eq(trust.authority_count, 2);
	ck_assert_uint_eq(trust.anchor_count, 1);
	ck_assert_uint_eq(trust.crl_count, 1);
	ck_assert_int_eq(judge(&leaf, &again), IPC_TRUST_REVOKED);
	pki_free(&again);
}
END_TEST

START_TEST(a_list_older_than_the_one_in_use_is_refused)
{
	struct buffer before = { NULL, 0, 0 };

	add_list(&lists, &root, -60, 0, &leaf);
	expect_good();
	buffer_append(&before, buffer_view(&result.index));
	buffer_done(&lists);
	files.current = buffer_view(&before);
	add_list(&lists, &root, -600, 0, NULL);
	expect_fault("older than the one in use");
	buffer_done(&lists);
	add_list(&lists, &root, -60, 0, NULL);
	expect_good();
	/* None at all is another matter: the setting was taken out. */
	buffer_done(&lists);
	expect_good();
	files.current = BYTES_LITERAL("nonsense");
	expect_fault("cannot be read");
	buffer_done(&before);
}
END_TEST

/* An index has no time before 1970: it could be made, but not be read. */
START_TEST(a_list_of_before_1970_is_one_of_long_ago)
{
	struct buffer before = { NULL, 0, 0 };
	time_t now = time(NULL);

	pki_append_crl(&(struct pki_crl_spec){ .revoked = { leaf.certificate },
			   .since = -(long)now - 10 * 365 * DAY_SECONDS,
			   .until = _i == 0
					? DAY_SECONDS
					: -(long)now - 9 * 365 * DAY_SECONDS },
	    &root, false, &lists);
	expect_good();
	ck_assert_int_eq(judge(&leaf, &root), IPC_TRUST_REVOKED);
	/* It is not older than itself. */
	buffer_append(&before, buffer_view(&result.index));
	files.current = buffer_view(&before);
	expect_good();
	check.grace_seconds = 0;
	expect_good();
	ck_assert_int_eq(judge(&sub, &root),
	    _i == 0 ? IPC_TRUST_GOOD : IPC_TRUST_CRL_ENDED);
	buffer_done(&before);
}
END_TEST

static const struct {
	struct pki_crl_spec spec;
	const char *words;
} bad_lists[] = {
	{ { .until = DAY_SECONDS, .critical = NID_delta_crl },
	    "has a critical extension" },
	{ { .until = DAY_SECONDS, .critical = NID_crl_number },
	    "has a critical extension" },
	{ { .until = DAY_SECONDS, .partial = NID_delta_crl }, "is a delta" },
	{ { .until = DAY_SECONDS, .partial = NID_issuing_distribution_point },
	    "is a delta, or speaks of some" },
	{ { .has_no_until = true }, "nextUpdate" },
	{ { .since = DAY_SECONDS, .until = 2 * DAY_SECONDS }, "still to come" },
};

START_TEST(a_list_that_is_not_the_whole_truth_is_refused)
{
	pki_append_crl(&bad_lists[_i].spec, &root, false, &lists);
	expect_fault(bad_lists[_i].words);
	expect_fault("/one.crl: CRL 1");
}
END_TEST

START_TEST(a_list_needs_a_signature_that_counts)
{
	struct pki_crl_spec spec = { .until = DAY_SECONDS };
	struct pki_pair false_root = authority("root", NULL, NULL);

	add_list(&lists, &other, -60, 0, NULL);
	expect_fault("whose certificate is not in tls.client_ca");
	pki_append_pem(other.certificate, &client_ca);
	expect_fault("may not sign CRLs");
	buffer_done(&lists);
	add_list(&lists, &false_root, -60, 0, NULL);
	expect_fault("bears a wrong signature");
	buffer_done(&lists);
	spec.digest = EVP_sha1();
	pki_append_crl(&spec, &root, false, &lists);
	expect_fault("is not signed with SHA-256");
	pki_free(&false_root);
}
END_TEST

START_TEST(bytes_that_are_no_list_are_refused)
{
	struct pki_crl_spec spec = { .until = DAY_SECONDS };
	struct buffer der = { NULL, 0, 0 };
	/* Fewer where each instruction takes many (see tests/lib/step). */
	size_t step = getenv("SIGNET_TESTS_ARE_SLOWED") == NULL ? 7 : 41;

	buffer_append(&lists, BYTES_LITERAL("nonsense"));
	expect_fault("/one.crl: CRL 1 cannot be read");
	buffer_done(&lists);
	pki_append_pem(root.certificate, &lists);
	expect_fault("there is no CRL in it");
	pki_append_crl(&spec, &root, true, &der);
	for (size_t len = 1; len < der.len; len += step) {
		buffer_done(&lists);
		buffer_append(&lists, bytes_of(der.data, len));
		expect_fault("/one.crl: CRL 1 cannot be read");
	}
	buffer_done(&lists);
	pki_append_crl(&spec, &root, false, &lists);
	lists.len -= 30;
	expect_fault("the file is cut");
	/* What stands behind a NUL is not passed over. */
	buffer_done(&lists);
	pki_append_crl(&spec, &root, false, &lists);
	buffer_append(&lists, bytes_of("", 1));
	pki_append_crl(&spec, &sub, false, &lists);
	expect_fault("), of \"CN=sub\", is of an issuer");
	buffer_done(&der);
}
END_TEST

START_TEST(an_intermediate_leads_to_an_anchor)
{
	struct ipc_trust_authority row;
	uint8_t fingerprint[TLS_HASH_LEN];
	uint32_t number;

	pki_append_pem(sub.certificate, &client_ca);
	expect_good();
	ck_assert_uint_eq(trust.authority_count, 2);
	ck_assert_uint_eq(trust.anchor_count, 1);
	x509_fingerprint(parsed(&sub), fingerprint);
	ck_assert(ipc_trust_authority_find(&trust, fingerprint, &row, &number));
	ck_assert_uint_ne(row.parent, number);
	buffer_done(&client_ca);
	pki_append_pem(sub.certificate, &client_ca);
	expect_fault("\"CN=sub\" is an intermediate CA");
	expect_fault("tls.client_ca: /ca.pem: \"CN=sub\" is");
}
END_TEST

/* Each has signed the other: neither is an anchor by that. */
START_TEST(authorities_that_signed_each_other_are_no_anchors)
{
	struct pki_pair one = authority("one", NULL, NULL);
	struct pki_pair two = authority("two", NULL, NULL);
	struct pki_spec one_spec = { .common_name = BYTES_LITERAL("one"),
		.is_ca = true,
		.key = one.key };
	struct pki_spec two_spec = { .common_name = BYTES_LITERAL("two"),
		.is_ca = true,
		.key = two.key };
	struct pki_pair one_by_two = pki_issue(&one_spec, &two);
	struct pki_pair two_by_one = pki_issue(&two_spec, &one);

	pki_append_pem(one_by_two.certificate, &client_ca);
	pki_append_pem(two_by_one.certificate, &client_ca);
	expect_fault("is an intermediate CA");
	pki_append_pem(one.certificate, &client_ca);
	expect_good();
	ck_assert_uint_eq(trust.authority_count, 4);
	ck_assert_uint_eq(trust.anchor_count, 2); /* root and one */
	pki_free(&one);
	pki_free(&two);
	pki_free(&one_by_two);
	pki_free(&two_by_one);
}
END_TEST

START_TEST(a_path_is_not_longer_than_its_authorities_allow)
{
	struct pki_pair top = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("top"),
		.basic_constraints = "critical,CA:TRUE,pathlen:1" },
	    NULL);
	struct pki_pair middle = authority("middle", &top, NULL);
	struct pki_pair low = authority("low", &middle, NULL);
	struct ipc_trust_authority row;
	uint8_t fingerprint[TLS_HASH_LEN];
	uint32_t number;

	pki_append_pem(top.certificate, &client_ca);
	pki_append_pem(middle.certificate, &client_ca);
	expect_good();
	x509_fingerprint(parsed(&middle), fingerprint);
	ck_assert(ipc_trust_authority_find(&trust, fingerprint, &row, &number));
	ck_assert_uint_eq(row.length_max, 0); /* no CA below it */
	pki_append_pem(low.certificate, &client_ca);
	expect_fault("\"CN=low\" is an intermediate CA");
	pki_free(&top);
	pki_free(&middle);
	pki_free(&low);
}
END_TEST

/* No gate would see them: mbedTLS ends at the intermediate. */
START_TEST(name_constraints_above_an_intermediate_are_not_passed_over)
{
	struct pki_pair top = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("top"),
		.is_ca = true,
		.name_constraints = "permitted;DNS:example.com" },
	    NULL);
	struct pki_pair below = authority("below", &top, NULL);

	pki_append_pem(top.certificate, &client_ca);
	pki_append_pem(below.certificate, &client_ca);
	expect_fault("\"CN=below\" is an intermediate CA");
	pki_free(&top);
	pki_free(&below);
}
END_TEST

START_TEST(the_ends_of_all_are_in_the_index)
{
	struct ipc_trust_authority authority;
	uint32_t number;
	struct ipc_trust_date date;
	size_t pos = 0;

	add_list(&lists, &root, -60, 0, NULL);
	check.grace_seconds = 50;
	expect_good();
	ck_assert(ipc_trust_date_next(&trust, &pos, &date));
	ck_assert_int_eq(date.kind, IPC_TRUST_DATE_SERVER);
	ck_assert_int_eq(date.ends_at - date.tell_from, 30 * DAY_SECONDS);
	ck_assert(ipc_trust_date_next(&trust, &pos, &date));
	ck_assert_int_eq(date.kind, IPC_TRUST_DATE_AUTHORITY);
	ck_assert(ipc_trust_authority_find(&trust, date.id.data, &authority,
	    &number));
	ck_assert_uint_eq(authority.name_len, strlen("root"));
	ck_assert_mem_eq(authority.name, "root", authority.name_len);
	ck_assert(ipc_trust_date_next(&trust, &pos, &date));
	ck_assert_int_eq(date.kind, IPC_TRUST_DATE_CRL);
	ck_assert_int_eq(date.ends_at - date.tell_from, 25 * DAY_SECONDS);
	ck_assert_uint_eq(date.id.len, IPC_TRUST_ID_LEN);
	ck_assert_int_eq(ipc_trust_crls_end_at(&trust, 0), date.ends_at + 50);
	ck_assert(!ipc_trust_date_next(&trust, &pos, &date));
}
END_TEST

/* The library reads as far as it can, and leaves out what is behind. */
START_TEST(a_cut_file_of_authorities_is_refused)
{
	char expected[128];
	unsigned int line = 1;

	for (size_t i = 0; i < client_ca.len; i++)
		line += client_ca.data[i] == '\n';
	pki_append_pem(other.certificate, &client_ca);
	expect_good();
	client_ca.len -= 30;
	snprintf(expected, sizeof(expected),
	    "tls.client_ca: /ca.pem: certificate 2 (line %u) has no end: the "
	    "file is cut",
	    line);
	expect_fault(expected);
	pki_append_pem(root.certificate, &client_ca);
	snprintf(expected, sizeof(expected),
	    "tls.client_ca: /ca.pem: certificate 2 (line %u) cannot be read",
	    line);
	expect_fault(expected);
}
END_TEST

START_TEST(the_key_of_the_server_is_named)
{
	uint8_t *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(server.certificate),
	    &spki);
	uint8_t hash[32];

	expect_good();
	EVP_Digest(spki, (size_t)len, hash, NULL, EVP_sha256(), NULL);
	ck_assert_mem_eq(result.spki, hash, sizeof(hash));
	OPENSSL_free(spki);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("trust");
	TCase *tests = tcase_create("check");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests,
	    without_lists_nobody_is_revoked_and_none_is_missing);
	tcase_add_test(tests, a_list_revokes_in_pem_and_der);
	tcase_add_test(tests, a_file_may_have_many_lists_and_words_between);
	tcase_add_loop_test(tests, the_newest_list_counts, 0, 4);
	tcase_add_test(tests,
	    each_authority_needs_a_list_unless_the_listed_suffice);
	tcase_add_test(tests, a_renewed_authority_needs_one_list);
	tcase_add_test(tests, a_list_older_than_the_one_in_use_is_refused);
	tcase_add_loop_test(tests, a_list_of_before_1970_is_one_of_long_ago, 0,
	    2);
	tcase_add_loop_test(tests,
	    a_list_that_is_not_the_whole_truth_is_refused, 0,
	    (int)(sizeof(bad_lists) / sizeof(bad_lists[0])));
	tcase_add_test(tests, a_list_needs_a_signature_that_counts);
	tcase_add_test(tests, bytes_that_are_no_list_are_refused);
	tcase_add_test(tests, an_intermediate_leads_to_an_anchor);
	tcase_add_test(tests,
	    authorities_that_signed_each_other_are_no_anchors);
	tcase_add_test(tests, a_path_is_not_longer_than_its_authorities_allow);
	tcase_add_test(tests,
	    name_constraints_above_an_intermediate_are_not_passed_over);
	tcase_add_test(tests, the_ends_of_all_are_in_the_index);
	tcase_add_test(tests, a_cut_file_of_authorities_is_refused);
	tcase_add_test(tests, the_key_of_the_server_is_named);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
