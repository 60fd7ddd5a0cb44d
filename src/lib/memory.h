/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap memory that is there or the process ends. Sizes are bounded by
 * configured limits before they come here, so running out is a fault of the
 * machine, not of a peer. Free with free().
 */
#ifndef SIGNET_LIB_MEMORY_H
#define SIGNET_LIB_MEMORY_H

#include <stddef.h>

#include "lib/bytes.h"

/* Zeroed memory; never NULL. count * size may not overflow (panic). */
void *memory_new(size_t count, size_t size);

/* Like realloc(), never NULL; size > 0. */
void *memory_resize(void *block, size_t size);

/* A copy of view, with a NUL behind it that its length does not count. */
void *memory_copy(struct bytes view);

/* Overwrite a secret; not optimized away. */
void memory_wipe(void *secret, size_t len);

#endif
