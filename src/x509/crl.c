/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/crl.h"

#include <errno.h>
#include <stdlib.h>

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

#include "lib/memory.h"
#include "x509/signature.h"

/* Extensions (RFC 5280 s5.2) without the 2.5.29 in front. */
#define EXTENSION_OID_LEN      3
#define EXTENSION_CRL_NUMBER   "\x55\x1d\x14"
#define EXTENSION_DELTA        "\x55\x1d\x1b"
#define EXTENSION_DISTRIBUTION "\x55\x1d\x1c"
#define ERROR_CRITICAL_EXTENSION                                               \
	(MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_UNEXPECTED_TAG)

static int
parse_one(const struct x509_crl_reader *reader, struct bytes one,
    mbedtls_x509_crl *crl, const struct x509_fault *fault)
{
	bool is_pem = reader->pem.line > 0;
	char place[X509_PEM_PLACE_MAX];
	uint8_t *copy = memory_copy(one);
	int result = mbedtls_x509_crl_parse(crl, copy,
	    is_pem ? one.len + 1 : one.len);

	free(copy);
	if (result == 0 && crl->raw.len > 0)
		return 1;
	x509_pem_place(&reader->pem, "CRL", place);
	if (result == ERROR_CRITICAL_EXTENSION)
		return x509_fault_set(fault,
		    "tls.crl: %s: %s has a critical extension: only whole CRLs "
		    "that speak of all certificates of their issuer are "
		    "understood",
		    reader->name, place);
	return x509_fault_set(fault,
	    "tls.crl: %s: %s cannot be read (mbedTLS -0x%04x)", reader->name,
	    place, (unsigned int)-result);
}

int
x509_crl_next(struct x509_crl_reader *reader, mbedtls_x509_crl *crl,
    const struct x509_fault *fault)
{
	struct x509_pem *pem = &reader->pem;
	char place[X509_PEM_PLACE_MAX];
	struct bytes one;
	int found;

	if (pem->file.len == 0)
		return x509_fault_set(fault, "tls.crl: %s: the file is empty",
		    reader->name);
	found = x509_pem_next(pem, "X509 CRL", &one);
	if (found < 0)
		return x509_fault_set(fault,
		    "tls.crl: %s: %s has no end: the file is cut", reader->name,
		    x509_pem_place(pem, "CRL", place));
	if (found == 0 && pem->count == 0)
		return x509_fault_set(fault,
		    "tls.crl: %s: there is no CRL in it", reader->name);
	return found == 0 ? 0 : parse_one(reader, one, crl, fault);
}

/* Leave zeros in front away; false if it is longer than it may be. */
static bool
take_number(const unsigned char *at, size_t len, struct x509_crl_facts *facts)
{
	while (len > 0 && *at == 0) {
		at++;
		len--;
	}
	if (len > X509_CRL_NUMBER_MAX)
		return false;
	facts->number_len = len;
	memcpy(facts->number, at, len);
	return true;
}

/*
 * One extension: SEQUENCE { extnID, critical BOOLEAN, extnValue OCTET STRING }.
 * What is critical the library has refused.
 */
static bool
check_extension(unsigned char *at, const unsigned char *end,
    struct x509_crl_facts *facts)
{
	unsigned char *oid;
	size_t len;
	int is_critical;

	if (mbedtls_asn1_get_tag(&at, end, &len, MBEDTLS_ASN1_OID) != 0)
		return false;
	oid = at;
	at += len;
	if (len != EXTENSION_OID_LEN)
		return true;
	if (memcmp(oid, EXTENSION_DELTA, EXTENSION_OID_LEN) == 0 ||
	    memcmp(oid, EXTENSION_DISTRIBUTION, EXTENSION_OID_LEN) == 0)
		return false;
	if (memcmp(oid, EXTENSION_CRL_NUMBER, EXTENSION_OID_LEN) != 0)
		return true;
	(void)mbedtls_asn1_get_bool(&at, end, &is_critical);
	return mbedtls_asn1_get_tag(&at, end, &len,
		   MBEDTLS_ASN1_OCTET_STRING) == 0 &&
	       mbedtls_asn1_get_tag(&at, end, &len, MBEDTLS_ASN1_INTEGER) ==
		   0 &&
	       take_number(at, len, facts);
}

