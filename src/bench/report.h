/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a run, and how they are told.
 */
#ifndef SIGNET_BENCH_REPORT_H
#define SIGNET_BENCH_REPORT_H

#include <stdio.h>

#include "bench/gauge.h"
#include "bench/histogram.h"
#include "bench/options.h"
#include "bench/reasons.h"

struct report {
	/* The measuring window. */
	uint64_t measured_ns;
	uint64_t published;          /* messages */
	uint64_t delivered;          /* messages; storm: connections */
	struct histogram latency_ns; /* publish, or connect, to delivery */
	struct histogram second_ns;  /* to acknowledgement, or of handshakes */

	/* The whole run. */
	uint64_t sent;     /* messages */
	uint64_t expected; /* deliveries */
	uint64_t received; /* different deliveries */
	uint64_t duplicates;
	uint64_t order_violations;
	uint64_t refused;     /* acknowledged with an error */
	uint64_t timed_out;   /* messages given up in a closed loop */
	uint64_t connections; /* opened */
	uint64_t open_ns;     /* it took to open them all */
	uint64_t return_ns; /* offline: from their return to the last message */

	bool is_interrupted;
	struct gauge gauge;
	const struct reasons *reasons; /* borrowed */
};

static inline uint64_t
report_lost(const struct report *report)
{
	return report->expected > report->received
		   ? report->expected - report->received
		   : 0;
}

/*
 * Is all as MQTT promises? No client failed, nothing was refused, order was
 * kept, and at QoS above 0 nothing was lost; at QoS 2 nothing came twice.
 */
bool report_is_good(const struct options *options, const struct report *report);

void report_print(const struct options *options, const struct report *report,
    FILE *out);
void report_print_json(const struct options *options,
    const struct report *report, FILE *out);

#endif
