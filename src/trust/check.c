/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "trust/crls.h"
#include "x509/credentials.h"
#include "x509/key.h"

/* What has to be freed at the end. */
struct check {
	const struct trust_files *files;
	const struct ipc_trust_check *wanted;
	struct x509_fault fault;
	struct x509_credentials credentials;
	struct x509_authorities authorities;
	struct trust_crls crls;
	struct ipc_trust_index current;
	struct ipc_trust_crl *index_crls;
	size_t date_count;
	struct ipc_trust_date *dates;
	struct buffer revoked;
};

/* Faults of these settings name no file themselves: put it in. */
static void
name_file(const struct check *check)
{
	const struct {
		const char *setting, *path;
	} rows[] = {
		{ "tls.certificate: ", check->files->certificate.path },
		{ "tls.client_ca: ", check->files->client_ca.path },
	};
	char *text = check->fault.text;
	char rest[IPC_TRUST_TEXT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].setting);

		if (strncmp(text, rows[i].setting, len) != 0)
			continue;
		snprintf(rest, sizeof(rest), "%s", text + len);
		snprintf(text + len, check->fault.size - len, "%s: %s",
		    rows[i].path, rest);
	}
}

static int
read_crls(struct check *check, int64_t now)
{
	const struct trust_files *files = check->files;
	bool has_current = files->current.len > 0;
	int error = 0;

	if (has_current &&
	    ipc_trust_index_open(files->current, &check->current) != 0)
		return x509_fault_set(&check->fault,
		    "the index that is in use cannot be read");
	trust_crls_init(&check->crls, &check->authorities);
	for (size_t i = 0; i < files->crl_count && error == 0; i++)
		error = trust_crls_read(&check->crls, &files->crls[i], now,
		    &check->fault);
	if (error == 0)
		error = trust_crls_check(&check->crls, check->wanted,
		    has_current ? &check->current : NULL, &check->fault);
	return error;
}

static struct bytes
copy_of(struct bytes bytes)
{
	return bytes_of(memory_copy(bytes), bytes.len);
}

/* date: its name, id and number are copied. */
static void
add_date(struct check *check, const struct ipc_trust_date *date)
{
	struct ipc_trust_date *copy;

	if (check->date_count >= IPC_TRUST_DATES_MAX)
		return;
	check->dates = memory_resize(check->dates,
	    (check->date_count + 1) * sizeof(*check->dates));
	copy = &check->dates[check->date_count++];
	*copy = *date;
	if (copy->tell_from < 0)
		copy->tell_from = 0;
	if (copy->ends_at < 0)
		copy->ends_at = 0;
	copy->name = copy_of(date->name);
	copy->id = copy_of(date->id);
	copy->number = copy_of(date->number);
}

static void
add_certificate_dates(struct check *check, enum ipc_trust_date_kind kind,
    const mbedtls_x509_crt *certificate)
{
	for (; certificate != NULL; certificate = certificate->next) {
		int64_t end = x509_seconds(&certificate->valid_to);
		uint8_t fingerprint[TLS_HASH_LEN];
		char name[X509_SUBJECT_MAX];
		struct ipc_trust_date date = { kind,
			end - CLOCK_WARNING_SECONDS, end, BYTES_NONE,
			bytes_of(fingerprint, sizeof(fingerprint)),
			BYTES_NONE };

		x509_fingerprint(certificate, fingerprint);
		x509_name_text(&certificate->subject, name);
		date.name = bytes_of_string(name);
		add_date(check, &date);
	}
}

static void
add_crl_date(struct check *check, const struct x509_authority *authority,
    const struct x509_crl_facts *facts)
{
	char name[X509_SUBJECT_MAX];
	struct ipc_trust_date date = { IPC_TRUST_DATE_CRL,
		trust_crl_tell_from(facts), facts->next_update, BYTES_NONE,
		bytes_of(authority->id, TLS_ID_LEN),
		bytes_of(facts->number, facts->number_len) };

	x509_name_text(&authority->certificate->subject, name);
	date.name = bytes_of_string(name);
	add_date(check, &date);
}

static int64_t
crl_end(const struct check *check, const struct x509_crl_facts *facts)
{
	uint64_t grace = check->wanted->grace_seconds;

	if (grace >= (uint64_t)(IPC_TRUST_NEVER - facts->next_update))
		return IPC_TRUST_NEVER;
	return facts->next_update + (int64_t)grace;
}

