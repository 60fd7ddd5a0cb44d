/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for the tests, made in memory: each as good or as bad as its
 * specification says.
 */
#ifndef SIGNET_TESTS_X509_PKI_H
#define SIGNET_TESTS_X509_PKI_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "lib/buffer.h"

struct pki_name {
	int nid;  /* NID_commonName if 0 */
	int type; /* V_ASN1_UTF8STRING if 0 */
	struct bytes value;
};

struct pki_spec {
	struct bytes common_name; /* one CN in UTF-8; or */
	struct pki_name names[4]; /* this subject, if it is empty */
	int begins_in_days;
	int lasts_days; /* from now; 365 if 0 */
	bool is_ca;
	const char *basic_constraints; /* in stead of what is_ca says */
	const char *name_constraints;
	const char *extended_key_usage;
	const char *key_usage;
	const char *alternative_names;
	const EVP_MD *digest; /* SHA-256 if NULL */
	EVP_PKEY *key;        /* a new one on P-256 if NULL */
};

struct pki_pair {
	X509 *certificate;
	EVP_PKEY *key;
};

/* A CRL; times are seconds from when the first one was made. */
struct pki_crl_spec {
	const X509 *revoked[4]; /* as many as are not NULL */
	int revoked_serials;    /* and 1, 2, ... up to this number */
	long since, until;
	long number; /* 0: it has none */
	bool has_no_until;
	int critical;         /* a NID; 0: nothing critical */
	int partial;          /* a NID; 0: nothing that says it is a part */
	const EVP_MD *digest; /* SHA-256 if NULL */
};
void pki_append_crl(const struct pki_crl_spec *spec,
    const struct pki_pair *issuer, bool is_der, struct buffer *out);

/* issuer: NULL for one that signs itself. Free with pki_free(). */
struct pki_pair pki_issue(const struct pki_spec *spec,
    const struct pki_pair *issuer);
void pki_free(struct pki_pair *pair);

void pki_append_pem(const X509 *certificate, struct buffer *out);
void pki_append_der(const X509 *certificate, struct buffer *out);
void pki_append_key(const EVP_PKEY *key, struct buffer *out);

#endif
