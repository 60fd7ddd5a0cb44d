/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/trust.h"
#include "ipc/trust_date.h"
#include "lib/memory.h"
#include "test_ipc.h"

/* Two anchors, and below the second an intermediate. */
static struct ipc_trust_authority authorities[3];
static struct ipc_trust_crl crls[2];
static struct ipc_trust_date dates[2];
static struct buffer revoked, encoded;
static struct ipc_trust_index trust;

static void
set_id(uint8_t *id, uint8_t value)
{
	memset(id, value, IPC_TRUST_ID_LEN);
}

static void
set_up(void)
{
	struct ipc_trust_content content = {
		.generation = 7,
		.needs_all_crls = true,
		.authority_count = 3,
		.authorities = authorities,
		.crl_count = 2,
		.crls = crls,
		.revoked = &revoked,
		.date_count = 2,
		.dates = dates,
	};
	uint8_t id[IPC_TRUST_ID_LEN];

	for (uint32_t i = 0; i < 3; i++) {
		/* Not in the order of their fingerprints. */
		memset(authorities[i].fingerprint, (int)(9 - i),
		    IPC_TRUST_FINGERPRINT_LEN);
		set_id(authorities[i].id, (uint8_t)(0x20 + i));
		set_id(authorities[i].certificate, (uint8_t)(0x30 + i));
		authorities[i].parent = i == 2 ? 1 : i;
		authorities[i].length_max = IPC_TRUST_ANY_LENGTH;
		authorities[i].not_before = 100;
		authorities[i].not_after = 1000 + i;
		authorities[i].name_len = (uint8_t)(i * 100);
		memset(authorities[i].name, (int)(0x41 + i), i * 100);
	}
	set_id(crls[0].issuer, 0x22);
	crls[0].this_update = 200;
	crls[0].next_update = 300;
	crls[0].ends_at = 350;
	set_id(crls[1].issuer, 0x21);
	crls[1].ends_at = IPC_TRUST_NEVER;
	for (uint8_t i = 0; i < 6; i++) {
		set_id(id, (uint8_t)(0x50 - i % 5)); /* one of them twice */
		buffer_append(&revoked, bytes_of(id, sizeof(id)));
	}
	dates[0] = (struct ipc_trust_date){ IPC_TRUST_DATE_SERVER, 500, 1000,
		BYTES_LITERAL("CN=server"), BYTES_LITERAL("\x01"), BYTES_NONE };
	dates[1] = (struct ipc_trust_date){ IPC_TRUST_DATE_CRL, 250, 300,
		BYTES_LITERAL("CN=root"), BYTES_LITERAL("\x02"),
		BYTES_LITERAL("\x07") };
	ipc_trust_index_encode(&content, &encoded);
	ck_assert_int_eq(ipc_trust_index_open(buffer_view(&encoded), &trust),
	    0);
}

static void
tear_down(void)
{
	buffer_done(&revoked);
	buffer_done(&encoded);
}

START_TEST(what_was_put_in_is_found)
{
	struct ipc_trust_authority found;
	struct ipc_trust_crl crl;
	uint8_t id[IPC_TRUST_ID_LEN];
	uint32_t number, parent;

	ck_assert_uint_eq(trust.generation, 7);
	ck_assert_uint_eq(trust.anchor_count, 2);
	ck_assert_uint_eq(trust.revoked_count, 5);
	for (int i = 0; i < 3; i++) {
		ck_assert(ipc_trust_authority_find(&trust,
		    authorities[i].fingerprint, &found, &number));
		ck_assert_mem_eq(found.id, authorities[i].id, IPC_TRUST_ID_LEN);
		ck_assert_int_eq(found.not_after, 1000 + i);
		ck_assert_uint_eq(found.name_len, 100 * i);
		ck_assert_mem_eq(found.name, authorities[i].name,
		    sizeof(found.name));
	}
	/* The intermediate, found last, leads to the second anchor. */
	parent = found.parent;
	ck_assert_uint_ne(parent, number);
	ck_assert(ipc_trust_authority_at(&trust, parent, &found));
	ck_assert_uint_eq(found.parent, parent);
	ck_assert_mem_eq(found.id, authorities[1].id, IPC_TRUST_ID_LEN);
	ck_assert(!ipc_trust_authority_at(&trust, 3, &found));
	ck_assert(ipc_trust_is_anchor(&trust, authorities[0].id));
	ck_assert(!ipc_trust_is_anchor(&trust, authorities[2].id));
	ck_assert(ipc_trust_crl_find(&trust, crls[0].issuer, &crl));
	ck_assert_int_eq(crl.next_update, 300);
	for (unsigned int value = 0; value < 256; value++) {
		set_id(id, (uint8_t)value);
		ck_assert(ipc_trust_is_revoked(&trust, id) ==
			  (value >= 0x4c && value <= 0x50));
	}
}
END_TEST

