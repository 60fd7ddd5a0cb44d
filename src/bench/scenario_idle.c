/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/scenario.h"

#define MS_NS UINT64_C(1000000)

static void
wait_idle(struct swarm *swarm, uint64_t until_ns)
{
	struct client_event event;
	struct client *client;

	while (swarm->now_ns < until_ns && swarm_interrupts == 0) {
		swarm_wait(swarm, until_ns);
		while (swarm_next(swarm, &client, &event))
			continue; /* failures are counted by the swarm */
	}
}

static uint64_t
ready_count(const struct swarm *swarm)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < swarm->count; i++)
		count += swarm->clients[i].state == CLIENT_READY;
	return count;
}

void
scenario_idle(const struct options *options, struct swarm *swarm,
    struct report *report)
{
	uint64_t begin_ns = client_clock_ns();

	gauge_memory_before(&report->gauge, options->pid);
	(void)swarm_open_all(swarm);
	report->connections = ready_count(swarm);
	report->open_ns = client_clock_ns() - begin_ns;

	begin_ns = client_clock_ns();
	gauge_cpu_begin(&report->gauge, options->pid);
	wait_idle(swarm, begin_ns + options->measure_ms * MS_NS);
	gauge_cpu_end(&report->gauge, options->pid);
	report->measured_ns = client_clock_ns() - begin_ns;
	gauge_memory_after(&report->gauge, options->pid, ready_count(swarm));
}
