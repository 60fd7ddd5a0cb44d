/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a database hold together? Every checksum, every row, and what rows say
 * of each other.
 */
#ifndef SIGNET_STORE_CHECK_H
#define SIGNET_STORE_CHECK_H

#include <stdio.h>

/*
 * Check the database in a folder as store.path names it, which no daemon may
 * be using.
 *
 * out: gets a line for each kind of row, and one for each fault.
 * Returns 0; 1 if there is a fault; -errno, with a line in out, if it cannot
 * be checked.
 */
int store_check(const char *folder, FILE *out);

#endif
