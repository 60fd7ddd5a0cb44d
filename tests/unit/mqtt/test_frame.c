/* SPDX-License-Identifier: Apache-2.0 */
#include "suites.h"

static int
decode(const char *data, size_t len, uint32_t max, struct mqtt_frame *frame)
{
	*frame = (struct mqtt_frame){ .len = 99 };
	return mqtt_frame_decode(bytes_of(data, len), max, frame);
}

START_TEST(a_frame_ends_where_the_next_begins)
{
	struct mqtt_frame frame;

	ck_assert_int_eq(decode("\x32\x02"
				"ab\xc0\x00",
			     6, 100, &frame),
	    0);
	ck_assert_uint_eq(frame.type, MQTT_PUBLISH);
	ck_assert_uint_eq(frame.flags, 2);
	ck_assert_uint_eq(frame.len, 4);
	assert_bytes(frame.body, "ab");
}
END_TEST

START_TEST(an_empty_body_is_a_frame)
{
	struct mqtt_frame frame;

	ck_assert_int_eq(decode("\xc0\x00", 2, 2, &frame), 0);
	ck_assert_uint_eq(frame.len, 2);
	ck_assert_uint_eq(frame.body.len, 0);
}
END_TEST

START_TEST(a_length_is_told_as_soon_as_it_is_there)
{
	struct mqtt_frame frame;

	ck_assert_int_eq(decode("", 0, 999, &frame), MQTT_NEED_MORE);
	ck_assert_uint_eq(frame.len, 0);
	ck_assert_int_eq(decode("\x30", 1, 999, &frame), MQTT_NEED_MORE);
	ck_assert_uint_eq(frame.len, 0);
	ck_assert_int_eq(decode("\x30\x80", 2, 999, &frame), MQTT_NEED_MORE);
	ck_assert_uint_eq(frame.len, 0);
	ck_assert_int_eq(decode("\x30\x80\x01", 3, 999, &frame),
	    MQTT_NEED_MORE);
	ck_assert_uint_eq(frame.len, 131);
}
END_TEST

START_TEST(a_packet_above_the_limit_is_refused_by_its_length)
{
	struct mqtt_frame frame;

	/* The limit counts the fixed header (MQTT 5.0, 3.1.2.11.4). */
	ck_assert_int_eq(decode("\x30\x80\x01", 3, 131, &frame),
	    MQTT_NEED_MORE);
	ck_assert_int_eq(decode("\x30\x80\x01", 3, 130, &frame),
	    MQTT_ERR_PACKET_TOO_LARGE);
	ck_assert_int_eq(decode("\x30\xff\xff\xff\x7f", 5, 268435460, &frame),
	    MQTT_NEED_MORE);
	ck_assert_uint_eq(frame.len, 268435460);
	ck_assert_int_eq(decode("\x30\xff\xff\xff\x7f", 5, 268435459, &frame),
	    MQTT_ERR_PACKET_TOO_LARGE);
}
END_TEST

START_TEST(a_bad_header_is_refused_at_the_byte_that_is_wrong)
{
	struct mqtt_frame frame;

	/* MQTT 5.0, 2.1.2: type 0 */
	ck_assert_int_eq(decode("\x0f", 1, 999, &frame),
	    MQTT_ERR_MALFORMED_PACKET);
	/* MQTT 5.0, 1.5.5: four bytes at most */
	ck_assert_int_eq(decode("\x30\xff\xff\xff", 4, 999, &frame),
	    MQTT_NEED_MORE);
	ck_assert_int_eq(decode("\x30\xff\xff\xff\xff", 5, 999, &frame),
	    MQTT_ERR_MALFORMED_PACKET);
	/* [MQTT5-1.5.5-1] */
	ck_assert_int_eq(decode("\xc0\x80\x00", 3, 999, &frame),
	    MQTT_ERR_MALFORMED_PACKET);
}
END_TEST

/* Each decoder is asked for each type: it takes its own alone. */
START_TEST(a_frame_of_another_type_is_refused)
{
	for (uint8_t type = 1; type <= 15; type++) {
		/* A valid PUBLISH, if its type were not looked at. */
		struct mqtt_frame frame = { .type = type,
			.body = BYTES_LITERAL("\0\1a\0") };
		union {
			struct mqtt_connect connect;
			struct mqtt_connack connack;
			struct mqtt_publish publish;
			struct mqtt_ack ack;
			struct mqtt_subscribe subscribe;
			struct mqtt_suback suback;
			struct mqtt_unsubscribe unsubscribe;
			struct mqtt_disconnect disconnect;
		} out;
		const int refused = MQTT_ERR_MALFORMED_PACKET;
		const enum mqtt_version v5 = MQTT_VERSION_5;

		if (type != MQTT_CONNECT)
			ck_assert_int_eq(mqtt_connect_decode(&frame,
					     &out.connect),
			    refused);
		if (type != MQTT_CONNACK)
			ck_assert_int_eq(mqtt_connack_decode(v5, &frame,
					     &out.connack),
			    refused);
		if (type != MQTT_PUBLISH)
			ck_assert_int_eq(mqtt_publish_decode(v5, &frame,
					     &out.publish),
			    refused);
		if (type < MQTT_PUBACK || type > MQTT_PUBCOMP)
			ck_assert_int_eq(mqtt_ack_decode(v5, &frame, &out.ack),
			    refused);
		if (type != MQTT_SUBSCRIBE)
			ck_assert_int_eq(mqtt_subscribe_decode(v5, &frame,
					     &out.subscribe),
			    refused);
		if (type != MQTT_SUBACK && type != MQTT_UNSUBACK)
			ck_assert_int_eq(mqtt_suback_decode(v5, &frame,
					     &out.suback),
			    refused);
		if (type != MQTT_UNSUBSCRIBE)
			ck_assert_int_eq(mqtt_unsubscribe_decode(v5, &frame,
					     &out.unsubscribe),
			    refused);
		if (type != MQTT_DISCONNECT && type != MQTT_AUTH)
			ck_assert_int_eq(mqtt_disconnect_decode(v5, &frame,
					     &out.disconnect),
			    refused);
		if (type != MQTT_PINGREQ && type != MQTT_PINGRESP)
			ck_assert_int_eq(mqtt_ping_decode(&frame), refused);
	}
}
END_TEST

TCase *
test_frame_case(void)
{
	TCase *tcase = tcase_create("frame");

	tcase_add_test(tcase, a_frame_ends_where_the_next_begins);
	tcase_add_test(tcase, an_empty_body_is_a_frame);
	tcase_add_test(tcase, a_length_is_told_as_soon_as_it_is_there);
	tcase_add_test(tcase,
	    a_packet_above_the_limit_is_refused_by_its_length);
	tcase_add_test(tcase,
	    a_bad_header_is_refused_at_the_byte_that_is_wrong);
	tcase_add_test(tcase, a_frame_of_another_type_is_refused);
	return tcase;
}
