/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/scenario.h"

#define MS_NS UINT64_C(1000000)

/* A connection is there: note it, end it, open the next one in its place. */
static void
on_connected(struct swarm *swarm, struct client *client, struct report *report,
    bool is_measuring)
{
	if (is_measuring) {
		report->delivered++;
		histogram_record(&report->latency_ns,
		    client->connected_ns - client->opened_ns);
		histogram_record(&report->second_ns,
		    client->handshake_ns - client->opened_ns);
	}
	report->connections++;
	client_disconnect(client);
	swarm_open(swarm, client);
}

static void
storm_until(struct swarm *swarm, struct report *report, uint64_t until_ns,
    bool is_measuring)
{
	struct client_event event;
	struct client *client;

	while (client_clock_ns() < until_ns && swarm_interrupts == 0) {
		swarm_wait(swarm, until_ns);
		while (swarm_next(swarm, &client, &event)) {
			if (event.type == CLIENT_EVENT_CONNECTED)
				on_connected(swarm, client, report,
				    is_measuring);
		}
		/* What failed is opened again at the next turn but not at
		 * once: a broker that refuses is not to be hammered. */
		for (uint32_t i = 0; i < swarm->count; i++) {
			client = &swarm->clients[i];
			if (client->state == CLIENT_FAILED &&
			    client->is_failure_told &&
			    client->opened_ns + 10 * MS_NS < swarm->now_ns)
				swarm_open(swarm, client);
		}
	}
}

void
scenario_storm(const struct options *options, struct swarm *swarm,
    struct report *report)
{
	uint64_t begin_ns = client_clock_ns();

	for (uint32_t i = 0; i < swarm->count; i++)
		swarm_open(swarm, &swarm->clients[i]);
	storm_until(swarm, report, begin_ns + options->warm_up_ms * MS_NS,
	    false);

	begin_ns = client_clock_ns();
	gauge_cpu_begin(&report->gauge, options->pid);
	storm_until(swarm, report, begin_ns + options->measure_ms * MS_NS,
	    true);
	gauge_cpu_end(&report->gauge, options->pid);
	report->measured_ns = client_clock_ns() - begin_ns;
	/* Those that are under way now are no failures. */
	for (uint32_t i = 0; i < swarm->count; i++)
		client_close(&swarm->clients[i]);
}
