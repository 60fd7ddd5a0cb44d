/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/publisher.h"

#include <stdlib.h>

#include "bench/stamp.h"
#include "lib/memory.h"

/* What may wait for the socket: beyond it, nothing is added. */
#define OUTPUT_MAX 1048576

/* Deliveries end its messages. At a rate none do, and where nobody is there to
 * get them, acknowledgements. */
static bool
has_window(const struct options *options)
{
	return options->rate == 0 && !options->is_offline;
}

void
publisher_init(struct publisher *publisher, struct client *client,
    const struct topics *topics, uint32_t index, uint32_t receivers)
{
	const struct options *options = topics->options;

	*publisher = (struct publisher){
		.client = client,
		.topics = topics,
		.index = index,
		.receivers = receivers,
	};
	publisher->sequences = memory_new(options->topics,
	    sizeof(*publisher->sequences));
	if (has_window(options))
		window_init(&publisher->window, options->window);
	if ((options->is_offline || options->awaits_acks) &&
	    options->window < client->receive_maximum)
		client->receive_maximum = (uint16_t)options->window;
	if (options->qos > 0)
		flight_init(&client->flight, client->receive_maximum);
}

void
publisher_done(struct publisher *publisher)
{
	window_done(&publisher->window);
	free(publisher->sequences);
	publisher->sequences = NULL;
}

static bool
has_room(const struct publisher *publisher)
{
	const struct options *options = publisher->topics->options;
	const struct client *client = publisher->client;

	return client->state == CLIENT_READY &&
	       client_output_len(client) < OUTPUT_MAX &&
	       (options->qos == 0 || flight_has_room(&client->flight)) &&
	       (!has_window(options) || window_has_room(&publisher->window));
}

static void
packet_append(struct publisher *publisher, const struct stamp *stamp,
    uint64_t now_ns)
{
	const struct topics *topics = publisher->topics;
	const struct publish_head *head = &topics->items[stamp->stream];
	struct client *client = publisher->client;
	size_t payload_bytes = topics->options->payload_bytes;
	uint8_t *data;
	uint16_t packet_id;

	data = buffer_reserve(&client->output, head->len + payload_bytes);
	memcpy(data, topics->heads.data + head->offset, head->len);
	if (topics->options->qos > 0) {
		packet_id = flight_push(&client->flight,
		    (uint8_t)topics->options->qos, now_ns);
		data[head->packet_id_offset] = (uint8_t)(packet_id >> 8);
		data[head->packet_id_offset + 1] = (uint8_t)packet_id;
	}
	stamp_encode(stamp, data + head->len);
	memset(data + head->len + STAMP_LEN, 'x', payload_bytes - STAMP_LEN);
	client->output.len += head->len + payload_bytes;
}

static void
publish(struct publisher *publisher, uint64_t sent_ns, uint64_t now_ns)
{
	const struct options *options = publisher->topics->options;
	uint32_t topic = publisher->topic_next;
	struct stamp stamp = {
		.run = publisher->topics->run,
		.sequence = ++publisher->sequences[topic],
		.sent_ns = sent_ns,
		.stream = publisher->index * options->topics + topic,
		.slot = STAMP_NO_SLOT,
	};

	publisher->topic_next = topic + 1 < options->topics ? topic + 1 : 0;
	if (has_window(options))
		stamp.slot = window_push(&publisher->window,
		    &(struct window_slot){ stamp.sequence, sent_ns,
			stamp.stream, publisher->receivers });
	packet_append(publisher, &stamp, now_ns);
	publisher->sent++;
}

/* When this publisher's next message is due; all share the rate in turn. */
static uint64_t
due_ns(const struct publisher *publisher, uint64_t begin_ns)
{
	const struct options *options = publisher->topics->options;
	double before = (double)publisher->due_count * options->publishers +
			publisher->index;

	return begin_ns + (uint64_t)(before * 1e9 / options->rate);
}

static uint32_t
fill_at_rate(struct publisher *publisher, uint64_t begin_ns, uint64_t *next_ns)
{
	uint64_t due = due_ns(publisher, begin_ns);
	uint64_t now_ns = client_clock_ns();
	uint32_t count = 0;

	while (due <= now_ns && has_room(publisher)) {
		/* Stamped with when it was due, not with when a slow broker
		 * let us send it. */
		publish(publisher, due, now_ns);
		publisher->due_count++;
		count++;
		due = due_ns(publisher, begin_ns);
	}
	if (due > now_ns && due < *next_ns)
		*next_ns = due;
	return count;
}

uint32_t
publisher_fill(struct publisher *publisher, uint64_t begin_ns,
    uint64_t *next_ns)
{
	uint64_t now_ns;
	uint32_t count = 0;

	if (!has_room(publisher))
		return 0;
	if (publisher->topics->options->rate > 0)
		return fill_at_rate(publisher, begin_ns, next_ns);
	now_ns = client_clock_ns();
	while (has_room(publisher)) {
		publish(publisher, now_ns, now_ns);
		count++;
	}
	return count;
}
