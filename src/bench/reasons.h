/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why clients failed: the different texts, each with how often.
 */
#ifndef SIGNET_BENCH_REASONS_H
#define SIGNET_BENCH_REASONS_H

#include <stdint.h>

#define REASONS_MAX     16
#define REASON_TEXT_LEN 160

struct reason_count {
	char text[REASON_TEXT_LEN];
	uint64_t count;
};

/* All zero is none. */
struct reasons {
	struct reason_count items[REASONS_MAX];
	uint32_t count;
	uint64_t total;
};

/* Count one. Texts beyond REASONS_MAX different ones count as the last. */
void reasons_add(struct reasons *reasons, const char *text);

#endif
