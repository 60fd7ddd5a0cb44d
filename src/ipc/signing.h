/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads between the process that holds the server's private key, the
 * gates that ask it to sign, and the master that gives it keys.
 *
 * A key is named by the SHA-256 of its public half, as a certificate has it
 * (SubjectPublicKeyInfo, DER). What can be asked for is the signature of a
 * digest, in the schemes of TLS 1.2 and 1.3, and nothing else.
 */
#ifndef SIGNET_IPC_SIGNING_H
#define SIGNET_IPC_SIGNING_H

#include "lib/buffer.h"
#include "lib/bytes.h"

#define IPC_KEY_ID_LEN 32

/* Of RSA with 8192 bits, the most that mbedTLS computes with. */
#define IPC_SIGNATURE_MAX 1024
#define IPC_DIGEST_MAX    64

/* RFC 8446 s4.2.3; with the hash, one of its code points. */
enum ipc_sign_scheme {
	IPC_SIGN_ECDSA = 1,
	IPC_SIGN_RSA_PKCS1 = 2,
	IPC_SIGN_RSA_PSS = 3, /* MGF1 with the same hash, salt as long as it */
};

enum ipc_sign_hash {
	IPC_SIGN_SHA256 = 1,
	IPC_SIGN_SHA384 = 2,
	IPC_SIGN_SHA512 = 3,
};

/* Bytes of a digest; 0 for what is none of them. */
size_t ipc_sign_digest_len(unsigned int hash);

/* SIGN */
struct ipc_sign {
	uint32_t number; /* for the answer */
	uint8_t key_id[IPC_KEY_ID_LEN];
	enum ipc_sign_scheme scheme;
	enum ipc_sign_hash hash;
	struct bytes digest; /* as long as the hash says */
};
void ipc_sign_encode(const struct ipc_sign *sign, struct buffer *out);
int ipc_sign_decode(struct bytes payload, struct ipc_sign *sign);

enum ipc_sign_status {
	IPC_SIGN_DONE = 0,
	IPC_SIGN_UNKNOWN_KEY = 1,
	IPC_SIGN_UNFIT_KEY = 2, /* not of the scheme's kind */
	IPC_SIGN_FAILED = 3,
};

/* SIGNATURE: the answer, before which nothing else may be asked for. */
struct ipc_signature {
	uint32_t number;
	enum ipc_sign_status status;
	/* 1..IPC_SIGNATURE_MAX bytes, as TLS has it; empty unless DONE */
	struct bytes signature;
};
void ipc_signature_encode(const struct ipc_signature *signature,
    struct buffer *out);
int ipc_signature_decode(struct bytes payload, struct ipc_signature *signature);

/*
 * KEY_ADDED: what became of the key of a KEY_ADD, in their order.
 * KEY_REMOVE: the key's id alone.
 */
#define IPC_KEY_WHY_MAX 256
struct ipc_key_added {
	bool is_usable;
	uint8_t key_id[IPC_KEY_ID_LEN]; /* zeros if it is not */
	struct bytes why; /* plain words if it is not, else empty */
};
void ipc_key_added_encode(const struct ipc_key_added *added,
    struct buffer *out);
int ipc_key_added_decode(struct bytes payload, struct ipc_key_added *added);

void ipc_key_id_encode(const uint8_t key_id[IPC_KEY_ID_LEN],
    struct buffer *out);
int ipc_key_id_decode(struct bytes payload, uint8_t key_id[IPC_KEY_ID_LEN]);

#endif
