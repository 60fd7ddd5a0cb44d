/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open arbitrary bytes as a trust index, and look everything up in what opens.
 */
#include <stdlib.h>

#include "ipc/trust.h"
#include "ipc/trust_change.h"
#include "ipc/trust_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool is_true)
{
	if (!is_true)
		abort();
}

static void
payloads_check(struct bytes input)
{
	struct ipc_trust_file file;
	struct ipc_trust_check wanted;
	struct ipc_trust_verdict_of verdict;
	struct ipc_trust_given given;

	if (ipc_trust_file_decode(input, &file) == 0)
		check(file.path.len <= IPC_TRUST_PATH_MAX);
	if (ipc_trust_check_decode(input, &wanted) == 0)
		check(wanted.generation > 0);
	if (ipc_trust_verdict_decode(input, &verdict) == 0)
		check(verdict.text.len <= IPC_TRUST_TEXT_MAX);
	if (ipc_trust_given_decode(input, &given) == 0)
		check(given.generation > 0 && given.len > 0);
}

/* From each authority the way leads to an anchor. */
static void
authorities_check(const struct ipc_trust_index *index)
{
	struct ipc_trust_authority authority, found;
	uint32_t number, i, j;

	for (i = 0; i < index->authority_count; i++) {
		check(ipc_trust_authority_at(index, i, &authority));
		check(ipc_trust_authority_find(index, authority.fingerprint,
		    &found, &number));
		check(number == i);
		number = i;
		for (j = 0; authority.parent != number; j++) {
			check(j < IPC_TRUST_CHAIN_MAX);
			number = authority.parent;
			check(
			    ipc_trust_authority_at(index, number, &authority));
		}
		check(ipc_trust_is_anchor(index, authority.id));
	}
}

static void
lists_check(const struct ipc_trust_index *index)
{
	struct ipc_trust_link link = { { 0 }, { 0 } };
	struct ipc_trust_crl crl;
	uint32_t i;

	for (i = 0; i < index->revoked_count; i++) {
		memcpy(link.certificate, index->revoked + i * IPC_TRUST_ID_LEN,
		    IPC_TRUST_ID_LEN);
		check(ipc_trust_is_revoked(index, link.certificate));
		check(ipc_trust_chain_check(index, &link, 1, 0) ==
		      IPC_TRUST_REVOKED);
	}
	for (i = 0; i < index->crl_count; i++)
		check(ipc_trust_crl_find(index,
		    index->crls + i * (IPC_TRUST_ID_LEN + 24), &crl));
	(void)ipc_trust_crls_end_at(index, 0);
}

static void
count_change(void *context, const char *what, struct bytes now,
    struct bytes before)
{
	size_t *count = context;

	(void)what;
	check(now.len + before.len > 0);
	(*count)++;
}

/* It differs from nothing in each row, and from itself in none. */
static void
changes_check(const struct ipc_trust_index *index)
{
	const struct ipc_trust_index nothing = { .generation = 1 };
	size_t count = 0;

	ipc_trust_changes(index, index, &count, count_change);
	check(count == 0);
	ipc_trust_changes(&nothing, index, &count, count_change);
	check(count <= (size_t)index->date_count + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ipc_trust_index index;
	struct ipc_trust_date date;
	char text[IPC_TRUST_DATE_TEXT_MAX];
	size_t pos = 0;

	payloads_check(bytes_of(data, len));
	if (ipc_trust_index_open(bytes_of(data, len), &index) != 0)
		return 0;
	authorities_check(&index);
	lists_check(&index);
	changes_check(&index);
	while (ipc_trust_date_next(&index, &pos, &date))
		ipc_trust_date_text(&date,
		    ipc_trust_date_refused_at(&index, &date), 0, text);
	return 0;
}
