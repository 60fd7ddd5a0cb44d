/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/packet.h"

/* A filter without its group. */
#define FILTER_TEXT_MAX 256

/* Topics are the publisher's own, except that all to all share theirs. */
static void
name_write(const struct topics *topics, uint32_t stream, char *text)
{
	const struct options *options = topics->options;
	uint32_t publisher = stream / options->topics;

	if (options->scenario == SCENARIO_ALL)
		publisher = 0;
	snprintf(text, FILTER_TEXT_MAX, "%s/%08" PRIx32 "/%" PRIu32 "/%" PRIu32,
	    options->topic_prefix, (uint32_t)topics->run, publisher,
	    stream % options->topics);
}

static int
head_encode(struct topics *topics, uint32_t stream)
{
	static const uint8_t nothing[1];
	struct publish_head *head = &topics->items[stream];
	struct mqtt_publish publish = {
		.qos = (uint8_t)topics->options->qos,
		.packet_id = topics->options->qos > 0 ? 1 : 0,
		.payload = { nothing, topics->options->payload_bytes },
	};
	struct mqtt_writer writer;
	char name[TOPIC_TEXT_MAX];
	size_t packet_id_offset = 0;
	int error;

	name_write(topics, stream, name);
	publish.topic_name = bytes_of_string(name);
	writer.capacity = mqtt_publish_head_len_max(&publish);
	writer.data = buffer_reserve(&topics->heads, writer.capacity);
	writer.len = 0;
	error = mqtt_publish_head_encode(topics->options->version, &publish,
	    &writer, &packet_id_offset);
	if (error != 0)
		return error;
	head->offset = topics->heads.len;
	head->len = (uint16_t)writer.len;
	head->packet_id_offset = (uint16_t)packet_id_offset;
	topics->heads.len += writer.len;
	return 0;
}

int
topics_init(struct topics *topics, const struct options *options, uint64_t run)
{
	int error = 0;

	*topics = (struct topics){ .options = options, .run = run };
	topics->stream_count = options->publishers * options->topics;
	topics->items = memory_new(topics->stream_count,
	    sizeof(*topics->items));
	for (uint32_t i = 0; i < topics->stream_count && error == 0; i++)
		error = head_encode(topics, i);
	return error;
}

void
topics_done(struct topics *topics)
{
	free(topics->items);
	topics->items = NULL;
	buffer_done(&topics->heads);
}

void
topics_filter(const struct topics *topics, uint32_t subscriber, char *text)
{
	const struct options *options = topics->options;
	uint32_t publisher = options->scenario == SCENARIO_PAIRS ? subscriber
								 : 0;
	char name[FILTER_TEXT_MAX];

	if (options->scenario == SCENARIO_FAN_IN)
		snprintf(name, sizeof(name), "%s/%08" PRIx32 "/#",
		    options->topic_prefix, (uint32_t)topics->run);
	else if (options->topics == 1)
		name_write(topics, publisher, name);
	else
		snprintf(name, sizeof(name), "%s/%08" PRIx32 "/%" PRIu32 "/+",
		    options->topic_prefix, (uint32_t)topics->run, publisher);
	/* options_parse() bounds both parts. */
	snprintf(text, TOPIC_TEXT_MAX, "%s%s%s%s",
	    options->share != NULL ? "$share/" : "",
	    options->share != NULL ? options->share : "",
	    options->share != NULL ? "/" : "", name);
}

void
topics_streams_of(const struct topics *topics, uint32_t subscriber,
    uint32_t *first, uint32_t *count)
{
	bool is_pairs = topics->options->scenario == SCENARIO_PAIRS;

	*first = is_pairs ? subscriber * topics->options->topics : 0;
	*count = is_pairs ? topics->options->topics : topics->stream_count;
}
