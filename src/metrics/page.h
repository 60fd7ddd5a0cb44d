/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's life at a glance, as a page: page.html, in which a line that
 * begins with @ stands for what is filled in. It has no script and names no
 * other file. If the master is silent, the page says that what it shows is of
 * before.
 */
#ifndef SIGNET_METRICS_PAGE_H
#define SIGNET_METRICS_PAGE_H

#include "metrics/state.h"

/* now_ms: CLOCK_MONOTONIC. */
void page_print(const struct state *state, uint64_t now_ms, struct buffer *out);

#endif
