/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the section tls, as bytes.
 */
#ifndef SIGNET_PROC_CREDENTIALS_H
#define SIGNET_PROC_CREDENTIALS_H

#include "config/config.h"

/* Each with a NUL behind it that its length does not count. */
struct proc_credentials {
	struct buffer certificate; /* PEM or DER, as in the files */
	struct buffer private_key; /* wipe with buffer_wipe() */
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

/* Free what is large and not secret. */
void proc_credentials_forget_crls(struct proc_credentials *credentials);

void proc_credentials_wipe(struct proc_credentials *credentials);

#endif
