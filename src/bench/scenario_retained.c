/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retained messages: one publisher leaves one on each topic; then subscribers
 * subscribe to all of them with one filter, again and again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/scenario.h"
#include "bench/topics.h"
#include "lib/memory.h"

#define MS_NS UINT64_C(1000000)
/* After the last message has come by, it may not be kept yet everywhere. */
#define SETTLE_NS (500 * MS_NS)

struct retained {
	const struct options *options;
	struct swarm *swarm;
	struct report *report;
	uint32_t *missing;   /* by subscriber: messages of its round */
	uint64_t *since_ns;  /* when its round began */
	uint32_t subscribed; /* SUBACKs */
	bool is_measuring;
	bool is_over; /* nobody begins another round */
	uint64_t progress_ns;
};

static void
name_write(const struct retained *retained, const char *last, char *text)
{
	snprintf(text, TOPIC_TEXT_MAX, "%s/%08" PRIx32 "/%s",
	    retained->options->topic_prefix,
	    (uint32_t)retained->swarm->context.run, last);
}

static void
round_begin(struct retained *retained, uint32_t subscriber)
{
	struct client *client = &retained->swarm->clients[subscriber];
	char filter[TOPIC_TEXT_MAX];

	name_write(retained, "#", filter);
	retained->missing[subscriber] = retained->options->topics;
	retained->since_ns[subscriber] = client_clock_ns();
	if (retained->is_measuring)
		retained->report->expected += retained->options->topics;
	client_subscribe(client, bytes_of_string(filter),
	    (uint8_t)retained->options->qos);
	swarm_flush(retained->swarm, client);
}

static void
on_message(struct retained *retained, uint32_t subscriber)
{
	struct report *report = retained->report;

	retained->progress_ns = retained->swarm->now_ns;
	if (retained->missing[subscriber] == 0) {
		report->duplicates++;
		return;
	}
	retained->missing[subscriber]--;
	if (!retained->is_measuring)
		return;
	report->received++;
	report->delivered++;
	histogram_record(&report->latency_ns,
	    retained->swarm->now_ns - retained->since_ns[subscriber]);
	if (retained->missing[subscriber] == 0 && !retained->is_over)
		round_begin(retained, subscriber);
}

static void
turn(struct retained *retained, uint64_t until_ns)
{
	struct swarm *swarm = retained->swarm;
	struct client_event event;
	struct client *client;

	swarm_wait(swarm, until_ns);
	while (swarm_next(swarm, &client, &event)) {
		uint32_t place = (uint32_t)(client - swarm->clients);

		if (place >= retained->options->subscribers)
			continue;
		if (event.type == CLIENT_EVENT_MESSAGE)
			on_message(retained, place);
		else if (event.type == CLIENT_EVENT_SUBSCRIBED)
			retained->subscribed++;
	}
}

static void
turns_until(struct retained *retained, uint64_t until_ns)
{
	while (swarm_interrupts == 0 && client_clock_ns() < until_ns &&
	       retained->swarm->reasons.total == 0)
		turn(retained, until_ns);
}

/* As long as messages still come. */
static void
await_all(struct retained *retained)
{
	uint64_t drain_ns = retained->options->drain_ms * MS_NS;
	uint64_t now_ns = client_clock_ns();
	uint32_t i = 0;

	retained->progress_ns = now_ns;
	while (swarm_interrupts == 0 && retained->swarm->reasons.total == 0 &&
	       now_ns < retained->progress_ns + drain_ns) {
		while (i < retained->options->subscribers &&
		       retained->missing[i] == 0)
			i++;
		if (i == retained->options->subscribers)
			return;
		turn(retained, now_ns + 100 * MS_NS);
		now_ns = client_clock_ns();
	}
}

/* Publish on each topic, with or without a payload; at QoS 0. */
static void
publish_all(struct retained *retained, uint32_t payload_bytes)
{
	struct client *client = &retained->swarm
				     ->clients[retained->options->subscribers];
	uint8_t *payload = memory_new(1, payload_bytes + 1);
	char number[16], name[TOPIC_TEXT_MAX];
	struct mqtt_publish publish = {
		.retain = true,
		.payload = bytes_of(payload, payload_bytes),
	};

	memset(payload, 'x', payload_bytes);
	for (uint32_t i = 0; i < retained->options->topics; i++) {
		struct mqtt_writer writer = { .len = 0 };
		size_t packet_id_offset;

		snprintf(number, sizeof(number), "%" PRIu32, i);
		name_write(retained, number, name);
		publish.topic_name = bytes_of_string(name);
		writer.capacity = mqtt_publish_head_len_max(&publish);
		writer.data = buffer_reserve(&client->output, writer.capacity);
		if (mqtt_publish_head_encode(retained->options->version,
			&publish, &writer, &packet_id_offset) != 0)
			break;
		client->output.len += writer.len;
		buffer_append(&client->output, publish.payload);
	}
	swarm_flush(retained->swarm, client);
	while (client_output_len(client) > 0 && swarm_interrupts == 0 &&
	       retained->swarm->reasons.total == 0)
		turn(retained, client_clock_ns() + 10 * MS_NS);
	free(payload);
}

/* The first subscriber sees each message come by: then all are there. */
static void
fill(struct retained *retained)
{
	uint64_t until_ns = client_clock_ns() +
			    retained->options->connect_timeout_ms * MS_NS;

	round_begin(retained, 0);
	while (retained->subscribed == 0 && client_clock_ns() < until_ns &&
	       swarm_interrupts == 0 && retained->swarm->reasons.total == 0)
		turn(retained, until_ns);
	publish_all(retained, retained->options->payload_bytes);
	await_all(retained);
	if (retained->missing[0] > 0)
		reasons_add(&retained->swarm->reasons,
		    "not all retained messages came by");
	turns_until(retained, client_clock_ns() + SETTLE_NS);
}

static void
measure(struct retained *retained)
{
	const struct options *options = retained->options;
	struct report *report = retained->report;
	uint64_t begin_ns = client_clock_ns();

	gauge_cpu_begin(&report->gauge, options->pid);
	retained->is_measuring = true;
	for (uint32_t i = 0; i < options->subscribers; i++)
		round_begin(retained, i);
	turns_until(retained, begin_ns + options->measure_ms * MS_NS);
	/* The rounds that have begun are counted to their end. */
	retained->is_over = true;
	await_all(retained);
	report->measured_ns = client_clock_ns() - begin_ns;
	gauge_cpu_end(&report->gauge, options->pid);
	retained->is_measuring = false;
}

void
scenario_retained(const struct options *options, struct swarm *swarm,
    struct report *report)
{
	struct retained retained = {
		.options = options,
		.swarm = swarm,
		.report = report,
	};
	uint64_t begin_ns = client_clock_ns();

	if (swarm_open_all(swarm) != 0)
		return;
	report->connections = swarm->count;
	report->open_ns = client_clock_ns() - begin_ns;
	retained.missing = memory_new(options->subscribers,
	    sizeof(*retained.missing));
	retained.since_ns = memory_new(options->subscribers,
	    sizeof(*retained.since_ns));
	fill(&retained);
	if (swarm->reasons.total == 0)
		measure(&retained);
	publish_all(&retained, 0);
	free(retained.missing);
	free(retained.since_ns);
}
