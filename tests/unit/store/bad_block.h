/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that the disk cannot read, for this process and those it starts.
 */
#ifndef SIGNET_TEST_BAD_BLOCK_H
#define SIGNET_TEST_BAD_BLOCK_H

#include <stdint.h>

/* Of the file path, or if that is NULL, of all tables. folder: of the test. */
void bad_block_set(const char *folder, const char *path, uint64_t from,
    uint64_t to);
void bad_block_clear(const char *folder);

#endif
