/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What channels do with sealed memory besides channel.h.
 */
#ifndef SIGNET_IPC_MEMORY_H
#define SIGNET_IPC_MEMORY_H

#include "lib/bytes.h"

/*
 * As ipc_sealed_memory(), from several pieces one behind the other.
 */
int ipc_sealed_memory_parts(const char *name, const struct bytes *parts,
    size_t count);

/*
 * Look at sealed memory in place. fd: borrowed; may be closed while the view
 * is in use.
 *
 * view: returned, give back with ipc_sealed_memory_unmap().
 * Returns 0; -EBADMSG if it is not sealed or not of exactly len bytes
 * (len > 0); -errno.
 */
int ipc_sealed_memory_map(int fd, size_t len, struct bytes *view);

void ipc_sealed_memory_unmap(struct bytes view);

#endif
