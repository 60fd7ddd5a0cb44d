/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <check.h>

#define DAY 86400

static void
add_name(X509_NAME *subject, const struct pki_name *name)
{
	ck_assert_int_eq(X509_NAME_add_entry_by_NID(subject,
			     name->nid == 0 ? NID_commonName : name->nid,
			     name->type == 0 ? V_ASN1_UTF8STRING : name->type,
			     name->value.data, (int)name->value.len, -1, 0),
	    1);
}

static void
add_subject(X509 *certificate, const struct pki_spec *spec)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	struct pki_name only = { .value = spec->common_name };

	if (spec->common_name.data != NULL)
		add_name(subject, &only);
	for (size_t i = 0; i < 4 && spec->names[i].value.data != NULL; i++)
		add_name(subject, &spec->names[i]);
}

static void
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	if (value == NULL)
		return;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ck_assert_ptr_nonnull(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

struct pki_pair
pki_issue(const struct pki_spec *spec, const struct pki_pair *issuer)
{
	static long serial = 0x1000;
	struct pki_pair pair = { .certificate = X509_new() };
	X509 *signer;
	int lasts = spec->lasts_days == 0 ? 365 : spec->lasts_days;

	if (spec->key != NULL)
		EVP_PKEY_up_ref(spec->key);
	pair.key = spec->key != NULL ? spec->key : EVP_EC_gen("P-256");
	signer = issuer != NULL ? issuer->certificate : pair.certificate;
	X509_set_version(pair.certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(pair.certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(pair.certificate),
	    (long)(spec->begins_in_days - 1) * DAY);
	X509_gmtime_adj(X509_getm_notAfter(pair.certificate),
	    (long)lasts * DAY);
	X509_set_pubkey(pair.certificate, pair.key);
	add_subject(pair.certificate, spec);
	X509_set_issuer_name(pair.certificate, X509_get_subject_name(signer));
	add_extension(pair.certificate, signer, NID_basic_constraints,
	    spec->basic_constraints != NULL ? spec->basic_constraints
	    : spec->is_ca                   ? "critical,CA:TRUE"
					    : "CA:FALSE");
	add_extension(pair.certificate, signer, NID_name_constraints,
	    spec->name_constraints);
	add_extension(pair.certificate, signer, NID_key_usage, spec->key_usage);
	add_extension(pair.certificate, signer, NID_ext_key_usage,
	    spec->extended_key_usage);
	add_extension(pair.certificate, signer, NID_subject_alt_name,
	    spec->alternative_names);
	ck_assert_int_gt(X509_sign(pair.certificate,
			     issuer != NULL ? issuer->key : pair.key,
			     spec->digest != NULL ? spec->digest
						  : EVP_sha256()),
	    0);
	return pair;
}

void
pki_free(struct pki_pair *pair)
{
	X509_free(pair->certificate);
	EVP_PKEY_free(pair->key);
	*pair = (struct pki_pair){ .certificate = NULL };
}

static void
append_bio(BIO *bio, struct buffer *out)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	buffer_append(out, bytes_of(data, (size_t)len));
	BIO_free(bio);
}

void
pki_append_pem(const X509 *certificate, struct buffer *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_int_eq(PEM_write_bio_X509(bio, (X509 *)certificate), 1);
	append_bio(bio, out);
}

void
pki_append_der(const X509 *certificate, struct buffer *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_int_eq(i2d_X509_bio(bio, (X509 *)certificate), 1);
	append_bio(bio, out);
}

void
pki_append_key(const EVP_PKEY *key, struct buffer *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, (EVP_PKEY *)key, NULL,
			     NULL, 0, NULL, NULL),
	    1);
	append_bio(bio, out);
}

static void
revoke(X509_CRL *crl, ASN1_INTEGER *serial)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *when = X509_gmtime_adj(NULL, -DAY);

	X509_REVOKED_set_serialNumber(entry, serial);
	X509_REVOKED_set_revocationDate(entry, when);
	X509_CRL_add0_revoked(crl, entry);
	ASN1_TIME_free(when);
}

static void
add_revoked(X509_CRL *crl, const struct pki_crl_spec *spec)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	for (int i = 0; i < 4 && spec->revoked[i] != NULL; i++)
		revoke(crl,
		    X509_get_serialNumber((X509 *)(uintptr_t)spec->revoked[i]));
	for (long i = 1; i <= spec->revoked_serials; i++) {
		ASN1_INTEGER_set(serial, i);
		revoke(crl, serial);
	}
	ASN1_INTEGER_free(serial);
}

/* An extension that is an INTEGER: a CRL's number, or what a delta is to. */
static void
add_number(X509_CRL *crl, int nid, long number, bool is_critical)
{
	ASN1_INTEGER *value = ASN1_INTEGER_new();
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;
	uint8_t *der = NULL;
	int len;

	ASN1_INTEGER_set(value, number);
	len = i2d_ASN1_INTEGER(value, &der);
	ASN1_OCTET_STRING_set(content, der, len);
	extension = X509_EXTENSION_create_by_NID(NULL, nid, is_critical,
	    content);
	ck_assert_int_eq(X509_CRL_add_ext(crl, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(content);
	OPENSSL_free(der);
	ASN1_INTEGER_free(value);
}

/* One now for all: two lists of the same date must not be a second apart. */
static ASN1_TIME *
from_now(long seconds)
{
	static time_t now;

	if (now == 0)
		now = time(NULL);
	return X509_time_adj(NULL, seconds, &now);
}

void
pki_append_crl(const struct pki_crl_spec *spec, const struct pki_pair *issuer,
    bool is_der, struct buffer *out)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *since = from_now(spec->since);
	ASN1_TIME *until = from_now(spec->until);
	BIO *bio = BIO_new(BIO_s_mem());

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl,
	    X509_get_subject_name(issuer->certificate));
	X509_CRL_set1_lastUpdate(crl, since);
	if (!spec->has_no_until)
		X509_CRL_set1_nextUpdate(crl, until);
	add_revoked(crl, spec);
	if (spec->number != 0)
		add_number(crl, NID_crl_number, spec->number, false);
	if (spec->critical != 0)
		add_number(crl, spec->critical, 1, true);
	if (spec->partial != 0)
		add_number(crl, spec->partial, 1, false);
	ck_assert_int_gt(X509_CRL_sign(crl, issuer->key,
			     spec->digest != NULL ? spec->digest
						  : EVP_sha256()),
	    0);
	if (is_der)
		i2d_X509_CRL_bio(bio, crl);
	else
		PEM_write_bio_X509_CRL(bio, crl);
	append_bio(bio, out);
	ASN1_TIME_free(since);
	ASN1_TIME_free(until);
	X509_CRL_free(crl);
}
