/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "bench/publisher.h"
#include "bench/scenario.h"
#include "bench/stamp.h"
#include "bench/stream.h"
#include "lib/memory.h"

#define MS_NS     UINT64_C(1000000)
#define EXPIRE_NS (100 * MS_NS)

struct subscriber {
	struct client *client;
	uint32_t stream_first;
	uint32_t stream_count;
	struct stream *streams;
};

/*
 * Clients stand in the swarm with the subscribers first: whose event it is
 * follows from its place.
 */
struct traffic {
	const struct options *options;
	struct swarm *swarm;
	struct report *report;
	struct topics topics;
	struct publisher *publishers;
	struct subscriber *subscribers;
	bool is_publishing;
	bool is_measuring;
	uint64_t begin_ns;
	uint64_t next_ns;     /* when a message is due */
	uint64_t expire_ns;   /* when to look for lost messages again */
	uint64_t progress_ns; /* when the last message came */
	uint32_t opening;     /* subscribers that return just now */
};

uint32_t
scenario_client_count(const struct options *options)
{
	if (options->scenario == SCENARIO_IDLE)
		return options->connections;
	if (options->scenario == SCENARIO_STORM)
		return options->concurrency;
	return options->subscribers + options->publishers;
}

static void
subscriber_init(struct subscriber *subscriber, struct traffic *traffic,
    uint32_t index)
{
	subscriber->client = &traffic->swarm->clients[index];
	topics_streams_of(&traffic->topics, index, &subscriber->stream_first,
	    &subscriber->stream_count);
	subscriber->streams = memory_new(subscriber->stream_count,
	    sizeof(*subscriber->streams));
}

/* All clients are ready. Returns 0 or the codec's error. */
static int
traffic_init(struct traffic *traffic)
{
	const struct options *options = traffic->options;
	struct client *clients = traffic->swarm->clients;
	uint32_t receivers = options->scenario == SCENARIO_PAIRS ||
				     options->share != NULL
				 ? 1
				 : options->subscribers;
	int error;

	error = topics_init(&traffic->topics, options,
	    traffic->swarm->context.run);
	if (error != 0)
		return error;
	traffic->subscribers = memory_new(options->subscribers,
	    sizeof(*traffic->subscribers));
	for (uint32_t i = 0; i < options->subscribers; i++)
		subscriber_init(&traffic->subscribers[i], traffic, i);
	traffic->publishers = memory_new(options->publishers,
	    sizeof(*traffic->publishers));
	for (uint32_t i = 0; i < options->publishers; i++)
		publisher_init(&traffic->publishers[i],
		    &clients[options->subscribers + i], &traffic->topics, i,
		    receivers);
	return 0;
}

static void
traffic_done(struct traffic *traffic)
{
	const struct options *options = traffic->options;

	for (uint32_t i = 0; i < options->subscribers && traffic->subscribers;
	     i++)
		free(traffic->subscribers[i].streams);
	for (uint32_t i = 0; i < options->publishers && traffic->publishers;
	     i++)
		publisher_done(&traffic->publishers[i]);
	free(traffic->subscribers);
	free(traffic->publishers);
	topics_done(&traffic->topics);
}

/* Returns false if not all subscriptions are granted in time. */
static bool
subscribe_all(struct traffic *traffic)
{
	const struct options *options = traffic->options;
	struct swarm *swarm = traffic->swarm;
	uint64_t until_ns = client_clock_ns() +
			    options->connect_timeout_ms * MS_NS;
	uint32_t granted = 0;
	struct client_event event;
	struct client *client;
	char filter[TOPIC_TEXT_MAX];

	for (uint32_t i = 0; i < options->subscribers; i++) {
		topics_filter(&traffic->topics, i, filter);
		client_subscribe(traffic->subscribers[i].client,
		    bytes_of_string(filter), (uint8_t)options->qos);
		swarm_flush(swarm, traffic->subscribers[i].client);
	}
	while (granted < options->subscribers && swarm->reasons.total == 0) {
		if (swarm_interrupts > 0 || client_clock_ns() > until_ns)
			break;
		swarm_wait(swarm, until_ns);
		while (swarm_next(swarm, &client, &event))
			granted += event.type == CLIENT_EVENT_SUBSCRIBED;
	}
	if (granted < options->subscribers && swarm->reasons.total == 0)
		reasons_add(&swarm->reasons, "SUBSCRIBE: timed out");
	return granted == options->subscribers;
}

