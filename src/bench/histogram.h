/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A histogram of fixed memory over all 64-bit values: log-linear buckets, 128
 * to each power of two, so that a percentile is at most 1/128 above the truth.
 */
#ifndef SIGNET_BENCH_HISTOGRAM_H
#define SIGNET_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS    7
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

/* All zero is an empty histogram. */
struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);

void histogram_record(struct histogram *histogram, uint64_t value);

/*
 * The value that percent (0..100) of the recorded ones do not exceed: the top
 * of its bucket, but never above the greatest value. 0 if nothing is recorded.
 */
uint64_t histogram_percentile(const struct histogram *histogram,
    double percent);

#endif
