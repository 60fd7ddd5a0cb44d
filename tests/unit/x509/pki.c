/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

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
	    spec->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
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
