/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/window.h"

bool
beat_window_is_new(const struct beat_window *window, uint64_t sequence)
{
	uint64_t behind;

	if (sequence == 0)
		return false;
	if (sequence > window->highest)
		return true;
	behind = window->highest - sequence;
	return behind < BEAT_WINDOW_WIDTH && (window->seen >> behind & 1) == 0;
}

void
beat_window_note(struct beat_window *window, uint64_t sequence)
{
	uint64_t ahead;

	if (sequence <= window->highest) {
		window->seen |= UINT64_C(1) << (window->highest - sequence);
		return;
	}
	ahead = sequence - window->highest;
	window->seen = ahead < BEAT_WINDOW_WIDTH ? window->seen << ahead : 0;
	window->seen |= 1;
	window->highest = sequence;
}
