/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TICKET_KEYS: what gates seal and open TLS session tickets with. All gates
 * have the same, so that a client may come back to any of them.
 */
#ifndef SIGNET_IPC_TICKET_KEYS_H
#define SIGNET_IPC_TICKET_KEYS_H

#include "lib/buffer.h"
#include "lib/bytes.h"

#define IPC_TICKET_NAME_LEN 16
#define IPC_TICKET_KEY_LEN  32
#define IPC_TICKET_KEYS_MAX 2

struct ipc_ticket_key {
	uint8_t name[IPC_TICKET_NAME_LEN];
	uint8_t key[IPC_TICKET_KEY_LEN];
};

/* Secrets: wipe them, and what they are encoded in. */
struct ipc_ticket_keys {
	size_t count;                                    /* 0: none are known */
	struct ipc_ticket_key keys[IPC_TICKET_KEYS_MAX]; /* the newest first */
};

#define IPC_TICKET_KEYS_LEN_MAX                                                \
	(1 + IPC_TICKET_KEYS_MAX * (IPC_TICKET_NAME_LEN + IPC_TICKET_KEY_LEN))

/* Appended in one piece of memory. */
void ipc_ticket_keys_encode(const struct ipc_ticket_keys *keys,
    struct buffer *out);

/* keys: untouched on error. 0; -EBADMSG if malformed, or if there is none. */
int ipc_ticket_keys_decode(struct bytes payload, struct ipc_ticket_keys *keys);

#endif
