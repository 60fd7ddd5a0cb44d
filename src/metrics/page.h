/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's life at a glance, as a page: page.html, in which a line that
 * begins with @ stands for what is filled in. It has no script and names no
 * other file.
 */
#ifndef SIGNET_METRICS_PAGE_H
#define SIGNET_METRICS_PAGE_H

#include "metrics/state.h"

void page_print(const struct state *state, struct buffer *out);

#endif
