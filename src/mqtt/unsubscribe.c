/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSUBSCRIBE (3.10).
 */
#include "mqtt/codec.h"
#include "mqtt/topic.h"

#define UNSUBSCRIBE_FLAGS 0x02

static int
entries_check(struct bytes entries, size_t *count)
{
	struct mqtt_reader reader = { .data = entries.data,
		.len = entries.len };

	/* [MQTT-3.10.3-2], [MQTT5-3.10.3-2] */
	if (entries.len == 0)
		return MQTT_ERR_PROTOCOL_ERROR;
	*count = 0;
	while (!mqtt_reader_is_done(&reader)) {
		struct bytes topic_filter;
		int error;

		/* [MQTT-3.10.3-1], [MQTT5-3.10.3-1] */
		error = mqtt_string_decode(&reader, &topic_filter);
		if (error != 0)
			return error;
		if (!mqtt_topic_filter_is_valid(topic_filter))
			return MQTT_ERR_TOPIC_FILTER_INVALID;
		++*count;
	}
	return 0;
}

int
mqtt_unsubscribe_decode(enum mqtt_version version,
    const struct mqtt_frame *frame, struct mqtt_unsubscribe *unsubscribe)
{
	struct mqtt_reader reader = mqtt_frame_reader(frame);
	int error;

	/* [MQTT-3.10.1-1], [MQTT5-3.10.1-1] */
	error = mqtt_frame_check(frame, MQTT_UNSUBSCRIBE, UNSUBSCRIBE_FLAGS);
	if (error != 0)
		return error;
	error = mqtt_packet_id_decode(&reader, &unsubscribe->packet_id);
	if (error != 0)
		return error;
	error = mqtt_properties_decode_if(version, MQTT_UNSUBSCRIBE, &reader,
	    &unsubscribe->properties);
	if (error != 0)
		return error;
	unsubscribe->entries = mqtt_reader_rest(&reader);
	return entries_check(unsubscribe->entries, &unsubscribe->count);
}

bool
mqtt_unsubscribe_next(const struct mqtt_unsubscribe *unsubscribe, size_t *pos,
    struct bytes *topic_filter)
{
	struct mqtt_reader reader = {
		.data = unsubscribe->entries.data,
		.len = unsubscribe->entries.len,
		.pos = *pos,
	};

	if (mqtt_binary_decode(&reader, topic_filter) != 0)
		return false;
	*pos = reader.pos;
	return true;
}

int
mqtt_unsubscribe_encode(enum mqtt_version version,
    const struct mqtt_unsubscribe *unsubscribe, struct mqtt_writer *writer)
{
	return mqtt_entries_encode(version, MQTT_UNSUBSCRIBE, UNSUBSCRIBE_FLAGS,
	    unsubscribe->packet_id, &unsubscribe->properties,
	    unsubscribe->entries, writer);
}
