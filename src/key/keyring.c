/* SPDX-License-Identifier: Apache-2.0 */
#include "key/keyring.h"

#include <errno.h>

#include "lib/memory.h"
#include "x509/key.h"

_Static_assert(IPC_KEY_ID_LEN == X509_KEY_ID_LEN, "a key has one name");
_Static_assert(MBEDTLS_PK_SIGNATURE_MAX_SIZE <= IPC_SIGNATURE_MAX,
    "what mbedTLS signs fits");

int
keyring_open(struct keyring *keyring)
{
	memset(keyring, 0, sizeof(*keyring));
	compat_start();
	mbedtls_entropy_init(&keyring->entropy);
	mbedtls_ctr_drbg_init(&keyring->random);
	if (mbedtls_ctr_drbg_seed(&keyring->random, mbedtls_entropy_func,
		&keyring->entropy, NULL, 0) != 0)
		return -EIO;
	return 0;
}

void
keyring_close(struct keyring *keyring)
{
	for (size_t i = 0; i < keyring->count; i++)
		mbedtls_pk_free(&keyring->keys[i].key);
	mbedtls_ctr_drbg_free(&keyring->random);
	mbedtls_entropy_free(&keyring->entropy);
	memory_wipe(keyring, sizeof(*keyring));
}

const struct keyring_key *
keyring_find(const struct keyring *keyring, const uint8_t id[IPC_KEY_ID_LEN])
{
	for (size_t i = 0; i < keyring->count; i++)
		if (memcmp(keyring->keys[i].id, id, IPC_KEY_ID_LEN) == 0)
			return &keyring->keys[i];
	return NULL;
}

/* The rest of an add, of a key that was parsed: is it to be kept? */
static int
keep(struct keyring *keyring, const struct keyring_key *parsed,
    const struct x509_fault *fault)
{
	if (keyring_find(keyring, parsed->id) != NULL)
		return -EEXIST;
	if (keyring->count == KEYRING_MAX) {
		x509_fault_set(fault,
		    "tls.private_key: %d other keys are in use", KEYRING_MAX);
		return -ENOSPC;
	}
	keyring->keys[keyring->count++] = *parsed;
	return 0;
}

int
keyring_add(struct keyring *keyring, struct bytes file,
    uint8_t id[IPC_KEY_ID_LEN], const struct x509_fault *fault)
{
	struct keyring_key parsed;
	int error;

	mbedtls_pk_init(&parsed.key);
	error = x509_key_parse(&parsed.key, file, &keyring->random, fault);
	if (error == 0 && x509_key_id(&parsed.key, parsed.id) != 0)
		error = x509_fault_set(fault,
		    "tls.private_key: it has no public half");
	if (error == 0)
		error = keep(keyring, &parsed, fault);
	if (error != 0)
		mbedtls_pk_free(&parsed.key);
	if (error == -EEXIST)
		error = 0;
	if (error == 0)
		memcpy(id, parsed.id, IPC_KEY_ID_LEN);
	memory_wipe(&parsed, sizeof(parsed));
	return error;
}

int
keyring_remove(struct keyring *keyring, const uint8_t id[IPC_KEY_ID_LEN])
{
	const struct keyring_key *there = keyring_find(keyring, id);
	struct keyring_key *found, *last;

	if (there == NULL)
		return -ENOENT;
	found = &keyring->keys[there - keyring->keys];
	last = &keyring->keys[keyring->count - 1];
	mbedtls_pk_free(&found->key);
	if (found != last)
		*found = *last;
	memory_wipe(last, sizeof(*last));
	keyring->count--;
	return 0;
}

static mbedtls_md_type_t
md_of(enum ipc_sign_hash hash)
{
	switch (hash) {
	case IPC_SIGN_SHA256:
		return MBEDTLS_MD_SHA256;
	case IPC_SIGN_SHA384:
		return MBEDTLS_MD_SHA384;
	case IPC_SIGN_SHA512:
		return MBEDTLS_MD_SHA512;
	}
	return MBEDTLS_MD_NONE;
}

static bool
is_fit(const struct keyring_key *key, enum ipc_sign_scheme scheme)
{
	return mbedtls_pk_can_do(&key->key,
	    scheme == IPC_SIGN_ECDSA ? MBEDTLS_PK_ECDSA : MBEDTLS_PK_RSA);
}

enum ipc_sign_status
keyring_sign(struct keyring *keyring, const struct ipc_sign *sign,
    uint8_t signature[IPC_SIGNATURE_MAX], size_t *len)
{
	const struct keyring_key *found = keyring_find(keyring, sign->key_id);
	mbedtls_md_type_t md = md_of(sign->hash);
	size_t signature_len = 0;
	int error = -EINVAL;

	if (found == NULL)
		return IPC_SIGN_UNKNOWN_KEY;
	if (!is_fit(found, sign->scheme))
		return IPC_SIGN_UNFIT_KEY;
	switch (sign->scheme) {
	case IPC_SIGN_ECDSA:
		error = compat_ecdsa_sign(mbedtls_pk_ec(found->key), md,
		    sign->digest.data, sign->digest.len, signature,
		    &signature_len, &keyring->random);
		break;
	case IPC_SIGN_RSA_PKCS1:
		error = compat_rsa_sign_pkcs1(mbedtls_pk_rsa(found->key), md,
		    sign->digest.data, sign->digest.len, signature,
		    &keyring->random);
		signature_len = mbedtls_pk_get_len(&found->key);
		break;
	case IPC_SIGN_RSA_PSS:
		error = compat_rsa_sign_pss(mbedtls_pk_rsa(found->key), md,
		    sign->digest.data, sign->digest.len, signature,
		    &keyring->random);
		signature_len = mbedtls_pk_get_len(&found->key);
		break;
	}
	if (error != 0 || signature_len == 0 ||
	    signature_len > IPC_SIGNATURE_MAX)
		return IPC_SIGN_FAILED;
	*len = signature_len;
	return IPC_SIGN_DONE;
}
