/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The differences between mbedTLS 2.28 and 3.6. Whoever works with mbedTLS
 * includes this: everything else is one source for both.
 */
#ifndef SIGNET_X509_COMPAT_H
#define SIGNET_X509_COMPAT_H

#include <stdbool.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define COMPAT_HAS_TLS_1_3 1
#include <psa/crypto.h>
#else
#define COMPAT_HAS_TLS_1_3      0
/* Here all fields are public. */
#define MBEDTLS_PRIVATE(member) member
#endif

#if COMPAT_HAS_TLS_1_3

#define COMPAT_ERR_BAD_CERTIFICATE   MBEDTLS_ERR_SSL_BAD_CERTIFICATE
#define COMPAT_ERR_PROTOCOL_VERSION  MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION
#define COMPAT_ERR_HANDSHAKE_FAILURE MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE
#define COMPAT_ERR_NO_COMMON_CIPHER  MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE
#define COMPAT_ERR_ILLEGAL_PARAMETER MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER
/* Not an error of this version. */
#define COMPAT_ERR_BAD_FINISHED    1
#define COMPAT_ERR_BAD_SIGNATURE   1
#define COMPAT_ERR_UNUSABLE_CIPHER 1

static inline void
compat_start(void)
{
	psa_crypto_init(); /* its failure shows in the first handshake */
}

static inline int
compat_sha256(const unsigned char *data, size_t len, unsigned char *hash)
{
	return mbedtls_sha256(data, len, hash, 0);
}

static inline int
compat_parse_key(mbedtls_pk_context *key, const unsigned char *data, size_t len,
    mbedtls_ctr_drbg_context *random)
{
	return mbedtls_pk_parse_key(key, data, len, NULL, 0,
	    mbedtls_ctr_drbg_random, random);
}

static inline int
compat_check_pair(const mbedtls_pk_context *public_key,
    const mbedtls_pk_context *private_key, mbedtls_ctr_drbg_context *random)
{
	return mbedtls_pk_check_pair(public_key, private_key,
	    mbedtls_ctr_drbg_random, random);
}

/* signature: of MBEDTLS_PK_SIGNATURE_MAX_SIZE bytes; so below. */
static inline int
compat_ecdsa_sign(mbedtls_ecp_keypair *key, mbedtls_md_type_t md,
    const unsigned char *digest, size_t digest_len, unsigned char *signature,
    size_t *len, mbedtls_ctr_drbg_context *random)
{
	return mbedtls_ecdsa_write_signature(key, md, digest, digest_len,
	    signature, MBEDTLS_PK_SIGNATURE_MAX_SIZE, len,
	    mbedtls_ctr_drbg_random, random);
}

static inline int
compat_rsa_sign_pkcs1(mbedtls_rsa_context *key, mbedtls_md_type_t md,
    const unsigned char *digest, size_t digest_len, unsigned char *signature,
    mbedtls_ctr_drbg_context *random)
{
	int error = mbedtls_rsa_set_padding(key, MBEDTLS_RSA_PKCS_V15,
	    MBEDTLS_MD_NONE);

	if (error != 0)
		return error;
	return mbedtls_rsa_rsassa_pkcs1_v15_sign(key, mbedtls_ctr_drbg_random,
	    random, md, (unsigned int)digest_len, digest, signature);
}

/* The salt is as long as the digest. */
static inline int
compat_rsa_sign_pss(mbedtls_rsa_context *key, mbedtls_md_type_t md,
    const unsigned char *digest, size_t digest_len, unsigned char *signature,
    mbedtls_ctr_drbg_context *random)
{
	int error = mbedtls_rsa_set_padding(key, MBEDTLS_RSA_PKCS_V21, md);

	if (error != 0)
		return error;
	return mbedtls_rsa_rsassa_pss_sign_ext(key, mbedtls_ctr_drbg_random,
	    random, md, (unsigned int)digest_len, digest, (int)digest_len,
	    signature);
}

static inline int
compat_write_public_key(const mbedtls_pk_context *key, unsigned char *buffer,
    size_t size)
{
	return mbedtls_pk_write_pubkey_der(key, buffer, size);
}

