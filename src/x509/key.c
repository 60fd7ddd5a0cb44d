/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/key.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "x509/certificate.h"
#include "x509/pem.h"

/* RSA with 8192 bits and what stands around it. */
#define PUBLIC_KEY_MAX 1200

static bool
has_text(struct bytes file, const char *text)
{
	return memmem(file.data, file.len, text, strlen(text)) != NULL;
}

/* What an operator may have taken for the key, or done to it. */
static const char *
why_unreadable(struct bytes file, int result)
{
	if (result == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG)
		return "it is neither of RSA nor of ECDSA";
	if (result == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE)
		return "it is on an unknown curve";
	if (!x509_is_pem(file))
		return "it is not PEM, and no key in DER";
	if (has_text(file, "BEGIN PRIVATE KEY-----") ||
	    has_text(file, "BEGIN RSA PRIVATE KEY-----") ||
	    has_text(file, "BEGIN EC PRIVATE KEY-----"))
		return has_text(file, "-----END ") ? "the key is damaged"
						   : "the file is cut";
	if (has_text(file, "PRIVATE KEY-----"))
		return "it is in a format that TLS keys do not have";
	if (has_text(file, "BEGIN PUBLIC KEY-----"))
		return "it is a public key";
	if (has_text(file, "BEGIN CERTIFICATE-----"))
		return "there are certificates in it, and no key";
	return "there is no private key in it";
}

static int
fault_unreadable(struct bytes file, int result, const struct x509_fault *fault)
{
	if (result == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
		return x509_fault_set(fault,
		    "tls.private_key: the key is encrypted; it must not be");
	return x509_fault_set(fault,
	    "tls.private_key: no key can be read from it: %s (mbedTLS "
	    "-0x%04x)",
	    why_unreadable(file, result), (unsigned int)-result);
}

/* Those that handshakes are made with. */
static bool
is_on_known_curve(const mbedtls_pk_context *key)
{
	switch (mbedtls_pk_ec(*key)->MBEDTLS_PRIVATE(grp).id) {
	case MBEDTLS_ECP_DP_SECP256R1:
	case MBEDTLS_ECP_DP_SECP384R1:
	case MBEDTLS_ECP_DP_SECP521R1:
		return true;
	default:
		return false;
	}
}

/* A file may hold the public half of another key, which names it. */
static int
check_halves(const mbedtls_pk_context *key, mbedtls_ctr_drbg_context *random,
    const struct x509_fault *fault)
{
	if (compat_check_pair(key, key, random) != 0)
		return x509_fault_set(fault,
		    "tls.private_key: the key is damaged: its public half is "
		    "not of its private half");
	return 0;
}

static int
check_kind(const mbedtls_pk_context *key, const struct x509_fault *fault)
{
	if (!mbedtls_pk_can_do(key, MBEDTLS_PK_RSA) &&
	    !mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA))
		return x509_fault_set(fault,
		    "tls.private_key: it is neither of RSA nor of ECDSA");
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_RSA) &&
	    mbedtls_pk_get_bitlen(key) < X509_RSA_BITS_MIN)
		return x509_fault_set(fault,
		    "tls.private_key: RSA of %zu bits is too weak, %d is the "
		    "least",
		    mbedtls_pk_get_bitlen(key), X509_RSA_BITS_MIN);
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA) && !is_on_known_curve(key))
		return x509_fault_set(fault,
		    "tls.private_key: it is on a curve that TLS clients do not "
		    "take: use P-256, P-384 or P-521");
	return 0;
}

int
x509_key_parse(mbedtls_pk_context *key, struct bytes file,
    mbedtls_ctr_drbg_context *random, const struct x509_fault *fault)
{
	uint8_t *copy;
	int result;

	if (file.len == 0)
		return x509_fault_set(fault,
		    "tls.private_key: the file is empty");
	/* mbedTLS takes PEM with a NUL behind it, DER without. */
	copy = memory_copy(file);
	result = compat_parse_key(key, copy,
	    x509_is_pem(file) ? file.len + 1 : file.len, random);
	memory_wipe(copy, file.len);
	free(copy);
	if (result != 0)
		return fault_unreadable(file, result, fault);
	result = check_kind(key, fault);
	return result == 0 ? check_halves(key, random, fault) : result;
}

int
x509_key_id(const mbedtls_pk_context *key, uint8_t id[X509_KEY_ID_LEN])
{
	uint8_t der[PUBLIC_KEY_MAX];
	int len = compat_write_public_key(key, der, sizeof(der));

	/* It is written at the end. */
	if (len <= 0 ||
	    compat_sha256(der + sizeof(der) - len, (size_t)len, id) != 0)
		return -EINVAL;
	return 0;
}

int
x509_key_check(const mbedtls_pk_context *key,
    const mbedtls_x509_crt *certificate, mbedtls_ctr_drbg_context *random,
    const struct x509_fault *fault)
{
	if (compat_check_pair(&certificate->pk, key, random) != 0)
		return x509_fault_set(fault,
		    "tls.private_key: it is not the key of the first "
		    "certificate in tls.certificate");
	return 0;
}
