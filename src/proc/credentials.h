/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the section tls, as bytes.
 */
#ifndef SIGNET_PROC_CREDENTIALS_H
#define SIGNET_PROC_CREDENTIALS_H

#include "config/config.h"
#include "lib/hash.h"

/* A file and what was last done to it, as the kernel says it: 0 if it cannot
 * tell one state from the next. */
struct proc_file_state {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	uint64_t modified_ns;
	uint64_t changed_ns;
};

/* Each with a NUL behind it that its length does not count. */
struct proc_credentials {
	struct buffer certificate; /* PEM or DER, as in the files */
	struct buffer private_key; /* wipe with buffer_wipe() */
	struct proc_file_state private_key_state;
	struct buffer client_ca;
	/* The master's: no gate parses them. */
	size_t crl_count;
	struct buffer *crls;
};

/*
 * Read the files of the section tls.
 *
 * credentials: returned, free with proc_credentials_wipe(); empty on error.
 * fault: on error, which file cannot be read for what reason, behind what it
 * already says.
 * Returns 0; -EFBIG or another -errno.
 */
int proc_credentials_read(const struct config *config,
    struct proc_credentials *credentials, struct config_error *fault);

/*
 * The same, but the private key is not read if it need not be.
 *
 * is_known: asked when the certificate is read, and the state of the key's file
 * is known; context: for it. The key is empty if it says true.
 */
typedef bool proc_credentials_is_known(void *context,
    const struct proc_credentials *credentials);
int proc_credentials_read_new(const struct config *config,
    proc_credentials_is_known *is_known, void *context,
    struct proc_credentials *credentials, struct config_error *fault);

/* Under a key; 0 of what cannot be told from another. */
uint64_t proc_file_state_hash(const struct proc_file_state *state,
    const struct hash_key *key);

/* Free what is large and not secret. */
void proc_credentials_forget_crls(struct proc_credentials *credentials);

void proc_credentials_wipe(struct proc_credentials *credentials);

#endif
