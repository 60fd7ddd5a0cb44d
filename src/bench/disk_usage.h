/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much files hold.
 */
#ifndef SIGNET_BENCH_DISK_USAGE_H
#define SIGNET_BENCH_DISK_USAGE_H

#include <stdint.h>

/*
 * Sum up the lengths of the regular files in a directory and in those below
 * it: room that is reserved behind their ends is not counted. A file that goes
 * away meanwhile is left out.
 *
 * bytes: written on success only.
 * Returns 0, or -errno of reading the directory.
 */
int disk_usage(const char *directory, uint64_t *bytes);

#endif
