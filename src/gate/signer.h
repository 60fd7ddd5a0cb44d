/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures with the server's key, which is in another process.
 *
 * mbedTLS has no way to ask for one that Debian's packages are built with and
 * that TLS 1.3 knows. But its TLS part calls mbedtls_pk_sign() and
 * mbedtls_pk_sign_ext() of another library, by name: signer.c has functions of
 * these names, which come first in every program that it is linked into. What
 * mbedTLS takes for the server's key is the public one of its certificate.
 */
#ifndef SIGNET_GATE_SIGNER_H
#define SIGNET_GATE_SIGNER_H

#include "ipc/signing.h"
#include "x509/compat.h"

/*
 * Obtains a signature, and returns when it is there.
 *
 * sign: borrowed; number is not set.
 * signature, len: written on success.
 * Returns NULL; or why there is none, in fixed words.
 */
typedef const char *signer_ask(void *context, const struct ipc_sign *sign,
    uint8_t signature[IPC_SIGNATURE_MAX], size_t *len);

/* From now on this process signs so. mbedTLS leaves no room for a context with
 * the key, so there is one for the process. */
void signer_open(signer_ask *ask, void *context);
/* From now on mbedTLS signs as it did, with the keys that it is given. */
void signer_close(void);

/* Before each step of a handshake. */
void signer_begin(void);

/*
 * Why a signature was not made since signer_begin(), NULL if none is missing:
 * mbedTLS may say something else, as it tries another scheme then.
 */
const char *signer_fault(void);

#endif
