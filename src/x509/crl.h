/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate Revocation Lists (RFC 5280 s5): from the bytes of a file, and
 * whether one may be believed.
 */
#ifndef SIGNET_X509_CRL_H
#define SIGNET_X509_CRL_H

#include "x509/authority.h"
#include "x509/pem.h"

/* crlNumber has at most 20 bytes (RFC 5280 s5.2.3). */
#define X509_CRL_NUMBER_MAX 20

/* The CRLs of a file, PEM or DER, one after the other. */
struct x509_crl_reader {
	struct x509_pem pem;
	const char *name; /* of the file, in faults */
};

/*
 * The next one.
 *
 * crl: initialized, and free of the one before; free with
 * mbedtls_x509_crl_free() also on error.
 * Returns 1; 0 behind the last; -EINVAL.
 */
int x509_crl_next(struct x509_crl_reader *reader, mbedtls_x509_crl *crl,
    const struct x509_fault *fault);

struct x509_crl_facts {
	uint32_t authority; /* the number of who signed it */
	int64_t this_update;
	int64_t next_update;
	size_t number_len; /* 0: it has none */
	uint8_t number[X509_CRL_NUMBER_MAX];
};

/*
 * Check one that was just read: a whole CRL (no delta, nothing critical that
 * is not understood), with a next update, signed by an authority that may.
 * Dates are kept, not judged; one before 1970 is kept as 1970.
 *
 * Returns 0 or -EINVAL.
 */
int x509_crl_check(const struct x509_crl_reader *reader,
    const mbedtls_x509_crl *crl, const struct x509_authorities *authorities,
    struct x509_crl_facts *facts, const struct x509_fault *fault);

/* Is one CRL of an issuer newer than another, by date, then by number? */
bool x509_crl_is_newer(const struct x509_crl_facts *crl,
    const struct x509_crl_facts *than);

/*
 * Append the ids (x509_serial_id()) of all that it revokes: under whoever
 * signed it, and under all authorities of the same name, which is one CA's.
 */
void x509_crl_revoked_append(const mbedtls_x509_crl *crl,
    const struct x509_authorities *authorities, struct buffer *ids);

#endif