START_TEST(dates_come_in_their_order)
{
	struct ipc_trust_date date;
	char text[IPC_TRUST_DATE_TEXT_MAX];
	size_t pos = 0;

	ck_assert(ipc_trust_date_next(&trust, &pos, &date));
	ck_assert_int_eq(date.kind, IPC_TRUST_DATE_SERVER);
	ck_assert_int_eq(ipc_trust_date_refused_at(&trust, &date),
	    IPC_TRUST_NEVER);
	ipc_trust_date_text(&date, IPC_TRUST_NEVER, 1000 - 86400 * 3, text);
	ck_assert_str_eq(text, "tls.certificate: \"CN=server\" expires on "
			       "1970-01-01, in 3 days");
	ck_assert(ipc_trust_date_next(&trust, &pos, &date));
	ck_assert_int_eq(date.ends_at, 300);
	ipc_trust_date_text(&date, IPC_TRUST_NEVER, 300, text);
	ck_assert_str_eq(text,
	    "tls.crl: the CRL of \"CN=root\" is out of date since 1970-01-01 "
	    "00:05:00 UTC: what was revoked since is not known; fetch the next "
	    "one");
	ipc_trust_date_text(&date, 360, 300, text);
	ck_assert_str_eq(text,
	    "tls.crl: the CRL of \"CN=root\" is out of date since 1970-01-01 "
	    "00:05:00 UTC: clients of \"CN=root\" are refused from 1970-01-01 "
	    "00:06:00 UTC on; fetch the next one");
	ipc_trust_date_text(&date, 360, 299, text);
	ck_assert_str_eq(text,
	    "tls.crl: the CRL of \"CN=root\" needs its next update on "
	    "1970-01-01 00:05:00 UTC, in 0 days; without it, clients of "
	    "\"CN=root\" are refused from 1970-01-01 00:06:00 UTC on");
	ck_assert(!ipc_trust_date_next(&trust, &pos, &date));
}
END_TEST

static const struct {
	uint8_t issuers[3], certificates[3]; /* leaf first; 0: no link */
	int64_t now;
	enum ipc_trust_verdict verdict;
} chains[] = {
	/* Below the intermediate, which has a CRL, as has its issuer. */
	{ { 0x22, 0x21, 0x21 }, { 1, 2, 3 }, 349, IPC_TRUST_GOOD },
	{ { 0x22, 0x21, 0x21 }, { 1, 2, 3 }, 350, IPC_TRUST_CRL_ENDED },
	{ { 0x22, 0x21, 0x21 }, { 0x4c, 2, 3 }, 0, IPC_TRUST_REVOKED },
	{ { 0x22, 0x21, 0x21 }, { 1, 0x4d, 3 }, 0, IPC_TRUST_REVOKED },
	{ { 0x22, 0x21, 0x21 }, { 1, 2, 0x50 }, 0, IPC_TRUST_REVOKED },
	/* It weighs more than anything else. */
	{ { 0x22, 0x21, 0x99 }, { 0x4c, 2, 3 }, 999, IPC_TRUST_REVOKED },
	{ { 0x22, 0x21, 0x99 }, { 1, 2, 3 }, 0, IPC_TRUST_ANCHOR_GONE },
	/* The first anchor has no CRL; nor has one that a client sent. */
	{ { 0x20, 0x20, 0 }, { 1, 2, 0 }, 0, IPC_TRUST_CRL_MISSING },
	{ { 0x77, 0x21, 0x21 }, { 1, 2, 3 }, 0, IPC_TRUST_CRL_MISSING },
	/* An anchor itself has no issuer who could revoke it. */
	{ { 0x20, 0, 0 }, { 1, 0, 0 }, 0, IPC_TRUST_GOOD },
};

static enum ipc_trust_verdict
check_chain(int number)
{
	struct ipc_trust_link links[3];
	size_t count = 0;

	while (count < 3 && chains[number].issuers[count] != 0) {
		set_id(links[count].issuer, chains[number].issuers[count]);
		set_id(links[count].certificate,
		    chains[number].certificates[count]);
		count++;
	}
	return ipc_trust_chain_check(&trust, links, count, chains[number].now);
}

