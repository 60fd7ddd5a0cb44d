/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a session is to get a message, as it is kept beside the message: one byte
 * where it is not of a Shared Subscription and no Subscription Identifier is
 * sent with it.
 */
#ifndef SIGNET_WORKER_PENDING_RECORD_H
#define SIGNET_WORKER_PENDING_RECORD_H

#include "lib/pack.h"
#include "worker/pending.h"

void pending_delivery_encode(const struct pending *item, struct buffer *out);

/*
 * Take it from the input, which says if that failed: a state that none can be
 * in, or Subscription Identifiers that are none.
 *
 * topics: where the share is, or from now on will be, that it belongs to.
 * item: without its message; free with pending_done(). Untouched on failure.
 */
void pending_delivery_decode(struct unpack *in, struct topic_tree *topics,
    struct pending *item);

#endif
