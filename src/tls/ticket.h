/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tickets (RFC 5077, RFC 8446 s4.6.1): content that a server gives a client to
 * keep, and can read and trust when it comes back. What the content is, is the
 * caller's matter.
 *
 * A ticket is the name of its key, a nonce, and the content under AES-256-GCM
 * with the name as associated data.
 */
#ifndef SIGNET_TLS_TICKET_H
#define SIGNET_TLS_TICKET_H

#include "tls/aead.h"

#define TLS_TICKET_NAME_LEN 16
#define TLS_TICKET_KEY_LEN  32
#define TLS_TICKET_KEYS_MAX 2

/* What a ticket is longer than its content. */
#define TLS_TICKET_OVERHEAD                                                    \
	(TLS_TICKET_NAME_LEN + TLS_AEAD_NONCE_LEN + TLS_AEAD_TAG_LEN)

struct tls_ticket_key {
	uint8_t name[TLS_TICKET_NAME_LEN];
	uint8_t key[TLS_TICKET_KEY_LEN];
};

/* Secrets: wipe them. */
struct tls_ticket_keys {
	size_t count; /* 0: nothing can be sealed or opened */
	struct tls_ticket_key keys[TLS_TICKET_KEYS_MAX]; /* the newest first */
};

/*
 * Seal content under the newest key, of which there is one.
 *
 * nonce: TLS_AEAD_NONCE_LEN random bytes: a key may see 2^32 of them.
 * out: content.len + TLS_TICKET_OVERHEAD bytes; not where content lies.
 */
void tls_ticket_seal(const struct tls_ticket_keys *keys, const uint8_t *nonce,
    struct bytes content, uint8_t *out);

/*
 * Open a ticket, which anybody may have made.
 *
 * ticket: len bytes; the content takes their place, and *content is a view of
 * it. On error the bytes may be wiped.
 * Returns 0; -ENOENT if its key is not among keys (any more, or of another
 * daemon); -EBADMSG if it is forged or no ticket at all.
 */
int tls_ticket_open(const struct tls_ticket_keys *keys, uint8_t *ticket,
    size_t len, struct bytes *content);

#endif
