/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private key, from who has checked it to the master that it executes: it
 * is read once for both.
 */
#ifndef SIGNET_START_KEY_H
#define SIGNET_START_KEY_H

#include "proc/credentials.h"

/*
 * Leave the key, and the state of its file, in sealed memory to the program
 * that this process executes next. Where that is not possible, it reads the
 * file.
 *
 * credentials: borrowed.
 */
void start_key_leave(const struct proc_credentials *credentials);

/*
 * Read the files of the section tls, but for the key if it was left to us and
 * its file has not changed since. Arguments and value as of
 * proc_credentials_read().
 */
int start_key_read(const struct config *config,
    struct proc_credentials *credentials, struct config_error *fault);

#endif