static void
on_message(struct traffic *traffic, struct subscriber *subscriber,
    struct bytes payload)
{
	struct report *report = traffic->report;
	struct swarm *swarm = traffic->swarm;
	uint64_t now_ns = swarm->now_ns;
	struct stamp stamp;
	enum arrival arrival;

	if (!stamp_decode(payload, swarm->context.run, &stamp) ||
	    stamp.stream - subscriber->stream_first >= subscriber->stream_count)
		return;
	arrival = stream_arrive(
	    &subscriber->streams[stamp.stream - subscriber->stream_first],
	    stamp.sequence);
	if (arrival == ARRIVAL_DUPLICATE) {
		report->duplicates++;
		return;
	}
	report->order_violations += arrival == ARRIVAL_OUT_OF_ORDER;
	report->received++;
	traffic->progress_ns = now_ns;
	if (traffic->is_measuring) {
		report->delivered++;
		histogram_record(&report->latency_ns,
		    now_ns > stamp.sent_ns ? now_ns - stamp.sent_ns : 0);
	}
	if (stamp.slot != STAMP_NO_SLOT)
		(void)window_deliver(
		    &traffic
			 ->publishers[stamp.stream / traffic->options->topics]
			 .window,
		    stamp.slot, stamp.stream, stamp.sequence);
}

static void
on_acknowledged(struct traffic *traffic, const struct client_event *event)
{
	traffic->report->refused += event->is_refused;
	if (traffic->is_measuring && traffic->options->is_offline)
		traffic->report->delivered++;
	if (traffic->is_measuring)
		histogram_record(&traffic->report->second_ns,
		    event->acknowledged_ns);
}

static void
publish_all(struct traffic *traffic)
{
	const struct options *options = traffic->options;
	struct report *report = traffic->report;

	traffic->next_ns = UINT64_MAX;
	for (uint32_t i = 0; i < options->publishers; i++) {
		struct publisher *publisher = &traffic->publishers[i];
		uint32_t count = publisher_fill(publisher, traffic->begin_ns,
		    &traffic->next_ns);

		if (count == 0)
			continue;
		report->sent += count;
		if (traffic->is_measuring)
			report->published += count;
		swarm_flush(traffic->swarm, publisher->client);
	}
}

static void
expire_all(struct traffic *traffic, uint64_t now_ns)
{
	const struct options *options = traffic->options;
	uint64_t drain_ns = options->drain_ms * MS_NS;

	if (options->rate > 0 || now_ns < traffic->expire_ns)
		return;
	for (uint32_t i = 0; i < options->publishers; i++)
		traffic->report->timed_out += window_expire(
		    &traffic->publishers[i].window, now_ns - drain_ns);
	traffic->expire_ns = now_ns + EXPIRE_NS;
}

/* One turn of the loop. */
static void
traffic_turn(struct traffic *traffic, uint64_t until_ns)
{
	struct swarm *swarm = traffic->swarm;
	struct client_event event;
	struct client *client;
	size_t place;

	if (traffic->is_publishing)
		publish_all(traffic);
	if (traffic->is_publishing && traffic->next_ns < until_ns)
		until_ns = traffic->next_ns;
	swarm_wait(swarm, until_ns);
	while (swarm_next(swarm, &client, &event)) {
		place = (size_t)(client - swarm->clients);
		if (event.type == CLIENT_EVENT_MESSAGE &&
		    place < traffic->options->subscribers)
			on_message(traffic, &traffic->subscribers[place],
			    event.payload);
		else if (event.type == CLIENT_EVENT_ACKNOWLEDGED)
			on_acknowledged(traffic, &event);
		else if (event.type == CLIENT_EVENT_CONNECTED)
			traffic->opening--;
	}
	expire_all(traffic, swarm->now_ns);
}