START_TEST(a_chain_is_judged)
{
	ck_assert_int_eq(check_chain(_i), chains[_i].verdict);
}
END_TEST

START_TEST(a_missing_list_is_no_fault_if_none_is_needed)
{
	trust.needs_all_crls = false;
	for (int i = 0; i < (int)(sizeof(chains) / sizeof(chains[0])); i++)
		if (chains[i].verdict == IPC_TRUST_CRL_MISSING)
			ck_assert_int_eq(check_chain(i), IPC_TRUST_GOOD);
}
END_TEST

START_TEST(the_next_list_to_end_is_known)
{
	ck_assert_int_eq(ipc_trust_crls_end_at(&trust, 0), 350);
	ck_assert_int_eq(ipc_trust_crls_end_at(&trust, 350), IPC_TRUST_NEVER);
}
END_TEST

START_TEST(an_index_of_another_length_is_refused)
{
	struct ipc_trust_index other;

	for (size_t len = 0; len < encoded.len; len++) {
		uint8_t *cut = malloc(len == 0 ? 1 : len);

		memcpy(cut, encoded.data, len);
		ck_assert_int_eq(ipc_trust_index_open(bytes_of(cut, len),
				     &other),
		    -EBADMSG);
		free(cut);
	}
	buffer_append(&encoded, BYTES_LITERAL("x"));
	ck_assert_int_eq(ipc_trust_index_open(buffer_view(&encoded), &other),
	    -EBADMSG);
}
END_TEST

/* Where parts begin, for what follows. */
enum {
	AT_GENERATION = 4,
	AT_NEEDS = 12,
	AT_COUNTS = 13,
	AT_AUTHORITIES = 33,
	AUTHORITY_LEN = 32 + 16 + 16 + 4 + 2 + 16 + 1 + 255,
	AT_PARENT = AT_AUTHORITIES + 64,
	AT_ANCHORS = AT_AUTHORITIES + 3 * AUTHORITY_LEN,
	AT_CRLS = AT_ANCHORS + 2 * 16,
	AT_REVOKED = AT_CRLS + 2 * 40,
	AT_DATES = AT_REVOKED + 5 * 16,
};

static const struct {
	size_t at, len;
	uint64_t value;
} faults[] = {
	{ 0, 4, 0 },             /* another format */
	{ AT_GENERATION, 8, 0 }, /* no generation */
	{ AT_NEEDS, 1, 2 },
	{ AT_COUNTS, 4, UINT32_MAX },
	{ AT_COUNTS + 4, 4, 4 }, /* more anchors than authorities */
	{ AT_COUNTS + 8, 4, UINT32_MAX },
	{ AT_COUNTS + 12, 4, UINT32_MAX },
	{ AT_COUNTS + 16, 4, 3 },
	{ AT_AUTHORITIES, 1, 200 }, /* not in order */
	{ AT_PARENT, 4, 3 },        /* who is not there */
	{ AT_PARENT, 4, 0 },        /* itself, but it is no anchor */
	{ AT_ANCHORS, 1, 200 },
	{ AT_CRLS, 1, 200 },
	{ AT_CRLS + 16, 8, UINT64_MAX },
	{ AT_REVOKED, 1, 200 },
	{ AT_DATES, 1, 0 },
	{ AT_DATES, 1, IPC_TRUST_DATE_CRL + 1 },
	{ AT_DATES + 17, 4, IPC_TRUST_NAME_MAX + 1 },
};

START_TEST(an_index_with_a_fault_is_refused)
{
	struct ipc_trust_index other;

	for (size_t i = 0; i < faults[_i].len; i++)
		encoded.data[faults[_i].at + i] =
		    (uint8_t)(faults[_i].value >> 8 * (faults[_i].len - 1 - i));
	ck_assert_int_eq(ipc_trust_index_open(buffer_view(&encoded), &other),
	    -EBADMSG);
}
END_TEST

START_TEST(two_authorities_do_not_lead_to_each_other)
{
	struct ipc_trust_index other;

	/* Sorted: the intermediate, then the anchor that issued it. */
	encoded.data[AT_PARENT + AUTHORITY_LEN + 3] = 0;
	ck_assert_int_eq(ipc_trust_index_open(buffer_view(&encoded), &other),
	    -EBADMSG);
}
END_TEST

