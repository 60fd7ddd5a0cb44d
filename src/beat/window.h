/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sequence numbers have come: each counts once, and those that are too
 * far behind the highest do not count at all (as in RFC 4303 s3.4.3).
 */
#ifndef SIGNET_BEAT_WINDOW_H
#define SIGNET_BEAT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define BEAT_WINDOW_WIDTH 64

/* All zero: nothing has come. */
struct beat_window {
	uint64_t highest;
	uint64_t seen; /* bit n: highest - n has come */
};

/* Has this number, which is not 0, not come yet, and is it not too old? */
bool beat_window_is_new(const struct beat_window *window, uint64_t sequence);

/* It has come, in a datagram that is authentic; beat_window_is_new(). */
void beat_window_note(struct beat_window *window, uint64_t sequence);

#endif
