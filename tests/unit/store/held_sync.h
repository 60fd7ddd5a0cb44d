/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that takes as long to sync as the test wants. The store is this
 * program: this fdatasync() is its, and RocksDB's.
 */
#ifndef SIGNET_TEST_HELD_SYNC_H
#define SIGNET_TEST_HELD_SYNC_H

/* For stores that are started from now on. folder: of the test. */
void held_sync_prepare(const char *folder);
/* From now on no sync ends; wait until one does not; let all go on. */
void held_sync_begin(const char *folder);
void held_sync_await(const char *folder);
void held_sync_end(const char *folder);

#endif
