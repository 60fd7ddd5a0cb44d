/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The things to measure. Each fills a report from a swarm whose clients are
 * not open yet, of the number that scenario_client_count() says.
 */
#ifndef SIGNET_BENCH_SCENARIO_H
#define SIGNET_BENCH_SCENARIO_H

#include "bench/report.h"
#include "bench/swarm.h"

uint32_t scenario_client_count(const struct options *options);

/* Messages in one of the patterns; a run whose clients do not all connect
 * ends there. */
void scenario_traffic(const struct options *options, struct swarm *swarm,
    struct report *report);

/* Full handshakes and CONNECTs, as many as can be. */
void scenario_storm(const struct options *options, struct swarm *swarm,
    struct report *report);

/* Memory of connections that do nothing. */
void scenario_idle(const struct options *options, struct swarm *swarm,
    struct report *report);

/* Retained messages, to those who subscribe to them again and again. */
void scenario_retained(const struct options *options, struct swarm *swarm,
    struct report *report);

#endif
