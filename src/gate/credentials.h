/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate and the client CAs that a gate works with.
 */
#ifndef SIGNET_GATE_CREDENTIALS_H
#define SIGNET_GATE_CREDENTIALS_H

#include "proc/child.h"
#include "x509/credentials.h"

struct credentials {
	struct x509_credentials shown;
};

/*
 * Parse, and check what would keep every client out. files: without the
 * private key, which is not for a gate.
 *
 * now: seconds since 1970. why: on error and on warning what is wrong, with
 * the setting's name.
 * Returns 0; 1 if all is good but a certificate ends within 30 days or has
 * ended; -EINVAL, and nothing has to be closed.
 */
int credentials_open(struct credentials *credentials,
    const struct proc_credentials *files, int64_t now, char *why,
    size_t why_len);

void credentials_close(struct credentials *credentials);

/* Is it the key of the certificate that this names (x509/key.h)? */
bool credentials_have_key(const struct credentials *credentials,
    struct bytes key_id);

/*
 * The same for signetd --check, together with the private key, and without
 * keeping anything: wiping the files is the caller's part. A certificate of
 * ours that has ended is an error here.
 */
int gate_credentials_check(const struct proc_credentials *files, char *why,
    size_t why_len);

/* Is TLS 1.3 in the library that the gate is built with? */
bool gate_has_tls_1_3(void);

#endif
