/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/signature.h"

#include "x509/certificate.h"

#define EC_BITS_MIN 256

struct x509_signature
x509_signature_of_certificate(const mbedtls_x509_crt *certificate)
{
	return (struct x509_signature){
		.content = bytes_of(certificate->tbs.p, certificate->tbs.len),
		.value = bytes_of(certificate->MBEDTLS_PRIVATE(sig).p,
		    certificate->MBEDTLS_PRIVATE(sig).len),
		.hash = certificate->MBEDTLS_PRIVATE(sig_md),
		.algorithm = certificate->MBEDTLS_PRIVATE(sig_pk),
		.options = certificate->MBEDTLS_PRIVATE(sig_opts),
	};
}

struct x509_signature
x509_signature_of_crl(const mbedtls_x509_crl *crl)
{
	return (struct x509_signature){
		.content = bytes_of(crl->tbs.p, crl->tbs.len),
		.value = bytes_of(crl->MBEDTLS_PRIVATE(sig).p,
		    crl->MBEDTLS_PRIVATE(sig).len),
		.hash = crl->MBEDTLS_PRIVATE(sig_md),
		.algorithm = crl->MBEDTLS_PRIVATE(sig_pk),
		.options = crl->MBEDTLS_PRIVATE(sig_opts),
	};
}

bool
x509_signature_is_strong(const struct x509_signature *signature)
{
	return signature->hash == MBEDTLS_MD_SHA256 ||
	       signature->hash == MBEDTLS_MD_SHA384 ||
	       signature->hash == MBEDTLS_MD_SHA512;
}

static bool
key_is_strong(const mbedtls_pk_context *key)
{
	size_t least = mbedtls_pk_can_do(key, MBEDTLS_PK_RSA)
			   ? X509_RSA_BITS_MIN
			   : EC_BITS_MIN;

	return mbedtls_pk_get_bitlen(key) >= least;
}

bool
x509_signature_is_by(const struct x509_signature *signature,
    const mbedtls_x509_crt *signer)
{
	mbedtls_pk_context *key = (mbedtls_pk_context *)&signer->pk;
	const mbedtls_md_info_t *info = mbedtls_md_info_from_type(
	    signature->hash);
	unsigned char hash[MBEDTLS_MD_MAX_SIZE];

	if (info == NULL || !x509_signature_is_strong(signature) ||
	    !key_is_strong(key) ||
	    !mbedtls_pk_can_do(key, signature->algorithm) ||
	    mbedtls_md(info, signature->content.data, signature->content.len,
		hash) != 0)
		return false;
	return mbedtls_pk_verify_ext(signature->algorithm, signature->options,
		   key, signature->hash, hash, mbedtls_md_get_size(info),
		   signature->value.data, signature->value.len) == 0;
}
