/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/pacer.h"

void
beat_pacer_init(struct beat_pacer *pacer, uint32_t interval_ms, uint8_t misses,
    uint64_t now_ms)
{
	*pacer = (struct beat_pacer){
		.interval_ms = interval_ms,
		.misses = misses,
		.tries = BEAT_TRIES,
		.began_ms = now_ms,
		.heard_ms = now_ms,
	};
}

uint64_t
beat_pacer_next_ms(const struct beat_pacer *pacer)
{
	if (pacer->sent > 0 &&
	    (pacer->is_answered || pacer->sent >= pacer->tries))
		return pacer->began_ms + pacer->interval_ms;
	return pacer->began_ms +
	       (uint64_t)pacer->interval_ms * pacer->sent / pacer->tries;
}

void
beat_pacer_sent(struct beat_pacer *pacer, uint64_t now_ms)
{
	uint64_t intervals = (now_ms - pacer->began_ms) / pacer->interval_ms;

	/* Of what was slept through nothing is made up for. */
	if (intervals > 0) {
		pacer->began_ms += intervals * pacer->interval_ms;
		pacer->sent = 0;
		pacer->is_answered = false;
	}
	pacer->sent++;
}

void
beat_pacer_answered(struct beat_pacer *pacer, uint64_t asked_ms,
    uint64_t now_ms)
{
	pacer->heard_ms = now_ms;
	if (asked_ms >= pacer->began_ms)
		pacer->is_answered = true;
}

bool
beat_pacer_is_over(const struct beat_pacer *pacer, uint64_t now_ms)
{
	return now_ms - pacer->heard_ms >=
	       beat_patience_ms(pacer->interval_ms, pacer->misses);
}
