/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/signer.h"

#include "gate/interpose.h"
#include "x509/key.h"

static struct {
	signer_ask *ask; /* NULL: closed */
	void *context;
	const char *fault;
} signer;

void
signer_open(signer_ask *ask, void *context)
{
	signer.ask = ask;
	signer.context = context;
	signer.fault = NULL;
}

void
signer_close(void)
{
	signer.ask = NULL;
}

void
signer_begin(void)
{
	signer.fault = NULL;
}

const char *
signer_fault(void)
{
	return signer.fault;
}

static bool
find_hash(mbedtls_md_type_t md, enum ipc_sign_hash *hash)
{
	switch (md) {
	case MBEDTLS_MD_SHA256:
		*hash = IPC_SIGN_SHA256;
		return true;
	case MBEDTLS_MD_SHA384:
		*hash = IPC_SIGN_SHA384;
		return true;
	case MBEDTLS_MD_SHA512:
		*hash = IPC_SIGN_SHA512;
		return true;
	default:
		return false;
	}
}

static enum ipc_sign_scheme
scheme_of(const mbedtls_pk_context *key, mbedtls_pk_type_t type)
{
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA))
		return IPC_SIGN_ECDSA;
	return type == MBEDTLS_PK_RSASSA_PSS ? IPC_SIGN_RSA_PSS
					     : IPC_SIGN_RSA_PKCS1;
}

/* What is to be signed; or why it is not. */
static const char *
describe(const mbedtls_pk_context *key, mbedtls_pk_type_t type,
    mbedtls_md_type_t md, struct bytes digest, struct ipc_sign *sign)
{
	if (!find_hash(md, &sign->hash))
		return "weak-signature-hash";
	sign->scheme = scheme_of(key, type);
	sign->digest = digest;
	if (digest.len == 0) /* mbedTLS: as long as the hash */
		sign->digest.len = ipc_sign_digest_len(sign->hash);
	if (sign->digest.len != ipc_sign_digest_len(sign->hash))
		return "digest-length";
	if (x509_key_id(key, sign->key_id) != 0)
		return "key-without-id";
	return NULL;
}

/* 0, or an error of mbedTLS; its own word for the fault does not matter. */
static int
sign_elsewhere(const mbedtls_pk_context *key, mbedtls_pk_type_t type,
    mbedtls_md_type_t md, struct bytes digest, unsigned char *signature,
    size_t size, size_t *len)
{
	uint8_t made[IPC_SIGNATURE_MAX];
	struct ipc_sign sign;
	size_t made_len = 0;
	const char *fault = signer.fault;

	/* One that failed already is tried again with another scheme. */
	if (fault == NULL)
		fault = describe(key, type, md, digest, &sign);
	if (fault == NULL)
		fault = signer.ask(signer.context, &sign, made, &made_len);
	if (fault == NULL && made_len > size)
		fault = "signature-length";
	if (fault != NULL) {
		signer.fault = fault;
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	}
	memcpy(signature, made, made_len);
	*len = made_len;
	return 0;
}

#if COMPAT_HAS_TLS_1_3

typedef int sign_function(mbedtls_pk_context *key, mbedtls_md_type_t md,
    const unsigned char *hash, size_t hash_len, unsigned char *signature,
    size_t size, size_t *len, mbedtls_f_rng_t *random, void *random_context);

typedef int sign_ext_function(mbedtls_pk_type_t type, mbedtls_pk_context *key,
    mbedtls_md_type_t md, const unsigned char *hash, size_t hash_len,
    unsigned char *signature, size_t size, size_t *len, mbedtls_f_rng_t *random,
    void *random_context);

int
mbedtls_pk_sign(mbedtls_pk_context *key, mbedtls_md_type_t md,
    const unsigned char *hash, size_t hash_len, unsigned char *signature,
    size_t size, size_t *len, mbedtls_f_rng_t *random, void *random_context)
{
	sign_function *next;

	if (signer.ask != NULL)
		return sign_elsewhere(key, MBEDTLS_PK_NONE, md,
		    bytes_of(hash, hash_len), signature, size, len);
	interpose_find_next("mbedtls_pk_sign", &next);
	return next(key, md, hash, hash_len, signature, size, len, random,
	    random_context);
}

int
mbedtls_pk_sign_ext(mbedtls_pk_type_t type, mbedtls_pk_context *key,
    mbedtls_md_type_t md, const unsigned char *hash, size_t hash_len,
    unsigned char *signature, size_t size, size_t *len, mbedtls_f_rng_t *random,
    void *random_context)
{
	sign_ext_function *next;

	if (signer.ask != NULL)
		return sign_elsewhere(key, type, md, bytes_of(hash, hash_len),
		    signature, size, len);
	interpose_find_next("mbedtls_pk_sign_ext", &next);
	return next(type, key, md, hash, hash_len, signature, size, len, random,
	    random_context);
}

#else

typedef int random_function(void *context, unsigned char *out, size_t len);

typedef int sign_function(mbedtls_pk_context *key, mbedtls_md_type_t md,
    const unsigned char *hash, size_t hash_len, unsigned char *signature,
    size_t *len, random_function *random, void *random_context);

int
mbedtls_pk_sign(mbedtls_pk_context *key, mbedtls_md_type_t md,
    const unsigned char *hash, size_t hash_len, unsigned char *signature,
    size_t *len, random_function *random, void *random_context)
{
	sign_function *next;

	if (signer.ask != NULL)
		return sign_elsewhere(key, MBEDTLS_PK_NONE, md,
		    bytes_of(hash, hash_len), signature,
		    MBEDTLS_PK_SIGNATURE_MAX_SIZE, len);
	interpose_find_next("mbedtls_pk_sign", &next);
	return next(key, md, hash, hash_len, signature, len, random,
	    random_context);
}

#endif
