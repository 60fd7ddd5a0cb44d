/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers for Prometheus and others, in the form of OpenMetrics 1.0 or in
 * that of Prometheus's text format 0.0.4: they differ in little.
 */
#ifndef SIGNET_METRICS_EXPOSITION_H
#define SIGNET_METRICS_EXPOSITION_H

#include "metrics/state.h"

/* now_ms: CLOCK_MONOTONIC. */
void exposition_print(const struct state *state, uint64_t now_ms,
    bool is_open_metrics, struct buffer *out);

#endif
