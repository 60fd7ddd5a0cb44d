/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/crls.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/memory.h"

/* Clocks of machines differ, and a CRL may have been made just now. */
#define CLOCKS_DIFFER_SECONDS 3600

/* "2026-11-22 21:30:00 UTC" */
#define DATE_TEXT_MAX 32

void
trust_crls_init(struct trust_crls *crls,
    const struct x509_authorities *authorities)
{
	*crls = (struct trust_crls){
		.authorities = authorities,
		.items = memory_new(authorities->count + 1,
		    sizeof(*crls->items)),
	};
}

void
trust_crls_done(struct trust_crls *crls)
{
	for (size_t i = 0; crls->items != NULL && i < crls->authorities->count;
	     i++)
		buffer_done(&crls->items[i].revoked);
	free(crls->items);
	crls->items = NULL;
}

static void
date_text(int64_t seconds, char text[DATE_TEXT_MAX])
{
	time_t when = (time_t)seconds;
	struct tm utc;

	if (gmtime_r(&when, &utc) == NULL ||
	    strftime(text, DATE_TEXT_MAX, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
		text[0] = '\0';
}

static void
authority_name(const struct trust_crls *crls, uint32_t number,
    char text[X509_SUBJECT_MAX])
{
	x509_name_text(&crls->authorities->items[number].certificate->subject,
	    text);
}

/* The first authority with the same id. */
static struct trust_crl *
slot_of(const struct trust_crls *crls, uint32_t number)
{
	const struct x509_authority *authorities = crls->authorities->items;
	uint32_t i = 0;

	while (
	    memcmp(authorities[i].id, authorities[number].id, TLS_ID_LEN) != 0)
		i++;
	return &crls->items[i];
}

static int
keep(struct trust_crls *crls, const mbedtls_x509_crl *crl,
    const struct x509_crl_facts *facts)
{
	struct trust_crl *slot = slot_of(crls, facts->authority);

	if (slot->is_there && !x509_crl_is_newer(facts, &slot->facts))
		return 0;
	if (!slot->is_there)
		crls->count++;
	slot->is_there = true;
	slot->facts = *facts;
	buffer_done(&slot->revoked);
	x509_crl_revoked_append(crl, crls->authorities, &slot->revoked);
	return 0;
}

static int
take(struct trust_crls *crls, const struct x509_crl_reader *reader,
    const mbedtls_x509_crl *crl, int64_t now, const struct x509_fault *fault)
{
	struct x509_crl_facts facts;
	char issuer[X509_SUBJECT_MAX], date[DATE_TEXT_MAX];
	char place[X509_PEM_PLACE_MAX];
	int error = x509_crl_check(reader, crl, crls->authorities, &facts,
	    fault);

	if (error != 0)
		return error;
	if (facts.this_update <= now + CLOCKS_DIFFER_SECONDS)
		return keep(crls, crl, &facts);
	authority_name(crls, facts.authority, issuer);
	date_text(facts.this_update, date);
	return x509_fault_set(fault,
	    "tls.crl: %s: %s, of \"%s\", is of %s, which is still to come: "
	    "compare the clock of this machine with that of the CA",
	    reader->name, x509_pem_place(&reader->pem, "CRL", place), issuer,
	    date);
}

int
trust_crls_read(struct trust_crls *crls, const struct trust_file *file,
    int64_t now, const struct x509_fault *fault)
{
	struct x509_crl_reader reader = { .pem.file = file->content,
		.name = file->path };
	int result;

	do {
		mbedtls_x509_crl crl;

		mbedtls_x509_crl_init(&crl);
		result = x509_crl_next(&reader, &crl, fault);
		if (result == 1 && take(crls, &reader, &crl, now, fault) != 0)
			result = -1;
		mbedtls_x509_crl_free(&crl);
	} while (result > 0);
	return result < 0 ? -EINVAL : 0;
}

static int
check_missing(const struct trust_crls *crls, const struct x509_fault *fault)
{
	for (uint32_t i = 0; i < crls->authorities->count; i++) {
		char name[X509_SUBJECT_MAX];

		if (slot_of(crls, i)->is_there)
			continue;
		authority_name(crls, i, name);
		return x509_fault_set(fault,
		    "tls.crl: there is no CRL of \"%s\", which is in "
		    "tls.client_ca, so that nobody below it could connect: add "
		    "its CRL, or say tls.crl_required = \"listed\"",
		    name);
	}
	return 0;
}

static int
check_older(const struct trust_crls *crls, uint32_t number,
    const struct ipc_trust_index *current, const struct x509_fault *fault)
{
	const struct trust_crl *crl = &crls->items[number];
	char name[X509_SUBJECT_MAX];
	char date[DATE_TEXT_MAX], before[DATE_TEXT_MAX];
	struct ipc_trust_crl old;

	if (!crl->is_there ||
	    !ipc_trust_crl_find(current, crls->authorities->items[number].id,
		&old) ||
	    crl->facts.this_update >= old.this_update)
		return 0;
	authority_name(crls, number, name);
	date_text(crl->facts.this_update, date);
	date_text(old.this_update, before);
	return x509_fault_set(fault,
	    "tls.crl: the CRL of \"%s\" is of %s, older than the one in use, "
	    "which is of %s: it could let in who was revoked meanwhile (a "
	    "restart takes it nevertheless)",
	    name, date, before);
}

int
trust_crls_check(const struct trust_crls *crls,
    const struct ipc_trust_check *check, const struct ipc_trust_index *current,
    const struct x509_fault *fault)
{
	int error = 0;

	if (crls->count > 0 && check->needs_all_crls)
		error = check_missing(crls, fault);
	for (uint32_t i = 0;
	     i < crls->authorities->count && current != NULL && error == 0; i++)
		error = check_older(crls, i, current, fault);
	return error;
}

/*
 * A quarter of its life before its end, but not more than 30 days, and not less
 * than a day if it lasts for several.
 */
int64_t
trust_crl_tell_from(const struct x509_crl_facts *facts)
{
	int64_t life = facts->next_update - facts->this_update;
	int64_t before = life / 4;

	if (before > CLOCK_WARNING_SECONDS)
		before = CLOCK_WARNING_SECONDS;
	if (before < CLOCK_DAY_SECONDS && life >= 2 * CLOCK_DAY_SECONDS)
		before = CLOCK_DAY_SECONDS;
	return before > 0 ? facts->next_update - before : facts->next_update;
}
