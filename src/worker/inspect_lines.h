/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as lines of lib/fields.h.
 */
#ifndef SIGNET_WORKER_INSPECT_LINES_H
#define SIGNET_WORKER_INSPECT_LINES_H

#include "lib/buffer.h"
#include "worker/session.h"

#define INSPECT_ADDRESS_MAX 64

/* The address of its peer, without a port; empty if it has no connection. */
void inspect_address(const struct session *session,
    char address[INSPECT_ADDRESS_MAX]);

/* The line "session", with all that fits in one. */
void inspect_session(const struct session *session, struct buffer *out);

/* Lines "subscription", as many as fill a page, of those behind the first skip
 * ones. How many they are. */
size_t inspect_subscriptions(const struct session *session, size_t skip,
    size_t page_bytes, struct buffer *out);

#endif
