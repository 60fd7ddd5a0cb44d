/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two clocks. Roles read them once a turn and pass the time on.
 */
#ifndef SIGNET_LIB_CLOCK_H
#define SIGNET_LIB_CLOCK_H

#include <stdint.h>

#define CLOCK_DAY_SECONDS 86400

/* What ends is told of, wherever that is, when fewer days are left. */
#define CLOCK_WARNING_DAYS    30
#define CLOCK_WARNING_SECONDS (CLOCK_WARNING_DAYS * CLOCK_DAY_SECONDS)

/* Milliseconds of CLOCK_MONOTONIC: for deadlines and intervals. */
uint64_t clock_monotonic_ms(void);

/* Nanoseconds of the same: which of two events in two processes was first. */
uint64_t clock_monotonic_ns(void);

/* Seconds since 1970 of CLOCK_REALTIME: for certificates. */
int64_t clock_realtime_seconds(void);

/*
 * What both clocks show at one moment. A time that has to outlive the process
 * is kept in seconds since 1970, as CLOCK_MONOTONIC begins anew with the
 * machine; it is converted by such a reading, once when it is written and once
 * when it is read.
 */
struct clock_reading {
	uint64_t monotonic_ms;
	int64_t realtime_ms; /* since 1970 */
};

/* The largest time that is kept: in the year 36812. */
#define CLOCK_REALTIME_SECONDS_MAX (INT64_C(1) << 40)
#define CLOCK_REALTIME_MS_MAX      (CLOCK_REALTIME_SECONDS_MAX * 1000)

struct clock_reading clock_read(void);

/* When at_ms of CLOCK_MONOTONIC is, or was: 0..CLOCK_REALTIME_MS_MAX. */
int64_t clock_to_realtime_ms(const struct clock_reading *reading,
    uint64_t at_ms);

/* The same in seconds, rounded up. */
int64_t clock_to_realtime_seconds(const struct clock_reading *reading,
    uint64_t at_ms);

/* The other way; at least 1, if that time was before CLOCK_MONOTONIC's first.
 * realtime_ms: 0..CLOCK_REALTIME_MS_MAX. */
uint64_t clock_to_monotonic_ms(const struct clock_reading *reading,
    int64_t realtime_ms);

#endif
