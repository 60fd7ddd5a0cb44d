/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the master and the trust role say to each other, and how an index is
 * given to those who use it.
 *
 * To have files checked the master sends TRUST_FILE for each and then
 * TRUST_CHECK. The answer is TRUST_MADE with the index, if they are good, and
 * TRUST_VERDICT. TRUST_INDEX passes the index on.
 */
#ifndef SIGNET_IPC_TRUST_H
#define SIGNET_IPC_TRUST_H

#include "ipc/trust_index.h"

#define IPC_TRUST_PATH_MAX 4096
#define IPC_TRUST_TEXT_MAX 4096
#define IPC_TRUST_SPKI_LEN 32

/* TRUST_FILE: what the descriptor, sealed memory, holds the bytes of. */
enum ipc_trust_file_kind {
	IPC_TRUST_FILE_CERTIFICATE = 1,
	IPC_TRUST_FILE_CLIENT_CA,
	IPC_TRUST_FILE_CRL,     /* any number of them */
	IPC_TRUST_FILE_CURRENT, /* the index that is in use: no CRL may be
				   older than the one that it was made from */
};
struct ipc_trust_file {
	enum ipc_trust_file_kind kind;
	struct bytes path; /* for the words of a fault */
};
#define IPC_TRUST_FILE_MAX (1 + 4 + IPC_TRUST_PATH_MAX)
void ipc_trust_file_encode(const struct ipc_trust_file *file,
    struct buffer *out);
int ipc_trust_file_decode(struct bytes payload, struct ipc_trust_file *file);

/* TRUST_CHECK: all files are there. */
struct ipc_trust_check {
	uint64_t generation; /* 1.. */
	bool needs_all_crls; /* each issuer needs one, if there is any at all */
	uint64_t grace_seconds; /* that a CRL holds beyond its nextUpdate */
};
#define IPC_TRUST_CHECK_LEN      17
#define IPC_TRUST_GRACE_FOR_EVER UINT64_MAX
void ipc_trust_check_encode(const struct ipc_trust_check *check,
    struct buffer *out);
int ipc_trust_check_decode(struct bytes payload, struct ipc_trust_check *check);

/* TRUST_VERDICT: what came of it. */
struct ipc_trust_verdict_of {
	uint64_t generation;
	bool is_good;
	/* SHA-256 of the server's SubjectPublicKeyInfo, if it is good */
	uint8_t spki[IPC_TRUST_SPKI_LEN];
	struct bytes text; /* the fault: setting, file and what is wrong */
};
#define IPC_TRUST_VERDICT_MAX                                                  \
	(8 + 1 + IPC_TRUST_SPKI_LEN + 4 + IPC_TRUST_TEXT_MAX)
void ipc_trust_verdict_encode(const struct ipc_trust_verdict_of *verdict,
    struct buffer *out);
int ipc_trust_verdict_decode(struct bytes payload,
    struct ipc_trust_verdict_of *verdict);

/* TRUST_MADE, TRUST_INDEX: the descriptor is an index of that length. */
struct ipc_trust_given {
	uint64_t generation;
	uint64_t len;
};
#define IPC_TRUST_GIVEN_LEN 16
void ipc_trust_given_encode(const struct ipc_trust_given *given,
    struct buffer *out);
int ipc_trust_given_decode(struct bytes payload, struct ipc_trust_given *given);

/*
 * Look at an index that was given, in place; give it back with
 * ipc_trust_unmap(). fd: borrowed.
 *
 * index: untouched on error.
 * Returns 0; -EBADMSG if it is not sealed, or none, or of another generation;
 * -errno.
 */
int ipc_trust_map(int fd, const struct ipc_trust_given *given,
    struct ipc_trust_index *index);

/* No effect on a zeroed one. */
void ipc_trust_unmap(struct ipc_trust_index *index);

#endif
