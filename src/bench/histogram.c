/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/histogram.h"

#include <string.h>

#define LINEAR (UINT64_C(1) << HISTOGRAM_BITS)

void
histogram_clear(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

/* How far a value is shifted to leave HISTOGRAM_BITS + 1 significant bits. */
static unsigned int
shift_of(uint64_t value)
{
	return 63u - (unsigned int)__builtin_clzll(value) - HISTOGRAM_BITS;
}

static size_t
bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < LINEAR)
		return (size_t)value;
	shift = shift_of(value);
	return ((size_t)shift << HISTOGRAM_BITS) + (size_t)(value >> shift);
}

static uint64_t
top_of(size_t bucket)
{
	unsigned int shift;
	uint64_t mantissa;

	if (bucket < 2 * LINEAR)
		return bucket;
	shift = (unsigned int)(bucket >> HISTOGRAM_BITS) - 1;
	mantissa = bucket - ((size_t)shift << HISTOGRAM_BITS);
	return (mantissa << shift) + ((UINT64_C(1) << shift) - 1);
}

void
histogram_record(struct histogram *histogram, uint64_t value)
{
	histogram->buckets[bucket_of(value)]++;
	histogram->count++;
	if (value > histogram->max)
		histogram->max = value;
}

uint64_t
histogram_percentile(const struct histogram *histogram, double percent)
{
	double share = percent / 100.0 * (double)histogram->count;
	uint64_t rank = (uint64_t)share;
	uint64_t sum = 0;

	if (histogram->count == 0)
		return 0;
	/* 99.9 % of 1000 is 999, whatever binary fractions make of it. */
	if ((double)rank + 1e-6 < share || rank == 0)
		rank++;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		sum += histogram->buckets[i];
		if (sum >= rank)
			return top_of(i) < histogram->max ? top_of(i)
							  : histogram->max;
	}
	return histogram->max;
}
