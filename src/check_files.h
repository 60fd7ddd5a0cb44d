/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the section tls, before a start and for signetd --check.
 */
#ifndef SIGNET_CHECK_FILES_H
#define SIGNET_CHECK_FILES_H

#include "proc/credentials.h"
#include "trust/command.h"

/*
 * Check the files as the roles will that get them, in processes that are
 * confined as these are: all but the private key as the role trust, which has
 * wiped the key; then the key as the role key. This process, which may be
 * root's, looks at no byte of them.
 *
 * credentials: taken: wiped.
 * text: what is wrong or will soon be is appended, as by
 * trust_credentials_check().
 * Returns enum trust_verdict, or a negative number: a fault.
 */
int check_files(const struct config *config,
    struct proc_credentials *credentials, struct buffer *text);

#endif
