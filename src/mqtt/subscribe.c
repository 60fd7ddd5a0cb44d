/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SUBSCRIBE (3.8).
 */
#include "mqtt/codec.h"
#include "mqtt/topic.h"

#define SUBSCRIBE_FLAGS 0x02

#define OPTION_QOS                 0x03u
#define OPTION_NO_LOCAL            0x04u
#define OPTION_RETAIN_AS_PUBLISHED 0x08u
#define RETAIN_HANDLING_SHIFT      4
#define OPTION_RETAIN_HANDLING     (3u << RETAIN_HANDLING_SHIFT)
#define OPTION_RESERVED            0xc0u

static int
entry_read(struct mqtt_reader *reader, struct bytes *topic_filter,
    uint8_t *options)
{
	int error;

	error = mqtt_binary_decode(reader, topic_filter);
	if (error != 0)
		return error;
	return mqtt_u8_decode(reader, options);
}

static void
options_decode(enum mqtt_version version, uint8_t options,
    struct mqtt_subscription *subscription)
{
	subscription->qos = options & OPTION_QOS;
	/* 3.1.1 has the QoS alone, and behaves as the others at 0. */
	subscription->no_local = version == MQTT_VERSION_5 &&
				 (options & OPTION_NO_LOCAL) != 0;
	subscription->retain_as_published = version == MQTT_VERSION_5 &&
					    (options &
						OPTION_RETAIN_AS_PUBLISHED) !=
						0;
	subscription->retain_handling = 0;
	if (version == MQTT_VERSION_5)
		subscription->retain_handling =
		    (uint8_t)((options & OPTION_RETAIN_HANDLING) >>
			      RETAIN_HANDLING_SHIFT);
}

static int
options_check(enum mqtt_version version, uint8_t options)
{
	/* [MQTT-3.8.3-4] */
	if (version == MQTT_VERSION_3_1_1)
		return options > 2 ? MQTT_ERR_MALFORMED_PACKET : 0;
	/* [MQTT5-3.8.3-5] */
	if ((options & OPTION_RESERVED) != 0)
		return MQTT_ERR_MALFORMED_PACKET;
	/* MQTT 5.0, 3.8.3.1, both */
	if ((options & OPTION_QOS) == OPTION_QOS)
		return MQTT_ERR_PROTOCOL_ERROR;
	if ((options & OPTION_RETAIN_HANDLING) == OPTION_RETAIN_HANDLING)
		return MQTT_ERR_PROTOCOL_ERROR;
	return 0;
}

static int
entry_check(enum mqtt_version version, struct bytes topic_filter,
    uint8_t options)
{
	struct bytes group, rest;
	int error;

	/* [MQTT-3.8.3-1], [MQTT5-3.8.3-1] */
	if (!mqtt_utf8_is_valid(topic_filter))
		return MQTT_ERR_MALFORMED_PACKET;
	error = options_check(version, options);
	if (error != 0)
		return error;
	if (!mqtt_topic_filter_is_valid(topic_filter))
		return MQTT_ERR_TOPIC_FILTER_INVALID;
	/* [MQTT5-3.8.3-4] */
	if (version == MQTT_VERSION_5 && (options & OPTION_NO_LOCAL) != 0 &&
	    mqtt_topic_filter_is_shared(topic_filter, &group, &rest))
		return MQTT_ERR_PROTOCOL_ERROR;
	return 0;
}

static int
entries_check(enum mqtt_version version, struct bytes entries, size_t *count)
{
	struct mqtt_reader reader = { .data = entries.data,
		.len = entries.len };

	/* [MQTT-3.8.3-3], [MQTT5-3.8.3-2] */
	if (entries.len == 0)
		return MQTT_ERR_PROTOCOL_ERROR;
	*count = 0;
	while (!mqtt_reader_is_done(&reader)) {
		struct bytes topic_filter;
		uint8_t options;
		int error;

		error = entry_read(&reader, &topic_filter, &options);
		if (error != 0)
			return error;
		error = entry_check(version, topic_filter, options);
		if (error != 0)
			return error;
		++*count;
	}
	return 0;
}

int
mqtt_subscribe_decode(enum mqtt_version version, const struct mqtt_frame *frame,
    struct mqtt_subscribe *subscribe)
{
	struct mqtt_reader reader = mqtt_frame_reader(frame);
	int error;

	/* [MQTT-3.8.1-1], [MQTT5-3.8.1-1] */
	error = mqtt_frame_check(frame, MQTT_SUBSCRIBE, SUBSCRIBE_FLAGS);
	if (error != 0)
		return error;
	error = mqtt_packet_id_decode(&reader, &subscribe->packet_id);
	if (error != 0)
		return error;
	error = mqtt_properties_decode_if(version, MQTT_SUBSCRIBE, &reader,
	    &subscribe->properties);
	if (error != 0)
		return error;
	subscribe->entries = mqtt_reader_rest(&reader);
	return entries_check(version, subscribe->entries, &subscribe->count);
}

bool
mqtt_subscribe_next(enum mqtt_version version,
    const struct mqtt_subscribe *subscribe, size_t *pos,
    struct mqtt_subscription *subscription)
{
	struct mqtt_reader reader = {
		.data = subscribe->entries.data,
		.len = subscribe->entries.len,
		.pos = *pos,
	};
	struct bytes topic_filter;
	uint8_t options;

	if (entry_read(&reader, &topic_filter, &options) != 0)
		return false;
	subscription->topic_filter = topic_filter;
	options_decode(version, options, subscription);
	*pos = reader.pos;
	return true;
}

int
mqtt_subscription_encode(enum mqtt_version version,
    const struct mqtt_subscription *subscription, struct mqtt_writer *writer)
{
	unsigned int options = subscription->qos & OPTION_QOS;
	size_t start = writer->len;
	int error;

	if (version == MQTT_VERSION_5) {
		if (subscription->no_local)
			options |= OPTION_NO_LOCAL;
		if (subscription->retain_as_published)
			options |= OPTION_RETAIN_AS_PUBLISHED;
		options |= (unsigned int)subscription->retain_handling
			       << RETAIN_HANDLING_SHIFT &
			   OPTION_RETAIN_HANDLING;
	}
	error = mqtt_binary_encode(writer, subscription->topic_filter);
	if (error == 0)
		error = mqtt_u8_encode(writer, (uint8_t)options);
	if (error != 0)
		writer->len = start;
	return error;
}

int
mqtt_subscribe_encode(enum mqtt_version version,
    const struct mqtt_subscribe *subscribe, struct mqtt_writer *writer)
{
	return mqtt_entries_encode(version, MQTT_SUBSCRIBE, SUBSCRIBE_FLAGS,
	    subscribe->packet_id, &subscribe->properties, subscribe->entries,
	    writer);
}
