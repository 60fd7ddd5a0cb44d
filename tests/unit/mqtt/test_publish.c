/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "suites.h"

START_TEST(a_publish_has_its_fields) /* MQTT 5.0, 3.3 */
{
	struct mqtt_frame frame = FRAME(0x3d, 14, 0, 3, 'a', '/', 'b', 0x12,
	    0x34, 5, 0x02, 0, 0, 1, 0, 'h');
	struct mqtt_publish publish;

	ck_assert_int_eq(mqtt_publish_decode(MQTT_VERSION_5, &frame, &publish),
	    0);
	ck_assert(publish.dup);
	ck_assert(publish.retain);
	ck_assert_uint_eq(publish.qos, 2);
	ck_assert_uint_eq(publish.packet_id, 0x1234);
	assert_bytes(publish.topic_name, "a/b");
	assert_bytes(publish.payload, "h");
	ck_assert_uint_eq(publish.properties.message_expiry_interval, 256);
}
END_TEST

START_TEST(a_publish_at_qos_0_has_no_packet_id) /* [MQTT-2.3.1-5] */
{
	struct mqtt_frame frame = FRAME(0x30, 5, 0, 1, 'a', 0x12, 0x34);
	struct mqtt_publish publish;

	memset(&publish, 0xff, sizeof(publish));
	ck_assert_int_eq(mqtt_publish_decode(MQTT_VERSION_3_1_1, &frame,
			     &publish),
	    0);
	ck_assert(!publish.dup);
	ck_assert(!publish.retain);
	ck_assert_uint_eq(publish.packet_id, 0);
	ck_assert_uint_eq(publish.properties.present, 0);
	assert_bytes(publish.payload, "\x12\x34");
}
END_TEST

static struct mqtt_publish
message(uint8_t qos, size_t payload_len)
{
	static const uint8_t payload[300];

	return (struct mqtt_publish){
		.qos = qos,
		.packet_id = 0x0102,
		.topic_name = BYTES_LITERAL("a/b"),
		.payload = bytes_of(payload, payload_len),
	};
}

START_TEST(the_head_and_the_payload_are_the_packet)
{
	static const size_t lens[] = { 0, 1, 122, 123, 300 };
	static const enum mqtt_version versions[] = { MQTT_VERSION_3_1_1,
		MQTT_VERSION_5 };
	struct mqtt_publish publish = message((uint8_t)(_i % 3),
	    lens[_i / 3 % 5]);
	enum mqtt_version version = versions[_i / 15];
	uint8_t whole[512], head[512];
	struct mqtt_writer whole_writer = { whole, sizeof(whole), 0 };
	struct mqtt_writer head_writer = { head, sizeof(head), 7 };
	size_t offset = SIZE_MAX;

	ck_assert_int_eq(mqtt_publish_encode(version, &publish, &whole_writer),
	    0);
	ck_assert_int_eq(mqtt_publish_head_encode(version, &publish,
			     &head_writer, &offset),
	    0);
	ck_assert_uint_eq(head_writer.len - 7 + publish.payload.len,
	    whole_writer.len);
	ck_assert_mem_eq(head + 7, whole, head_writer.len - 7);
	ck_assert_uint_le(head_writer.len - 7,
	    mqtt_publish_head_len_max(&publish));
	if (publish.qos == 0) {
		ck_assert_uint_eq(offset, SIZE_MAX);
	} else {
		ck_assert_uint_eq(head[offset], 1);
		ck_assert_uint_eq(head[offset + 1], 2);
	}
}
END_TEST

START_TEST(a_head_needs_no_room_for_its_payload)
{
	struct mqtt_publish publish = message(1, 300);
	uint8_t data[64];
	size_t offset, len;
	struct mqtt_writer writer = { data, sizeof(data), 0 };

	ck_assert_int_eq(mqtt_publish_encode(MQTT_VERSION_5, &publish, &writer),
	    MQTT_ERR_PACKET_TOO_LARGE);
	ck_assert_uint_eq(writer.len, 0);
	ck_assert_int_eq(mqtt_publish_head_encode(MQTT_VERSION_5, &publish,
			     &writer, &offset),
	    0);
	len = writer.len;
	for (size_t room = 0; room < len; room++) {
		writer = (struct mqtt_writer){ data, room, 0 };
		ck_assert_int_eq(mqtt_publish_head_encode(MQTT_VERSION_5,
				     &publish, &writer, &offset),
		    MQTT_ERR_PACKET_TOO_LARGE);
		ck_assert_uint_eq(writer.len, 0);
	}
}
END_TEST

START_TEST(what_no_packet_can_hold_is_not_encoded) /* MQTT 5.0, 1.5.5 */
{
	struct mqtt_publish publish = message(0, 0);
	uint8_t data[64];
	struct mqtt_writer writer = { data, sizeof(data), 0 };
	size_t offset;

	/* Topic Name: 5, Property Length: 1; the payload is not read */
	publish.payload.len = MQTT_VARINT_MAX - 6;
	ck_assert_int_eq(mqtt_publish_head_encode(MQTT_VERSION_5, &publish,
			     &writer, &offset),
	    0);
	writer.len = 0;
	publish.payload.len++;
	ck_assert_int_eq(mqtt_publish_head_encode(MQTT_VERSION_5, &publish,
			     &writer, &offset),
	    MQTT_ERR_PACKET_TOO_LARGE);
	ck_assert_uint_eq(writer.len, 0);
}
END_TEST

START_TEST(a_topic_name_too_long_is_not_encoded) /* [MQTT5-4.7.3-3] */
{
	uint8_t *text = calloc(1, 70000);
	uint8_t *data = malloc(80000);
	struct mqtt_publish publish = message(0, 0);
	struct mqtt_writer writer = { data, 80000, 3 };

	publish.topic_name = bytes_of(text, 65536);
	ck_assert_int_eq(mqtt_publish_encode(MQTT_VERSION_5, &publish, &writer),
	    MQTT_ERR_PACKET_TOO_LARGE);
	ck_assert_uint_eq(writer.len, 3);
	free(text);
	free(data);
}
END_TEST

TCase *
test_publish_case(void)
{
	TCase *tcase = tcase_create("publish");

	tcase_add_test(tcase, a_publish_has_its_fields);
	tcase_add_test(tcase, a_publish_at_qos_0_has_no_packet_id);
	tcase_add_loop_test(tcase, the_head_and_the_payload_are_the_packet, 0,
	    30);
	tcase_add_test(tcase, a_head_needs_no_room_for_its_payload);
	tcase_add_test(tcase, what_no_packet_can_hold_is_not_encoded);
	tcase_add_test(tcase, a_topic_name_too_long_is_not_encoded);
	return tcase;
}
