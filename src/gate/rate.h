/* SPDX-License-Identifier: Apache-2.0 */
/*
 * So many a second, after a second's worth at once: as a time up to which the
 * rate is used up. It moves on with each, and may be ahead of the clock by a
 * second.
 */
#ifndef SIGNET_GATE_RATE_H
#define SIGNET_GATE_RATE_H

#include <stdint.h>

#define RATE_SECOND_NS UINT64_C(1000000000)

/*
 * How long until another one may come, in ns; 0: now.
 *
 * per_second: 0: there is no limit.
 */
static inline uint64_t
rate_wait_ns(uint64_t spent_ns, uint32_t per_second, uint64_t now_ns)
{
	uint64_t begin = spent_ns > now_ns ? spent_ns : now_ns;
	uint64_t end;

	if (per_second == 0)
		return 0;
	end = begin + RATE_SECOND_NS / per_second;
	return end <= now_ns + RATE_SECOND_NS ? 0
					      : end - now_ns - RATE_SECOND_NS;
}

/* One has come. What others let in at the same time makes nobody wait for
 * longer than another second. */
static inline void
rate_spend(uint64_t *spent_ns, uint32_t per_second, uint64_t now_ns)
{
	if (per_second == 0)
		return;
	if (*spent_ns < now_ns)
		*spent_ns = now_ns;
	*spent_ns += RATE_SECOND_NS / per_second;
	if (*spent_ns > now_ns + 2 * RATE_SECOND_NS)
		*spent_ns = now_ns + 2 * RATE_SECOND_NS;
}

#endif
