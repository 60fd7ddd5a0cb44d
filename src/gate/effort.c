/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/effort.h"

#include "gate/interpose.h"
#include "x509/certificate.h"
#include "x509/strict.h"

static struct effort *current; /* NULL: nothing is counted */

void
effort_init(struct effort *effort, const mbedtls_x509_crt *authorities)
{
	*effort = (struct effort){ .authorities = authorities };
}

void
effort_begin(struct effort *effort)
{
	current = effort;
}

void
effort_end(void)
{
	current = NULL;
}

void
effort_expect_proof(struct effort *effort)
{
	effort->cost = 0;
}

static bool
refuse(struct effort *effort, enum refusal_reason fault, const char *detail)
{
	if (effort->fault == REFUSAL_NONE) {
		effort->fault = fault;
		effort->detail = detail;
	}
	return false;
}

static bool
is_authority_s(const struct effort *effort, const mbedtls_pk_context *key)
{
	const mbedtls_x509_crt *each = effort->authorities;

	while (each != NULL && &each->pk != key)
		each = each->next;
	return each != NULL;
}

static unsigned int
cost_of(const mbedtls_pk_context *key)
{
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_RSA))
		return mbedtls_pk_get_bitlen(key) > X509_RSA_BITS_MAX
			   ? EFFORT_RSA_LONG
			   : EFFORT_RSA;
	if (!mbedtls_pk_can_do(key, MBEDTLS_PK_ECKEY))
		return EFFORT_P521;
	switch (mbedtls_pk_ec(*key)->MBEDTLS_PRIVATE(grp).id) {
	case MBEDTLS_ECP_DP_SECP256R1:
		return EFFORT_P256;
	case MBEDTLS_ECP_DP_SECP384R1:
		return EFFORT_P384;
	default:
		return EFFORT_P521;
	}
}

static bool
may_spend(struct effort *effort, const mbedtls_pk_context *key)
{
	unsigned int cost = cost_of(key);

	if (cost > EFFORT_CHAIN_MAX - effort->cost)
		return refuse(effort, REFUSAL_CHAIN_TOO_LONG,
		    "too-costly-signatures");
	effort->cost += cost;
	return true;
}

/* Several authorities may bear the issuer's name: one of them is enough. */
static bool
may_hold(struct effort *effort, const mbedtls_pk_context *key,
    const unsigned char *signature)
{
	if (effort->held == signature)
		return true;
	if (!may_spend(effort, key))
		return false;
	effort->held = signature;
	return true;
}

static bool
may_verify(struct effort *effort, const mbedtls_pk_context *key,
    const unsigned char *signature)
{
	const char *fault;

	if (effort == NULL)
		return true;
	if (is_authority_s(effort, key))
		return may_hold(effort, key, signature);
	fault = x509_public_key_fault(key);
	if (fault != NULL)
		return refuse(effort, REFUSAL_UNSUPPORTED_KEY, fault);
	return may_spend(effort, key);
}

typedef int verify_function(mbedtls_pk_context *key, mbedtls_md_type_t md,
    const unsigned char *hash, size_t hash_len, const unsigned char *signature,
    size_t len);

typedef int verify_ext_function(mbedtls_pk_type_t type, const void *options,
    mbedtls_pk_context *key, mbedtls_md_type_t md, const unsigned char *hash,
    size_t hash_len, const unsigned char *signature, size_t len);

int
mbedtls_pk_verify(mbedtls_pk_context *key, mbedtls_md_type_t md,
    const unsigned char *hash, size_t hash_len, const unsigned char *signature,
    size_t len)
{
	verify_function *next;

	if (!may_verify(current, key, signature))
		return MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
	interpose_find_next("mbedtls_pk_verify", &next);
	return next(key, md, hash, hash_len, signature, len);
}

int
mbedtls_pk_verify_ext(mbedtls_pk_type_t type, const void *options,
    mbedtls_pk_context *key, mbedtls_md_type_t md, const unsigned char *hash,
    size_t hash_len, const unsigned char *signature, size_t len)
{
	struct effort *effort = current;
	verify_ext_function *next;
	int result;

	if (!may_verify(effort, key, signature))
		return MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
	interpose_find_next("mbedtls_pk_verify_ext", &next);
	current = NULL; /* it may call the one above */
	result = next(type, options, key, md, hash, hash_len, signature, len);
	current = effort;
	return result;
}
