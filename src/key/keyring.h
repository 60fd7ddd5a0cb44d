/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private keys that are served, and the only thing that can be done with
 * them: a signature of a digest.
 */
#ifndef SIGNET_KEY_KEYRING_H
#define SIGNET_KEY_KEYRING_H

#include "ipc/signing.h"
#include "x509/compat.h"
#include "x509/fault.h"

/* The one in use, and the one before or after it. */
#define KEYRING_MAX 2

struct keyring_key {
	uint8_t id[IPC_KEY_ID_LEN];
	mbedtls_pk_context key;
};

struct keyring {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	size_t count;
	struct keyring_key keys[KEYRING_MAX];
};

/*
 * Prepare, in the process that signs: randomness is seeded here and must not
 * be shared by a fork. The keyring may not move in memory.
 *
 * Returns 0; -EIO without a source of randomness. Close it in both cases.
 */
int keyring_open(struct keyring *keyring);

/* Wipe the keys and all else. */
void keyring_close(struct keyring *keyring);

/*
 * Take a key in. One that is there already is there once.
 *
 * file: PEM or DER; wiping it is the caller's part.
 * id: written on success. fault: said on error.
 * Returns 0; -EINVAL if it is no key for us; -ENOSPC if KEYRING_MAX others are
 * there.
 */
int keyring_add(struct keyring *keyring, struct bytes file,
    uint8_t id[IPC_KEY_ID_LEN], const struct x509_fault *fault);

/* Wipe one. 0; -ENOENT. */
int keyring_remove(struct keyring *keyring, const uint8_t id[IPC_KEY_ID_LEN]);

/* NULL if it is not there. */
const struct keyring_key *keyring_find(const struct keyring *keyring,
    const uint8_t id[IPC_KEY_ID_LEN]);

/*
 * Sign. sign: decoded, so its digest has the length of its hash.
 *
 * signature, len: written if IPC_SIGN_DONE is returned; ECDSA as DER (RFC 8422
 * s5.4), RSA as long as its modulus.
 * Returns IPC_SIGN_DONE, _UNKNOWN_KEY, _UNFIT_KEY or _FAILED.
 */
enum ipc_sign_status keyring_sign(struct keyring *keyring,
    const struct ipc_sign *sign, uint8_t signature[IPC_SIGNATURE_MAX],
    size_t *len);

#endif
