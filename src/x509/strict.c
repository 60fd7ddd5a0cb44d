/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/strict.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>

#include "lib/bytes.h"
#include "x509/certificate.h"

#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)

/* The OIDs that were seen. */
struct seen {
	struct bytes oids[X509_EXTENSIONS_MAX];
	size_t count;
};

static const char *
add_oid(struct seen *seen, struct bytes oid)
{
	static const uint8_t constraints[] = { 0x55, 0x1d, 0x1e };

	if (bytes_equal(oid, bytes_of(constraints, sizeof(constraints))))
		return "name-constraints";
	for (size_t i = 0; i < seen->count; i++)
		if (bytes_equal(oid, seen->oids[i]))
			return "extension-twice";
	if (seen->count == X509_EXTENSIONS_MAX)
		return "too-many-extensions";
	seen->oids[seen->count++] = oid;
	return NULL;
}

/* Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, ... } */
static const char *
add_extension(struct seen *seen, unsigned char **at, const unsigned char *end)
{
	unsigned char *oid;
	size_t len, oid_len;

	if (mbedtls_asn1_get_tag(at, end, &len, SEQUENCE) != 0)
		return "malformed-extension";
	oid = *at;
	*at += len;
	if (mbedtls_asn1_get_tag(&oid, *at, &oid_len, MBEDTLS_ASN1_OID) != 0)
		return "malformed-extension";
	return add_oid(seen, bytes_of(oid, oid_len));
}

static const char *
check_extensions(const mbedtls_x509_crt *certificate)
{
	unsigned char *at = certificate->v3_ext.p;
	struct seen seen = { .count = 0 };
	const char *fault = NULL;
	const unsigned char *end;
	size_t len;

	if (at == NULL || certificate->v3_ext.len == 0)
		return NULL;
	end = at + certificate->v3_ext.len;
	if (mbedtls_asn1_get_tag(&at, end, &len, SEQUENCE) != 0 ||
	    at + len != end)
		return "malformed-extension";
	if (len == 0)
		return "no-extensions";
	while (fault == NULL && at < end)
		fault = add_extension(&seen, &at, end);
	return fault;
}

static const char *
check_serial(const mbedtls_x509_buf *serial)
{
	bool has_zero = serial->len > 1 && serial->p[0] == 0;

	if (serial->len == 0 || serial->len - has_zero > X509_SERIAL_LEN_MAX)
		return "serial-number-length";
	return NULL;
}

const char *
x509_strict_fault(const mbedtls_x509_crt *certificate)
{
	const char *fault = check_serial(&certificate->serial);

	return fault != NULL ? fault : check_extensions(certificate);
}

static const char *
check_rsa(const mbedtls_rsa_context *key)
{
	if (mbedtls_mpi_bitlen(&key->MBEDTLS_PRIVATE(N)) > X509_RSA_BITS_MAX)
		return "rsa-modulus-length";
	if (mbedtls_mpi_bitlen(&key->MBEDTLS_PRIVATE(E)) >
	    X509_RSA_EXPONENT_BITS_MAX)
		return "rsa-exponent-length";
	return NULL;
}

const char *
x509_public_key_fault(const mbedtls_pk_context *key)
{
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_RSA))
		return check_rsa(mbedtls_pk_rsa(*key));
	if (!mbedtls_pk_can_do(key, MBEDTLS_PK_ECKEY))
		return "key-type";
	switch (mbedtls_pk_ec(*key)->MBEDTLS_PRIVATE(grp).id) {
	case MBEDTLS_ECP_DP_SECP256R1:
	case MBEDTLS_ECP_DP_SECP384R1:
	case MBEDTLS_ECP_DP_SECP521R1:
		return NULL;
	default:
		return "elliptic-curve";
	}
}
