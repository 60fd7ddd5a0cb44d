/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TRUST_COMMAND_H
#define SIGNET_TRUST_COMMAND_H

#include "proc/child.h"

/* What signetd --check says of the files. */
enum trust_verdict {
	TRUST_GOOD,
	TRUST_ENDS,     /* something ends soon or has ended */
	TRUST_LOCKS_OUT /* the grace of a CRL is over: its clients are refused */
};

#define TRUST_WARNING "warning: "

/*
 * For signetd --check: check what the trust role would be given, without
 * keeping anything. A certificate of ours that has ended is a fault here.
 *
 * text: what is wrong or will soon be is appended, a line for each, without the
 * last one's end: TRUST_WARNING goes before what is not as bad as the value.
 * Returns enum trust_verdict; -EINVAL.
 */
int trust_credentials_check(const struct config *config,
    const struct proc_credentials *files, struct buffer *text);

#endif
