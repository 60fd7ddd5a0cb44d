/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uthash with this process's keyed hash. Include this, not <uthash.h>.
 */
#ifndef SIGNET_LIB_TABLE_H
#define SIGNET_LIB_TABLE_H

#include "lib/hash.h"

#define HASH_FUNCTION(keyptr, keylen, hashv)                                   \
	((hashv) = (unsigned int)hash_of(bytes_of((keyptr), (keylen))))

#include <uthash.h>

#endif