static int
add_crls(struct check *check)
{
	size_t count = 0;

	check->index_crls = memory_new(check->crls.count + 1,
	    sizeof(*check->index_crls));
	for (size_t i = 0; i < check->authorities.count; i++) {
		const struct x509_authority *authority = &check->authorities
							      .items[i];
		const struct trust_crl *crl = &check->crls.items[i];
		struct ipc_trust_crl *row = &check->index_crls[count];

		if (!crl->is_there)
			continue;
		memcpy(row->issuer, authority->id, TLS_ID_LEN);
		row->this_update = crl->facts.this_update;
		row->next_update = crl->facts.next_update;
		row->ends_at = crl_end(check, &crl->facts);
		buffer_append(&check->revoked, buffer_view(&crl->revoked));
		add_crl_date(check, authority, &crl->facts);
		count++;
	}
	if (check->revoked.len / TLS_ID_LEN > IPC_TRUST_REVOKED_MAX)
		return x509_fault_set(&check->fault,
		    "tls.crl: they revoke %zu certificates, %d is the most",
		    check->revoked.len / TLS_ID_LEN, IPC_TRUST_REVOKED_MAX);
	return 0;
}

static void
set_name(const struct x509_authority *authority,
    struct ipc_trust_authority *row)
{
	struct bytes name = x509_common_name(authority->certificate);

	/* One that is too long for a row is none. */
	if (name.len == 0 || name.len > sizeof(row->name))
		return;
	memcpy(row->name, name.data, name.len);
	row->name_len = (uint8_t)name.len;
}

static struct ipc_trust_authority *
make_authorities(const struct check *check)
{
	const struct x509_authority *all = check->authorities.items;
	struct ipc_trust_authority *rows = memory_new(check->authorities.count,
	    sizeof(*rows));

	for (size_t i = 0; i < check->authorities.count; i++) {
		struct tls_certificate_id id;

		x509_fingerprint(all[i].certificate, rows[i].fingerprint);
		memcpy(rows[i].id, all[i].id, TLS_ID_LEN);
		x509_certificate_id(all[i].certificate, all[all[i].parent].id,
		    &id);
		memcpy(rows[i].certificate, id.certificate, TLS_ID_LEN);
		rows[i].parent = all[i].parent;
		rows[i].length_max = all[i].length_max;
		rows[i].not_before = all[i].not_before;
		rows[i].not_after = all[i].not_after;
		set_name(&all[i], &rows[i]);
	}
	return rows;
}

static int
make_index(struct check *check, struct trust_result *result)
{
	struct ipc_trust_authority *authorities;
	struct ipc_trust_content content = {
		.generation = check->wanted->generation,
		.needs_all_crls = check->wanted->needs_all_crls &&
				  check->crls.count > 0,
		.authority_count = check->authorities.count,
		.crl_count = check->crls.count,
		.revoked = &check->revoked,
	};
	int error;

	add_certificate_dates(check, IPC_TRUST_DATE_SERVER,
	    &check->credentials.certificate);
	add_certificate_dates(check, IPC_TRUST_DATE_AUTHORITY,
	    &check->credentials.client_ca);
	error = add_crls(check);
	if (error != 0)
		return error;
	authorities = make_authorities(check);
	content.authorities = authorities;
	content.crls = check->index_crls;
	content.date_count = check->date_count;
	content.dates = check->dates;
	ipc_trust_index_encode(&content, &result->index);
	free(authorities);
	if (x509_key_id(&check->credentials.certificate.pk, result->spki) != 0)
		return x509_fault_set(&check->fault,
		    "tls.certificate: its public key cannot be read");
	return 0;
}

static void
check_done(struct check *check)
{
	x509_credentials_close(&check->credentials);
	trust_crls_done(&check->crls);
	x509_authorities_done(&check->authorities);
	for (size_t i = 0; i < check->date_count; i++) {
		free((void *)(uintptr_t)check->dates[i].name.data);
		free((void *)(uintptr_t)check->dates[i].id.data);
		free((void *)(uintptr_t)check->dates[i].number.data);
	}
	free(check->dates);
	free(check->index_crls);
	buffer_done(&check->revoked);
}

int
trust_check(const struct trust_files *files,
    const struct ipc_trust_check *wanted, int64_t now,
    struct trust_result *result)
{
	struct check check = {
		.files = files,
		.wanted = wanted,
		.fault = { result->text, sizeof(result->text) },
	};
	int error = x509_credentials_open(&check.credentials,
	    files->certificate.content, files->client_ca.content, &check.fault);

	if (error != 0) {
		name_file(&check);
		return error;
	}
	error = x509_authorities_find(&check.credentials.client_ca,
	    &check.authorities, &check.fault);
	if (error == 0)
		error = read_crls(&check, now);
	if (error == 0)
		error = make_index(&check, result);
	if (error != 0)
		name_file(&check);
	check_done(&check);
	return error;
}

void
trust_result_done(struct trust_result *result)
{
	buffer_done(&result->index);
}
