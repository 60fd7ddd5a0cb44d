/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topics.h"

#include <string.h>

#include "mqtt/packet.h"
#include "mqtt/topic.h"
#include "test_bench.h"

#define PAYLOAD_BYTES 40

static struct topics topics;

static struct options
options_of(enum scenario scenario, uint32_t publishers, uint32_t subscribers)
{
	return (struct options){ .scenario = scenario,
		.version = MQTT_VERSION_5,
		.topic_prefix = "prefix",
		.publishers = publishers,
		.subscribers = subscribers,
		.topics = 2,
		.qos = 1,
		.payload_bytes = PAYLOAD_BYTES };
}

/* Decode the head of a stream, with a payload behind it. */
static struct mqtt_publish
publish_of(uint32_t stream)
{
	static uint8_t data[512];
	const struct publish_head *head = &topics.items[stream];
	struct mqtt_publish publish;
	struct mqtt_frame frame;

	memcpy(data, topics.heads.data + head->offset, head->len);
	data[head->packet_id_offset] = 0x12;
	data[head->packet_id_offset + 1] = 0x34;
	memset(data + head->len, 'x', PAYLOAD_BYTES);
	ck_assert_int_eq(mqtt_frame_decode(bytes_of(data,
					       head->len + PAYLOAD_BYTES),
			     UINT32_MAX, &frame),
	    0);
	ck_assert_uint_eq(frame.len, head->len + PAYLOAD_BYTES);
	ck_assert_int_eq(mqtt_publish_decode(MQTT_VERSION_5, &frame, &publish),
	    0);
	return publish;
}

START_TEST(a_head_is_a_publish_that_lacks_its_payload)
{
	struct options options = options_of(SCENARIO_FAN_OUT, 1, 3);
	struct mqtt_publish publish;

	ck_assert_int_eq(topics_init(&topics, &options, 0xabcd), 0);
	publish = publish_of(1);
	ck_assert_uint_eq(publish.qos, 1);
	ck_assert_uint_eq(publish.packet_id, 0x1234);
	ck_assert_uint_eq(publish.payload.len, PAYLOAD_BYTES);
	ck_assert(bytes_equal(publish.topic_name,
	    BYTES_LITERAL("prefix/0000abcd/0/1")));
	topics_done(&topics);
}
END_TEST

/* In each pattern a subscriber's filter matches its streams and no others. */
START_TEST(filters_match_the_streams_of_their_subscribers)
{
	static const enum scenario scenarios[] = { SCENARIO_FAN_OUT,
		SCENARIO_PAIRS, SCENARIO_FAN_IN, SCENARIO_ALL };
	enum scenario scenario = scenarios[_i / 2];
	struct options options = options_of(scenario,
	    scenario == SCENARIO_FAN_OUT ? 1 : 3,
	    scenario == SCENARIO_FAN_IN ? 1 : 3);
	char filter[TOPIC_TEXT_MAX];
	uint32_t first, count;

	options.topics = _i % 2 + 1;
	ck_assert_int_eq(topics_init(&topics, &options, 1), 0);
	for (uint32_t i = 0; i < options.subscribers; i++) {
		topics_filter(&topics, i, filter);
		topics_streams_of(&topics, i, &first, &count);
		for (uint32_t s = 0; s < topics.stream_count; s++)
			ck_assert_int_eq(
			    mqtt_topic_filter_match(bytes_of_string(filter),
				publish_of(s).topic_name),
			    s >= first && s - first < count);
	}
	topics_done(&topics);
}
END_TEST

START_TEST(a_group_shares_the_filter) /* MQTT 5.0, 4.8.2 */
{
	struct options options = options_of(SCENARIO_FAN_OUT, 1, 3);
	char text[TOPIC_TEXT_MAX];

	options.share = "group";
	ck_assert_int_eq(topics_init(&topics, &options, 0xabcd), 0);
	topics_filter(&topics, 1, text);
	ck_assert_str_eq(text, "$share/group/prefix/0000abcd/0/+");
	topics_done(&topics);
}
END_TEST

TCase *
test_topics(void)
{
	TCase *tcase = tcase_create("topics");

	tcase_add_test(tcase, a_head_is_a_publish_that_lacks_its_payload);
	tcase_add_loop_test(tcase,
	    filters_match_the_streams_of_their_subscribers, 0, 8);
	tcase_add_test(tcase, a_group_shares_the_filter);
	return tcase;
}
