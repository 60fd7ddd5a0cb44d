/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What read() and write() leave to their callers.
 */
#ifndef SIGNET_LIB_DESCRIPTOR_H
#define SIGNET_LIB_DESCRIPTOR_H

#include "lib/bytes.h"

/*
 * Write all of it to a descriptor that blocks, in as many pieces as that takes.
 * content: borrowed. Returns 0, or -errno: then a part may be written.
 */
int descriptor_write(int fd, struct bytes content);

#endif
