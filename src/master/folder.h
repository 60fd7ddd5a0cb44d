/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of the store, as the master prepares it before anything else is
 * begun.
 */
#ifndef SIGNET_MASTER_FOLDER_H
#define SIGNET_MASTER_FOLDER_H

#include "config/config.h"
#include "lib/hash.h"

/*
 * Make store.path if it is missing, see that it belongs to processes.user
 * alone and that no other daemon uses it, and read the key by which sessions
 * have their homes, which is drawn once for each folder.
 *
 * why: on error, what is wrong and what to do, of at most size bytes.
 * Returns 0 or -errno.
 */
int master_folder_open(const struct config *config,
    uint8_t home_key[HASH_KEY_LEN], char *why, size_t size);

/*
 * Does nobody have the database of a folder open? 0; -EBUSY with why, of at
 * most size bytes.
 */
int master_folder_check_lock(const char *path, char *why, size_t size);

#endif
