/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/clock.h"

#include <time.h>

uint64_t
clock_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
clock_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int64_t
clock_realtime_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

struct clock_reading
clock_read(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct clock_reading){
		.monotonic_ms = clock_monotonic_ms(),
		.realtime_ms = (int64_t)now.tv_sec * 1000 +
			       now.tv_nsec / 1000000,
	};
}

int64_t
clock_to_realtime_ms(const struct clock_reading *reading, uint64_t at_ms)
{
	int64_t realtime_ms;

	if (at_ms > (uint64_t)CLOCK_REALTIME_MS_MAX)
		return CLOCK_REALTIME_MS_MAX;
	realtime_ms = reading->realtime_ms + (int64_t)at_ms -
		      (int64_t)reading->monotonic_ms;
	if (realtime_ms < 0)
		return 0;
	return realtime_ms < CLOCK_REALTIME_MS_MAX ? realtime_ms
						   : CLOCK_REALTIME_MS_MAX;
}

int64_t
clock_to_realtime_seconds(const struct clock_reading *reading, uint64_t at_ms)
{
	return (clock_to_realtime_ms(reading, at_ms) + 999) / 1000;
}

uint64_t
clock_to_monotonic_ms(const struct clock_reading *reading, int64_t realtime_ms)
{
	int64_t at_ms = realtime_ms - reading->realtime_ms +
			(int64_t)reading->monotonic_ms;

	return at_ms > 0 ? (uint64_t)at_ms : 1;
}