static void
traffic_until(struct traffic *traffic, uint64_t until_ns)
{
	while (swarm_interrupts == 0 && client_clock_ns() < until_ns &&
	       traffic->swarm->reasons.total < traffic->swarm->count)
		traffic_turn(traffic, until_ns);
}

/* What is under way may arrive, as long as anything still does. */
static void
traffic_drain(struct traffic *traffic)
{
	uint64_t drain_ns = traffic->options->drain_ms * MS_NS;
	uint64_t now_ns = client_clock_ns();

	traffic->is_publishing = false;
	traffic->progress_ns = now_ns;
	while (traffic->report->received < traffic->report->expected &&
	       swarm_interrupts < 2 &&
	       now_ns < traffic->progress_ns + drain_ns) {
		traffic_turn(traffic, now_ns + 100 * MS_NS);
		now_ns = client_clock_ns();
	}
}

static void
subscribers_leave(struct traffic *traffic)
{
	for (uint32_t i = 0; i < traffic->options->subscribers; i++)
		client_leave(traffic->subscribers[i].client);
}

/* Open them again, some at a time; what has waited for them comes already. */
static void
subscribers_return(struct traffic *traffic)
{
	const struct options *options = traffic->options;
	struct swarm *swarm = traffic->swarm;
	uint32_t next = 0;

	traffic->is_publishing = false;
	while ((next < options->subscribers || traffic->opening > 0) &&
	       swarm_interrupts < 2 && swarm->reasons.total == 0) {
		while (next < options->subscribers &&
		       traffic->opening < options->concurrency) {
			swarm_open_again(swarm,
			    traffic->subscribers[next++].client);
			traffic->opening++;
		}
		traffic_turn(traffic, client_clock_ns() + 100 * MS_NS);
	}
}

static void
traffic_measure(struct traffic *traffic)
{
	const struct options *options = traffic->options;
	struct report *report = traffic->report;
	uint64_t begin_ns;

	if (options->is_offline)
		subscribers_leave(traffic);

	traffic->begin_ns = client_clock_ns();
	traffic->is_publishing = true;
	traffic_until(traffic, traffic->begin_ns + options->warm_up_ms * MS_NS);

	gauge_files_begin(&report->gauge, options->files);
	gauge_cpu_begin(&report->gauge, options->pid);
	begin_ns = client_clock_ns();
	traffic->is_measuring = true;
	traffic_until(traffic, begin_ns + options->measure_ms * MS_NS);
	traffic->is_measuring = false;
	report->measured_ns = client_clock_ns() - begin_ns;
	gauge_cpu_end(&report->gauge, options->pid);
	gauge_files_end(&report->gauge, options->files);

	report->expected = report->sent * traffic->publishers[0].receivers;
	begin_ns = client_clock_ns();
	if (options->is_offline)
		subscribers_return(traffic);
	traffic_drain(traffic);
	if (options->is_offline && traffic->progress_ns > begin_ns)
		report->return_ns = traffic->progress_ns - begin_ns;
}

void
scenario_traffic(const struct options *options, struct swarm *swarm,
    struct report *report)
{
	struct traffic traffic = {
		.options = options,
		.swarm = swarm,
		.report = report,
	};
	uint64_t begin_ns = client_clock_ns();

	gauge_memory_before(&report->gauge, options->pid);
	for (uint32_t i = 0; i < options->subscribers; i++)
		swarm->clients[i].session_expiry = options->session_expiry;
	if (swarm_open_all(swarm) != 0)
		return;
	report->connections = swarm->count;
	report->open_ns = client_clock_ns() - begin_ns;
	gauge_memory_after(&report->gauge, options->pid, swarm->count);
	if (traffic_init(&traffic) != 0)
		reasons_add(&swarm->reasons, "PUBLISH cannot be encoded");
	else if (subscribe_all(&traffic))
		traffic_measure(&traffic);
	traffic_done(&traffic);
}
