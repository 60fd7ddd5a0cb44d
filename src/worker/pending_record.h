/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a session is to get a message, as it is kept: beside the number that the
 * message itself is kept under, 11 bytes where it is not of a Shared
 * Subscription and no Subscription Identifier is sent with it. The same bytes stand in a session's record and alone, so that
 * a queue can be kept piece by piece.
 */
#ifndef SIGNET_WORKER_PENDING_RECORD_H
#define SIGNET_WORKER_PENDING_RECORD_H

#include "lib/pack.h"
#include "worker/pending.h"

/* The number of no message: that of a PUBLISH whose PUBREC came. */
#define RECORD_NO_MESSAGE 0

/*
 * The same without what a row of a queue says itself: the number of the
 * message, and the packet identifier. At QoS 0, too.
 */
void pending_delivery_encode(const struct pending *item, struct buffer *out);
void pending_delivery_decode(struct unpack *in, struct topic_tree *topics,
    struct pending *item);

/* number: of item->message; RECORD_NO_MESSAGE exactly if that is NULL. */
void pending_record_encode(const struct pending *item, uint64_t number,
    struct buffer *out);

/*
 * Take the next one from the input, which says if that failed: no item of this
 * form, a state that none can be in, or Subscription Identifiers that are none.
 *
 * topics: where the share is, or from now on will be, that it belongs to.
 * item: without its message; free with pending_done(). number: of its message,
 * or RECORD_NO_MESSAGE. Both are untouched on failure.
 */
void pending_record_decode(struct unpack *in, struct topic_tree *topics,
    struct pending *item, uint64_t *number);

#endif
