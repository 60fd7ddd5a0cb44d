/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two clocks. Roles read them once a turn and pass the time on.
 */
#ifndef SIGNET_LIB_CLOCK_H
#define SIGNET_LIB_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC: for deadlines and intervals. */
uint64_t clock_monotonic_ms(void);

/* Seconds since 1970 of CLOCK_REALTIME: for certificates. */
int64_t clock_realtime_seconds(void);

#endif
