/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest CRL of each authority, out of those of all files.
 */
#ifndef SIGNET_TRUST_CRLS_H
#define SIGNET_TRUST_CRLS_H

#include "ipc/trust.h"
#include "trust/check.h"
#include "x509/crl.h"

/* The CRL of an authority; of those with one id the first has it. */
struct trust_crl {
	bool is_there;
	struct x509_crl_facts facts;
	struct buffer revoked; /* ids */
};

struct trust_crls {
	const struct x509_authorities *authorities;
	struct trust_crl *items; /* one for each authority */
	size_t count;            /* that are there */
};

/* authorities: borrowed as long as the CRLs are used. */
void trust_crls_init(struct trust_crls *crls,
    const struct x509_authorities *authorities);
void trust_crls_done(struct trust_crls *crls);

/* Read a file and keep what is newer than what is there. 0 or -EINVAL. */
int trust_crls_read(struct trust_crls *crls, const struct trust_file *file,
    int64_t now, const struct x509_fault *fault);

/*
 * Is there one of every authority, if check says so, and none that is older
 * than in the index before? current: NULL if there is none.
 * 0 or -EINVAL.
 */
int trust_crls_check(const struct trust_crls *crls,
    const struct ipc_trust_check *check, const struct ipc_trust_index *current,
    const struct x509_fault *fault);

/* From when on the end of a CRL is told of. */
int64_t trust_crl_tell_from(const struct x509_crl_facts *facts);

#endif