/* Memory that its maker can still change. */
static int
open_unsealed(struct bytes content)
{
	int fd = memfd_create("index", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_eq(write(fd, content.data, content.len),
	    (ssize_t)content.len);
	return fd;
}

START_TEST(an_index_is_looked_at_in_sealed_memory)
{
	struct ipc_trust_given given = { 7, encoded.len };
	struct ipc_trust_index mapped = { .generation = 0 };
	int fd = ipc_sealed_memory("index", buffer_view(&encoded));

	ck_assert_int_eq(ipc_trust_map(fd, &given, &mapped), 0);
	ck_assert_uint_eq(mapped.revoked_count, 5);
	ipc_trust_unmap(&mapped);
	ck_assert_uint_eq(mapped.generation, 0);
	ipc_trust_unmap(&mapped); /* no effect */
	given.generation = 8;
	ck_assert_int_eq(ipc_trust_map(fd, &given, &mapped), -EBADMSG);
	given = (struct ipc_trust_given){ 7, encoded.len + 1 };
	ck_assert_int_eq(ipc_trust_map(fd, &given, &mapped), -EBADMSG);
	close(fd);
	fd = open_unsealed(buffer_view(&encoded));
	given.len = encoded.len;
	ck_assert_int_eq(ipc_trust_map(fd, &given, &mapped), -EBADMSG);
	close(fd);
}
END_TEST

START_TEST(payloads_survive_the_way)
{
	struct ipc_trust_file file = { IPC_TRUST_FILE_CRL,
		BYTES_LITERAL("/a.crl") };
	struct ipc_trust_check check = { 9, true, IPC_TRUST_GRACE_FOR_EVER };
	struct ipc_trust_verdict_of verdict = { .generation = 9,
		.is_good = false,
		.spki = { 1, 2 },
		.text = BYTES_LITERAL("it is wrong") };
	struct buffer out = { NULL, 0, 0 };

	ipc_trust_file_encode(&file, &out);
	ck_assert_int_eq(ipc_trust_file_decode(buffer_view(&out), &file), 0);
	ck_assert_int_eq(file.kind, IPC_TRUST_FILE_CRL);
	ck_assert(bytes_equal(file.path, BYTES_LITERAL("/a.crl")));
	out.data[0] = IPC_TRUST_FILE_CURRENT + 1;
	ck_assert_int_eq(ipc_trust_file_decode(buffer_view(&out), &file),
	    -EBADMSG);
	out.len = 0;
	ipc_trust_check_encode(&check, &out);
	ck_assert_uint_eq(out.len, IPC_TRUST_CHECK_LEN);
	ck_assert_int_eq(ipc_trust_check_decode(buffer_view(&out), &check), 0);
	ck_assert(check.needs_all_crls);
	ck_assert_uint_eq(check.grace_seconds, IPC_TRUST_GRACE_FOR_EVER);
	out.data[8] = 2;
	ck_assert_int_eq(ipc_trust_check_decode(buffer_view(&out), &check),
	    -EBADMSG);
	out.len = 0;
	ipc_trust_verdict_encode(&verdict, &out);
	ck_assert_int_eq(ipc_trust_verdict_decode(buffer_view(&out), &verdict),
	    0);
	ck_assert(!verdict.is_good);
	ck_assert(bytes_equal(verdict.text, BYTES_LITERAL("it is wrong")));
	out.len--;
	ck_assert_int_eq(ipc_trust_verdict_decode(buffer_view(&out), &verdict),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

TCase *
test_trust_index(void)
{
	TCase *tests = tcase_create("trust_index");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_was_put_in_is_found);
	tcase_add_test(tests, dates_come_in_their_order);
	tcase_add_loop_test(tests, a_chain_is_judged, 0,
	    (int)(sizeof(chains) / sizeof(chains[0])));
	tcase_add_test(tests, a_missing_list_is_no_fault_if_none_is_needed);
	tcase_add_test(tests, the_next_list_to_end_is_known);
	tcase_add_test(tests, an_index_of_another_length_is_refused);
	tcase_add_loop_test(tests, an_index_with_a_fault_is_refused, 0,
	    (int)(sizeof(faults) / sizeof(faults[0])));
	tcase_add_test(tests, two_authorities_do_not_lead_to_each_other);
	tcase_add_test(tests, an_index_is_looked_at_in_sealed_memory);
	tcase_add_test(tests, payloads_survive_the_way);
	return tests;
}