/* False for what is not the whole truth: a delta, or a part of one. */
static bool
check_extensions(const mbedtls_x509_crl *crl, struct x509_crl_facts *facts)
{
	unsigned char *at = crl->crl_ext.p;
	const unsigned char *end = at + crl->crl_ext.len;
	size_t len;

	if (crl->crl_ext.len == 0)
		return true;
	/* crlExtensions is [0] EXPLICIT; the library leaves its inside. */
	if (mbedtls_asn1_get_tag(&at, end, &len,
		MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
		return false;
	while (at < end) {
		if (mbedtls_asn1_get_tag(&at, end, &len,
			MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
			return false;
		if (!check_extension(at, at + len, facts))
			return false;
		at += len;
	}
	return true;
}

static bool
bears_name(const struct x509_authority *authority, const mbedtls_x509_crl *crl)
{
	const mbedtls_x509_buf *name = &authority->certificate->subject_raw;

	return bytes_equal(bytes_of(name->p, name->len),
	    bytes_of(crl->issuer_raw.p, crl->issuer_raw.len));
}

/* Who signed it; or the words of why nobody has. */
static const char *
find_signer(const mbedtls_x509_crl *crl,
    const struct x509_authorities *authorities, uint32_t *number)
{
	struct x509_signature signature = x509_signature_of_crl(crl);
	const char *why = "is of an issuer whose certificate is not in "
			  "tls.client_ca: put it there, also if it is an "
			  "intermediate's";

	if (!x509_signature_is_strong(&signature))
		return "is not signed with SHA-256, SHA-384 or SHA-512";
	for (uint32_t i = 0; i < authorities->count; i++) {
		const struct x509_authority *authority = &authorities->items[i];

		if (!bears_name(authority, crl))
			continue;
		if (mbedtls_x509_crt_check_key_usage(authority->certificate,
			MBEDTLS_X509_KU_CRL_SIGN) != 0) {
			why = "is of an issuer that may not sign CRLs (its key "
			      "usage lacks cRLSign)";
			continue;
		}
		if (x509_signature_is_by(&signature, authority->certificate)) {
			*number = i;
			return NULL;
		}
		why = "bears a wrong signature: another key than its issuer's "
		      "has made it, or it was changed";
	}
	return why;
}

/* What a date says that is before 1970 is that it is long ago: in what is made
 * of it, as elsewhere, time begins then. */
static int64_t
seconds_since_1970(const mbedtls_x509_time *when)
{
	int64_t seconds = x509_seconds(when);

	return seconds > 0 ? seconds : 0;
}

int
x509_crl_check(const struct x509_crl_reader *reader,
    const mbedtls_x509_crl *crl, const struct x509_authorities *authorities,
    struct x509_crl_facts *facts, const struct x509_fault *fault)
{
	struct x509_crl_facts found = { .number_len = 0 };
	const char *why = NULL;
	char issuer[X509_SUBJECT_MAX], place[X509_PEM_PLACE_MAX];

	if (!check_extensions(crl, &found))
		why = "is a delta, or speaks of some certificates only: whole "
		      "CRLs are needed";
	else if (crl->next_update.year == 0)
		why = "does not say when the next one comes (nextUpdate, RFC "
		      "5280 s5.1.2.5)";
	else
		why = find_signer(crl, authorities, &found.authority);
	if (why != NULL) {
		x509_name_text(&crl->issuer, issuer);
		return x509_fault_set(fault, "tls.crl: %s: %s, of \"%s\", %s",
		    reader->name, x509_pem_place(&reader->pem, "CRL", place),
		    issuer, why);
	}
	found.this_update = seconds_since_1970(&crl->this_update);
	found.next_update = seconds_since_1970(&crl->next_update);
	*facts = found;
	return 0;
}

bool
x509_crl_is_newer(const struct x509_crl_facts *crl,
    const struct x509_crl_facts *than)
{
	if (crl->this_update != than->this_update)
		return crl->this_update > than->this_update;
	if (crl->number_len != than->number_len)
		return crl->number_len > than->number_len;
	return memcmp(crl->number, than->number, crl->number_len) > 0;
}

/* Has one before this number the same id? A CA's certificate and the one that
 * renews it have. */
static bool
is_repeated(const struct x509_authorities *authorities, uint32_t number)
{
	for (uint32_t i = 0; i < number; i++)
		if (memcmp(authorities->items[i].id,
			authorities->items[number].id, TLS_ID_LEN) == 0)
			return true;
	return false;
}

static void
append_entries(const mbedtls_x509_crl *crl, const uint8_t issuer[TLS_ID_LEN],
    struct buffer *ids)
{
	for (const mbedtls_x509_crl_entry *entry = &crl->entry;
	     entry != NULL && entry->serial.len > 0; entry = entry->next) {
		uint8_t id[TLS_ID_LEN];

		x509_serial_id(issuer,
		    bytes_of(entry->serial.p, entry->serial.len), id);
		buffer_append(ids, bytes_of(id, TLS_ID_LEN));
	}
}

void
x509_crl_revoked_append(const mbedtls_x509_crl *crl,
    const struct x509_authorities *authorities, struct buffer *ids)
{
	for (uint32_t i = 0; i < authorities->count; i++)
		if (bears_name(&authorities->items[i], crl) &&
		    !is_repeated(authorities, i))
			append_entries(crl, authorities->items[i].id, ids);
}
