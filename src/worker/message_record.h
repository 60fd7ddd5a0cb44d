/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as it is kept: once, under a number, however many sessions it
 * waits for. Those refer to it by that number, in rows of their queues.
 */
#ifndef SIGNET_WORKER_MESSAGE_RECORD_H
#define SIGNET_WORKER_MESSAGE_RECORD_H

#include "lib/buffer.h"
#include "lib/clock.h"
#include "worker/message.h"

#define MESSAGE_RECORD_VERSION 1

/* Append a message. When it expires is kept by the real clock. */
void message_record_encode(const struct message *message,
    const struct clock_reading *now, struct buffer *out);

/*
 * message: returned with one reference, a copy; untouched on error.
 * Returns 0; -EBADMSG if the record is not whole, of another version, or says
 * what no message can be.
 */
int message_record_decode(struct bytes record, const struct clock_reading *now,
    struct message **message);

#endif
