/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SUBSCRIBE and UNSUBSCRIBE: their entries, decoded and built.
 */
#include "suites.h"

START_TEST(each_subscription_has_its_options) /* MQTT 5.0, 3.8.3.1 */
{
	struct mqtt_frame frame = FRAME(0x82, 12, 0x01, 0x02, 0, 0, 1, 'a',
	    0x1d, 0, 2, 'b', '/', 0x22);
	struct mqtt_subscribe subscribe;
	struct mqtt_subscription entry;
	size_t pos = 0;

	ck_assert_int_eq(mqtt_subscribe_decode(MQTT_VERSION_5, &frame,
			     &subscribe),
	    0);
	ck_assert_uint_eq(subscribe.packet_id, 0x0102);
	ck_assert_uint_eq(subscribe.count, 2);
	ck_assert(
	    mqtt_subscribe_next(MQTT_VERSION_5, &subscribe, &pos, &entry));
	assert_bytes(entry.topic_filter, "a");
	ck_assert_uint_eq(entry.qos, 1);
	ck_assert(entry.no_local);
	ck_assert(entry.retain_as_published);
	ck_assert_uint_eq(entry.retain_handling, 1);
	ck_assert(
	    mqtt_subscribe_next(MQTT_VERSION_5, &subscribe, &pos, &entry));
	assert_bytes(entry.topic_filter, "b/");
	ck_assert_uint_eq(entry.qos, 2);
	ck_assert(!entry.no_local);
	ck_assert(!entry.retain_as_published);
	ck_assert_uint_eq(entry.retain_handling, 2);
	ck_assert(
	    !mqtt_subscribe_next(MQTT_VERSION_5, &subscribe, &pos, &entry));
	assert_bytes(entry.topic_filter, "b/");
}
END_TEST

START_TEST(entries_are_built_one_by_one)
{
	uint8_t entries[32], packet[64];
	struct mqtt_writer writer = { entries, sizeof(entries), 0 };
	struct mqtt_writer out = { packet, sizeof(packet), 0 };
	struct mqtt_subscription entry = {
		.topic_filter = BYTES_LITERAL("a/#"),
		.qos = 2,
		.no_local = true,
		.retain_as_published = true,
		.retain_handling = 2,
	};
	struct mqtt_subscribe subscribe = { .packet_id = 5 };

	ck_assert_int_eq(mqtt_subscription_encode(MQTT_VERSION_5, &entry,
			     &writer),
	    0);
	ck_assert_uint_eq(writer.len, 6);
	ck_assert_uint_eq(entries[5], 0x2e);
	/* 3.1.1 has the QoS alone [MQTT-3.8.3-4] */
	ck_assert_int_eq(mqtt_subscription_encode(MQTT_VERSION_3_1_1, &entry,
			     &writer),
	    0);
	ck_assert_uint_eq(entries[11], 0x02);

	subscribe.entries = bytes_of(entries, 6);
	ck_assert_int_eq(mqtt_subscribe_encode(MQTT_VERSION_5, &subscribe,
			     &out),
	    0);
	ck_assert_mem_eq(packet,
	    "\x82\x09\x00\x05\x00\x00\x03"
	    "a/#\x2e",
	    11);

	for (size_t room = 0; room < 6; room++) {
		writer = (struct mqtt_writer){ entries, room, 0 };
		ck_assert_int_eq(mqtt_subscription_encode(MQTT_VERSION_5,
				     &entry, &writer),
		    MQTT_ERR_PACKET_TOO_LARGE);
		ck_assert_uint_eq(writer.len, 0);
	}
}
END_TEST

START_TEST(an_unsubscribe_has_topic_filters_alone) /* MQTT 5.0, 3.10.3 */
{
	struct mqtt_frame frame = FRAME(0xa2, 9, 0, 7, 0, 0, 1, '#', 0, 1, '+');
	struct mqtt_unsubscribe unsubscribe;
	struct bytes topic_filter;
	size_t pos = 0;

	ck_assert_int_eq(mqtt_unsubscribe_decode(MQTT_VERSION_5, &frame,
			     &unsubscribe),
	    0);
	ck_assert_uint_eq(unsubscribe.packet_id, 7);
	ck_assert_uint_eq(unsubscribe.count, 2);
	ck_assert(mqtt_unsubscribe_next(&unsubscribe, &pos, &topic_filter));
	assert_bytes(topic_filter, "#");
	ck_assert(mqtt_unsubscribe_next(&unsubscribe, &pos, &topic_filter));
	assert_bytes(topic_filter, "+");
	ck_assert(!mqtt_unsubscribe_next(&unsubscribe, &pos, &topic_filter));
}
END_TEST

TCase *
test_subscribe_case(void)
{
	TCase *tcase = tcase_create("subscribe");

	tcase_add_test(tcase, each_subscription_has_its_options);
	tcase_add_test(tcase, entries_are_built_one_by_one);
	tcase_add_test(tcase, an_unsubscribe_has_topic_filters_alone);
	return tcase;
}
