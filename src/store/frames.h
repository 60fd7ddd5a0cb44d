/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads that one thread packs and another one sends.
 */
#ifndef SIGNET_STORE_FRAMES_H
#define SIGNET_STORE_FRAMES_H

#include "lib/buffer.h"

struct frames {
	struct buffer bytes; /* types, lengths and payloads */
	size_t count;
};

/* Begin one of a type of ipc/messages.def, and end it: what was put behind
 * frames->bytes in between is its payload. If that is longer than any may be,
 * it is taken back: false. */
size_t frames_begin(struct frames *frames, uint8_t type);
bool frames_end(struct frames *frames, size_t begin);

/* Take the next one off the front of a view: false at the end. */
bool frames_next(struct bytes *rest, uint8_t *type, struct bytes *payload);

void frames_done(struct frames *frames);

#endif
