/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/key.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "x509/certificate.h"
#include "x509/pem.h"

/* RSA with 8192 bits and what stands around it. */
#define PUBLIC_KEY_MAX 1200

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
	if (result == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
		return x509_fault_set(fault,
		    "tls.private_key: the key is encrypted; it must not be");
	if (result != 0)
		return x509_fault_set(fault,
		    "tls.private_key: no key can be read from it "
		    "(mbedTLS -0x%04x)",
		    (unsigned int)-result);
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
	return 0;
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
