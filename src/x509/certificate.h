/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: from the bytes of a file, and what is taken from one.
 */
#ifndef SIGNET_X509_CERTIFICATE_H
#define SIGNET_X509_CERTIFICATE_H

#include "lib/buffer.h"
#include "tls/handover.h"
#include "x509/compat.h"
#include "x509/fault.h"

#define X509_SUBJECT_MAX 512

/* The tags of GeneralName (RFC 5280 s4.2.1.6), under the mask. */
#define X509_SAN_TAG_MASK  0x1f
#define X509_SAN_TAG_EMAIL 1
#define X509_SAN_TAG_DNS   2
#define X509_SAN_TAG_URI   6

/* The least RSA that is accepted from anybody. */
#define X509_RSA_BITS_MIN 2048
/* The most of what clients send; what is in tls.client_ca may have more. */
#define X509_RSA_BITS_MAX 4096
/* RSA's public exponent is 65537 nearly everywhere; some write 2^32 - 1 or so.
 * Verifying takes as many steps as it has bits. */
#define X509_RSA_EXPONENT_BITS_MAX 32

/*
 * Parse a file of certificates, PEM or DER, of which each must be readable.
 * The fault says which one is not, and where it begins.
 *
 * certificates: initialized; holds what could be read also on error.
 * setting: named by the fault.
 * Returns 0 or -EINVAL.
 */
int x509_certificates_parse(mbedtls_x509_crt *certificates, struct bytes file,
    const char *setting, const struct x509_fault *fault);

/*
 * 0; or 1 and the words if one of the chain has not begun, ends soon or has
 * ended. now: seconds since 1970.
 */
int x509_certificates_check_dates(const mbedtls_x509_crt *certificates,
    const char *setting, int64_t now, const struct x509_fault *fault);

/* Seconds since 1970. */
int64_t x509_seconds(const mbedtls_x509_time *when);

/* A name as text; "(cannot be shown)" if it is too long or unreadable. */
void x509_name_text(const mbedtls_x509_name *name, char text[X509_SUBJECT_MAX]);

/*
 * The common name of the subject: a view into the certificate. BYTES_NONE if
 * it has none or several, or one that is no text.
 */
struct bytes x509_common_name(const mbedtls_x509_crt *certificate);

/* SHA-256 of the certificate. */
void x509_fingerprint(const mbedtls_x509_crt *certificate,
    uint8_t fingerprint[TLS_HASH_LEN]);

/*
 * Who issues under this certificate: a hash of its subject's name and its
 * public key, so that it stays when the certificate is renewed.
 */
void x509_authority_id(const mbedtls_x509_crt *certificate,
    uint8_t id[TLS_ID_LEN]);

/*
 * What a CRL revokes: a hash of an issuer's id and a serial number, which is as
 * DER has it; zeros in front make no difference.
 */
void x509_serial_id(const uint8_t issuer[TLS_ID_LEN], struct bytes serial,
    uint8_t id[TLS_ID_LEN]);

/* A certificate as a link of a chain, by the id of its issuer. */
void x509_certificate_id(const mbedtls_x509_crt *certificate,
    const uint8_t issuer[TLS_ID_LEN], struct tls_certificate_id *id);

/* Do issuer and subject bear the same name? */
bool x509_is_self_issued(const mbedtls_x509_crt *certificate);

enum x509_fields_result {
	X509_FIELDS_COMPLETE,
	X509_FIELDS_MALFORMED, /* characters that a name must not have */
	X509_FIELDS_TOO_MANY,
};

/*
 * Append all that rights may speak of (tls/handover.h): subject CN, O and OU,
 * the names in subjectAltName, the issuer's CN. What is appended on error is
 * of no use.
 */
enum x509_fields_result x509_fields_append(const mbedtls_x509_crt *certificate,
    struct buffer *fields);

#endif
