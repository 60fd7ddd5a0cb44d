/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which denials have been logged of late. Each is told once a minute, whatever
 * a client does. It takes memory for those that are in it; more different ones
 * in a minute than fit are counted and not told.
 */
#ifndef SIGNET_WORKER_DENIALS_H
#define SIGNET_WORKER_DENIALS_H

#include <stdbool.h>
#include <stdint.h>

/* As many in a minute: 12 MB of memory. */
#define DENIALS_MAX    262144
#define DENIALS_LOG_MS 60000

struct denials;

/* Returned, free with denials_free(). */
struct denials *denials_new(void);
void denials_free(struct denials **denials);

/*
 * It was denied again, whatever it is that has this keyed hash.
 *
 * count: if true, how often since it was last logged, this time included.
 * Returns if it is to be logged now; false, too, if it cannot be remembered.
 */
bool denials_note(struct denials *denials, uint64_t hash, uint64_t now_ms,
    uint32_t *count);

/* The same for so many times at once. */
bool denials_add(struct denials *denials, uint64_t hash, uint32_t times,
    uint64_t now_ms, uint32_t *count);

/*
 * Is it to be logged now that some could not be remembered? Once a minute.
 *
 * count: if true, how many since that was last logged.
 */
bool denials_take_untold(struct denials *denials, uint64_t now_ms,
    uint64_t *count);

/* When was it logged last? 0: nobody knows. */
uint64_t denials_logged_ms(const struct denials *denials, uint64_t hash);

/* It was logged already then, and not when it was said to be: a time that is
 * later than this is not believed. */
void denials_set_logged(struct denials *denials, uint64_t hash,
    uint64_t logged_ms);

#endif
