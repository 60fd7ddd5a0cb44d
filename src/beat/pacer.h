/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a client sends, and when either side gives the other up. Times are of
 * any clock that does not go back.
 *
 * One question goes out in each interval, and as long as it has no answer
 * another one after each quarter of the interval. So what is lost now and then
 * is made up for within the interval, and a cut is told from loss.
 */
#ifndef SIGNET_BEAT_PACER_H
#define SIGNET_BEAT_PACER_H

#include <stdbool.h>
#include <stdint.h>

/* Questions in an interval that has no answer. */
#define BEAT_TRIES 4

/*
 * How long either side waits: for that many intervals, and half of one for
 * what is under way.
 *
 * interval_ms: 1..4294967295 / 256; misses: 1..255.
 */
static inline uint32_t
beat_patience_ms(uint32_t interval_ms, uint8_t misses)
{
	return interval_ms * misses + interval_ms / 2;
}

struct beat_pacer {
	uint32_t interval_ms;
	uint8_t misses;
	uint8_t tries;     /* BEAT_TRIES; 1: no question is repeated */
	uint8_t sent;      /* in this interval */
	bool is_answered;  /* in this interval */
	uint64_t began_ms; /* the interval */
	uint64_t heard_ms; /* the last answer, or the start */
};

void beat_pacer_init(struct beat_pacer *pacer, uint32_t interval_ms,
    uint8_t misses, uint64_t now_ms);

/* When the next question is due. */
uint64_t beat_pacer_next_ms(const struct beat_pacer *pacer);

/* It is sent. */
void beat_pacer_sent(struct beat_pacer *pacer, uint64_t now_ms);

/* A new answer has come, to a question of that time. */
void beat_pacer_answered(struct beat_pacer *pacer, uint64_t asked_ms,
    uint64_t now_ms);

/* Is the server, or the way to it, gone? */
bool beat_pacer_is_over(const struct beat_pacer *pacer, uint64_t now_ms);

#endif