static inline bool
compat_is_ca(const mbedtls_x509_crt *certificate)
{
	return mbedtls_x509_crt_get_ca_istrue(certificate) > 0;
}

/* What the peer's last alert said; after MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE. */
static inline unsigned int
compat_received_alert(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(in_msg)[1];
}

static inline size_t
compat_receive_max(const mbedtls_ssl_context *ssl)
{
	return (size_t)mbedtls_ssl_get_max_in_record_payload(ssl);
}

#else /* mbedTLS 2.28 */

#define COMPAT_ERR_BAD_CERTIFICATE   MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE
#define COMPAT_ERR_PROTOCOL_VERSION  MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#define COMPAT_ERR_NO_COMMON_CIPHER  MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN
#define COMPAT_ERR_BAD_FINISHED      MBEDTLS_ERR_SSL_BAD_HS_FINISHED
#define COMPAT_ERR_BAD_SIGNATURE     MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE_VERIFY
#define COMPAT_ERR_UNUSABLE_CIPHER   MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE
/* Not errors of this version. */
#define COMPAT_ERR_HANDSHAKE_FAILURE 1
#define COMPAT_ERR_ILLEGAL_PARAMETER 1

static inline void
compat_start(void)
{
}

static inline int
compat_sha256(const unsigned char *data, size_t len, unsigned char *hash)
{
	return mbedtls_sha256_ret(data, len, hash, 0);
}

static inline int
compat_parse_key(mbedtls_pk_context *key, const unsigned char *data, size_t len,
    mbedtls_ctr_drbg_context *random)
{
	(void)random;
	return mbedtls_pk_parse_key(key, data, len, NULL, 0);
}

static inline int
compat_check_pair(const mbedtls_pk_context *public_key,
    const mbedtls_pk_context *private_key, mbedtls_ctr_drbg_context *random)
{
	(void)random;
	return mbedtls_pk_check_pair(public_key, private_key);
}

static inline int
compat_ecdsa_sign(mbedtls_ecp_keypair *key, mbedtls_md_type_t md,
    const unsigned char *digest, size_t digest_len, unsigned char *signature,
    size_t *len, mbedtls_ctr_drbg_context *random)
{
	return mbedtls_ecdsa_write_signature(key, md, digest, digest_len,
	    signature, len, mbedtls_ctr_drbg_random, random);
}

static inline int
compat_rsa_sign_pkcs1(mbedtls_rsa_context *key, mbedtls_md_type_t md,
    const unsigned char *digest, size_t digest_len, unsigned char *signature,
    mbedtls_ctr_drbg_context *random)
{
	mbedtls_rsa_set_padding(key, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE);
	return mbedtls_rsa_rsassa_pkcs1_v15_sign(key, mbedtls_ctr_drbg_random,
	    random, MBEDTLS_RSA_PRIVATE, md, (unsigned int)digest_len, digest,
	    signature);
}

static inline int
compat_rsa_sign_pss(mbedtls_rsa_context *key, mbedtls_md_type_t md,
    const unsigned char *digest, size_t digest_len, unsigned char *signature,
    mbedtls_ctr_drbg_context *random)
{
	mbedtls_rsa_set_padding(key, MBEDTLS_RSA_PKCS_V21, (int)md);
	return mbedtls_rsa_rsassa_pss_sign_ext(key, mbedtls_ctr_drbg_random,
	    random, md, (unsigned int)digest_len, digest, (int)digest_len,
	    signature);
}

/* It is only read from. */
static inline int
compat_write_public_key(const mbedtls_pk_context *key, unsigned char *buffer,
    size_t size)
{
	mbedtls_pk_context copy = *key;

	return mbedtls_pk_write_pubkey_der(&copy, buffer, size);
}

static inline bool
compat_is_ca(const mbedtls_x509_crt *certificate)
{
	return certificate->ca_istrue != 0;
}

static inline unsigned int
compat_received_alert(const mbedtls_ssl_context *ssl)
{
	return ssl->in_msg[1];
}

static inline size_t
compat_receive_max(const mbedtls_ssl_context *ssl)
{
	return mbedtls_ssl_get_input_max_frag_len(ssl);
}

#endif

#endif
