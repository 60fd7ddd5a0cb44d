/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz the MQTT codec. The first byte chooses: bit 0 the version, bits 1 and 2
 * what the rest is (0, 1: a stream of packets; 2: a body of the type in bits 4
 * to 7, with the flags of the second byte; 3: topics, divided by NUL).
 *
 * What decodes must encode, and must then decode to what encodes to the same.
 */
#include <stdlib.h>

#include "any_packet.h"
#include "mqtt/topic.h"

#define PACKET_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
promise(bool holds)
{
	if (!holds)
		abort();
}

/* Read all of what was accepted, as a caller would. */
static void
walk(const struct any_packet *any)
{
	struct mqtt_subscription subscription;
	struct bytes topic_filter;
	size_t count = 0;
	size_t pos = 0;

	if (any->type == MQTT_SUBSCRIBE) {
		while (mqtt_subscribe_next(any->version, &any->as.subscribe,
		    &pos, &subscription)) {
			promise(subscription.qos <= 2);
			promise(subscription.retain_handling <= 2);
			promise(mqtt_topic_filter_is_valid(
			    subscription.topic_filter));
			count++;
		}
		promise(count == any->as.subscribe.count && count > 0);
	}
	if (any->type == MQTT_UNSUBSCRIBE) {
		while (mqtt_unsubscribe_next(&any->as.unsubscribe, &pos,
		    &topic_filter)) {
			promise(mqtt_topic_filter_is_valid(topic_filter));
			count++;
		}
		promise(count == any->as.unsubscribe.count && count > 0);
	}
}

/* A head, and the properties that are forwarded, stay within their bounds. */
static void
forward(const struct any_packet *any)
{
	const struct mqtt_publish *publish = &any->as.publish;
	size_t max = mqtt_publish_head_len_max(publish);
	size_t raw_len = publish->properties.raw.len;
	uint8_t *memory = malloc(max + raw_len + 1);
	struct mqtt_writer writer = { memory, max, 0 };
	size_t offset;

	promise(mqtt_publish_head_encode(any->version, publish, &writer,
		    &offset) == 0);
	writer = (struct mqtt_writer){ memory, raw_len, 0 };
	promise(mqtt_properties_forward(&publish->properties, &writer) == 0);
	free(memory);
}

static void
round_trip(enum mqtt_version version, const struct mqtt_frame *frame)
{
	size_t room = frame->body.len + 8;
	uint8_t *memory = malloc(4 * room);
	struct mqtt_writer scratch = { memory, room, 0 };
	struct mqtt_writer first = { memory + room, room, 0 };
	struct mqtt_writer scratch_again = { memory + 2 * room, room, 0 };
	struct mqtt_writer second = { memory + 3 * room, room, 0 };
	struct mqtt_frame frame_again;
	struct any_packet any, again;

	if (any_packet_decode(version, frame, &any) != 0)
		goto out;
	walk(&any);
	any_packet_prepare(&any, &scratch);
	if (any.type == MQTT_PUBLISH)
		forward(&any);
	promise(any_packet_encode(&any, &first) == 0);
	promise(mqtt_frame_decode(bytes_of(first.data, first.len), PACKET_MAX,
		    &frame_again) == 0);
	promise(frame_again.len == first.len);
	promise(any_packet_decode(version, &frame_again, &again) == 0);
	any_packet_prepare(&again, &scratch_again);
	promise(any_packet_encode(&again, &second) == 0);
	promise(first.len == second.len &&
		memcmp(first.data, second.data, first.len) == 0);
out:
	free(memory);
}

static void
fuzz_stream(enum mqtt_version version, struct bytes stream)
{
	struct mqtt_frame frame;

	while (mqtt_frame_decode(stream, PACKET_MAX, &frame) == 0) {
		round_trip(version, &frame);
		stream = bytes_skip(stream, frame.len);
	}
}

static void
fuzz_body(enum mqtt_version version, uint8_t type, struct bytes rest)
{
	struct mqtt_frame frame = { .type = type };

	if (type == 0 || rest.len == 0)
		return;
	frame.flags = rest.data[0] & 0x0f;
	frame.body = bytes_skip(rest, 1);
	frame.len = rest.len;
	round_trip(version, &frame);
}

static struct bytes
word_next(struct bytes *rest)
{
	const uint8_t *end = rest->len > 0 ? memchr(rest->data, 0, rest->len)
					   : NULL;
	struct bytes word = *rest;

	if (end == NULL) {
		*rest = bytes_of(rest->data, 0);
		return word;
	}
	word.len = (size_t)(end - rest->data);
	*rest = bytes_skip(*rest, word.len + 1);
	return word;
}

/* The levels, with their slashes, are the topic. */
static void
walk_levels(struct bytes topic)
{
	struct bytes rest = topic;
	bool is_done = false;
	struct bytes level;
	size_t len = 0;

	while (mqtt_topic_level_next(&rest, &is_done, &level))
		len += level.len + 1;
	promise(len == topic.len + 1);
}

static void
fuzz_topics(struct bytes rest)
{
	struct bytes outer = word_next(&rest);
	struct bytes inner = word_next(&rest);
	struct bytes name = word_next(&rest);
	struct bytes group, filter;

	mqtt_utf8_is_valid(outer);
	walk_levels(outer);
	if (mqtt_topic_filter_is_shared(outer, &group, &filter))
		promise(group.len + filter.len + 8 == outer.len);
	if (!mqtt_topic_filter_is_valid(outer) ||
	    !mqtt_topic_filter_is_valid(inner))
		return;
	promise(mqtt_topic_filter_covers(outer, outer));
	if (!mqtt_topic_name_is_valid(name))
		return;
	promise(mqtt_topic_filter_match(name, name));
	/* To cover a filter that is a name is to match it. */
	promise(mqtt_topic_filter_covers(outer, name) ==
		mqtt_topic_filter_match(outer, name));
	if (mqtt_topic_filter_covers(outer, inner) &&
	    mqtt_topic_filter_match(inner, name))
		promise(mqtt_topic_filter_match(outer, name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum mqtt_version version;
	struct bytes rest;

	if (len == 0)
		return 0;
	rest = bytes_of(data + 1, len - 1);
	version = (data[0] & 1) != 0 ? MQTT_VERSION_5 : MQTT_VERSION_3_1_1;
	switch (data[0] >> 1 & 3) {
	case 2:
		fuzz_body(version, data[0] >> 4, rest);
		break;
	case 3:
		fuzz_topics(rest);
		break;
	default:
		fuzz_stream(version, rest);
		break;
	}
	return 0;
}
