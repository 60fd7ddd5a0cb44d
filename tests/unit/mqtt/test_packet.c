/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the other packets say once they are decoded; the vectors hold every way
 * in which they are refused.
 */
#include "suites.h"

START_TEST(a_connect_has_its_fields) /* MQTT 3.1.1, 3.1 */
{
	struct mqtt_frame frame = FRAME(0x10, 28, 0, 4, 'M', 'Q', 'T', 'T', 4,
	    0xee, 0x01, 0x02, 0, 2, 'c', '1', 0, 1, 'w', 0, 2, 0, 1, 0, 1, 'u',
	    0, 2, 'p', 0);
	struct mqtt_connect connect;

	ck_assert_int_eq(mqtt_connect_decode(&frame, &connect), 0);
	ck_assert_int_eq(connect.version, MQTT_VERSION_3_1_1);
	ck_assert(connect.clean_start);
	ck_assert_uint_eq(connect.keep_alive, 0x0102);
	assert_bytes(connect.client_id, "c1");
	ck_assert(connect.has_will);
	ck_assert_uint_eq(connect.will.qos, 1);
	ck_assert(connect.will.retain);
	assert_bytes(connect.will.topic_name, "w");
	ck_assert_uint_eq(connect.will.payload.len, 2);
	ck_assert(connect.has_user_name);
	assert_bytes(connect.user_name, "u");
	ck_assert(connect.has_password);
	ck_assert_uint_eq(connect.password.len, 2);
	ck_assert_uint_eq(connect.properties.present, 0);
	ck_assert_uint_eq(connect.will.properties.present, 0);
}
END_TEST

START_TEST(a_connect_has_its_properties_and_those_of_its_will)
{
	struct mqtt_frame frame = FRAME(0x10, 29, 0, 4, 'M', 'Q', 'T', 'T', 5,
	    0x04, 0, 0, 5, 0x11, 0, 0, 0, 9, 0, 0, 5, 0x18, 0, 0, 0, 7, 0, 1,
	    'w', 0, 0);
	struct mqtt_connect connect;

	memset(&connect, 0xff, sizeof(connect));
	ck_assert_int_eq(mqtt_connect_decode(&frame, &connect), 0);
	ck_assert_int_eq(connect.version, MQTT_VERSION_5);
	ck_assert(!connect.clean_start);
	ck_assert(!connect.has_user_name);
	ck_assert(!connect.has_password);
	ck_assert_uint_eq(connect.client_id.len, 0);
	ck_assert_uint_eq(connect.properties.session_expiry_interval, 9);
	ck_assert_uint_eq(connect.will.properties.will_delay_interval, 7);
	ck_assert_uint_eq(connect.will.payload.len, 0);
	ck_assert_uint_eq(connect.will.qos, 0);
	ck_assert(!connect.will.retain);
}
END_TEST

/* So that it can be refused in its own version [MQTT-3.1.2-2]. */
START_TEST(a_refused_connect_has_its_version)
{
	struct mqtt_connect connect;
	struct mqtt_frame frame;

	frame = FRAME(0x10, 7, 0, 4, 'M', 'Q', 'T', 'T', 3);
	ck_assert_int_eq(mqtt_connect_decode(&frame, &connect),
	    MQTT_ERR_UNSUPPORTED_VERSION);
	ck_assert_int_eq(connect.version, 3);
	frame = FRAME(0x10, 9, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3);
	ck_assert_int_eq(mqtt_connect_decode(&frame, &connect),
	    MQTT_ERR_UNSUPPORTED_VERSION);
	ck_assert_int_eq(connect.version, 3);
	frame = FRAME(0x10, 8, 0, 4, 'M', 'Q', 'T', 'T', 5, 0x01);
	ck_assert_int_eq(mqtt_connect_decode(&frame, &connect),
	    MQTT_ERR_MALFORMED_PACKET);
	ck_assert_int_eq(connect.version, 5);
	frame = FRAME(0x10, 4, 0, 4, 'M', 'Q');
	ck_assert_int_eq(mqtt_connect_decode(&frame, &connect),
	    MQTT_ERR_MALFORMED_PACKET);
	ck_assert_int_eq(connect.version, 0);
}
END_TEST

START_TEST(a_refused_client_id_leaves_the_rest_known) /* [MQTT-3.1.3-8] */
{
	struct mqtt_connect connect;
	struct mqtt_frame frame = FRAME(0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 4,
	    0, 0, 30, 0, 0);

	ck_assert_int_eq(mqtt_connect_decode(&frame, &connect),
	    MQTT_ERR_CLIENT_IDENTIFIER_NOT_VALID);
	ck_assert_int_eq(connect.version, MQTT_VERSION_3_1_1);
	ck_assert_uint_eq(connect.keep_alive, 30);
	ck_assert_uint_eq(connect.client_id.len, 0);
}
END_TEST

START_TEST(a_connack_has_its_fields) /* MQTT 5.0, 3.2 */
{
	struct mqtt_connack connack;
	struct mqtt_frame frame = FRAME(0x20, 6, 1, 0, 3, 0x13, 0, 60);

	ck_assert_int_eq(mqtt_connack_decode(MQTT_VERSION_5, &frame, &connack),
	    0);
	ck_assert(connack.session_present);
	ck_assert_uint_eq(connack.reason, MQTT_REASON_SUCCESS);
	ck_assert_uint_eq(connack.properties.server_keep_alive, 60);
	frame = FRAME(0x20, 2, 0, 2);
	ck_assert_int_eq(mqtt_connack_decode(MQTT_VERSION_3_1_1, &frame,
			     &connack),
	    0);
	ck_assert(!connack.session_present);
	ck_assert_uint_eq(connack.reason, MQTT_RETURN_IDENTIFIER_REJECTED);
	ck_assert_uint_eq(connack.properties.present, 0);
}
END_TEST

START_TEST(an_ack_has_its_fields_in_each_form) /* MQTT 5.0, 3.4.2.1 */
{
	struct mqtt_frame frame;
	struct mqtt_ack ack;

	memset(&ack, 0xff, sizeof(ack));
	frame = FRAME(0x40, 2, 1, 2);
	ck_assert_int_eq(mqtt_ack_decode(MQTT_VERSION_5, &frame, &ack), 0);
	ck_assert_uint_eq(ack.packet_id, 0x0102);
	ck_assert_uint_eq(ack.reason, MQTT_REASON_SUCCESS);
	ck_assert_uint_eq(ack.properties.present, 0);
	frame = FRAME(0x40, 3, 1, 2, 0x10);
	ck_assert_int_eq(mqtt_ack_decode(MQTT_VERSION_5, &frame, &ack), 0);
	ck_assert_uint_eq(ack.reason, MQTT_REASON_NO_MATCHING_SUBSCRIBERS);
	ck_assert_uint_eq(ack.properties.present, 0);
	frame = FRAME(0x62, 8, 1, 2, 0x92, 4, 0x1f, 0, 1, 'x');
	ck_assert_int_eq(mqtt_ack_decode(MQTT_VERSION_5, &frame, &ack), 0);
	assert_bytes(ack.properties.reason_string, "x");
}
END_TEST

START_TEST(a_suback_has_its_codes) /* MQTT 5.0, 3.9.3 */
{
	struct mqtt_frame frame = FRAME(0x90, 5, 0, 7, 0, 2, 0x87);
	struct mqtt_suback suback;

	ck_assert_int_eq(mqtt_suback_decode(MQTT_VERSION_5, &frame, &suback),
	    0);
	ck_assert_uint_eq(suback.packet_id, 7);
	assert_bytes(suback.codes, "\x02\x87");
	frame = FRAME(0xb0, 2, 0, 8);
	ck_assert_int_eq(mqtt_suback_decode(MQTT_VERSION_3_1_1, &frame,
			     &suback),
	    0);
	ck_assert_uint_eq(suback.packet_id, 8);
	ck_assert_uint_eq(suback.codes.len, 0);
}
END_TEST

START_TEST(a_disconnect_has_its_fields_in_each_form) /* MQTT 5.0, 3.14.2.1 */
{
	struct mqtt_disconnect disconnect;
	struct mqtt_frame frame;

	memset(&disconnect, 0xff, sizeof(disconnect));
	frame = FRAME(0xe0, 0);
	ck_assert_int_eq(mqtt_disconnect_decode(MQTT_VERSION_5, &frame,
			     &disconnect),
	    0);
	ck_assert_uint_eq(disconnect.reason, MQTT_REASON_SUCCESS);
	ck_assert_uint_eq(disconnect.properties.present, 0);
	frame = FRAME(0xe0, 1, 4);
	ck_assert_int_eq(mqtt_disconnect_decode(MQTT_VERSION_5, &frame,
			     &disconnect),
	    0);
	ck_assert_uint_eq(disconnect.reason, MQTT_REASON_DISCONNECT_WITH_WILL);
	frame = FRAME(0xe0, 7, 0, 5, 0x11, 0, 0, 1, 0);
	ck_assert_int_eq(mqtt_disconnect_decode(MQTT_VERSION_5, &frame,
			     &disconnect),
	    0);
	ck_assert_uint_eq(disconnect.properties.session_expiry_interval, 256);
}
END_TEST

/* MQTT 5.0, 3.15.2: unlike DISCONNECT, it has no form with a code alone. */
START_TEST(an_auth_with_a_code_has_a_property_length)
{
	struct mqtt_disconnect auth = {
		.reason = MQTT_REASON_CONTINUE_AUTHENTICATION
	};
	uint8_t data[8];
	struct mqtt_writer writer = { data, sizeof(data), 0 };

	ck_assert_int_eq(mqtt_disconnect_encode(MQTT_VERSION_5, MQTT_AUTH,
			     &auth, &writer),
	    0);
	ck_assert_uint_eq(writer.len, 4);
	ck_assert_mem_eq(data, "\xf0\x02\x18\x00", 4);
}
END_TEST

/* What 3.1.1 has no place for is left out, whatever the struct says. */
START_TEST(properties_are_left_out_in_3_1_1)
{
	uint8_t data[64];
	struct mqtt_writer writer = { data, sizeof(data), 0 };
	struct mqtt_connack connack = { .reason = MQTT_RETURN_ACCEPTED };
	struct mqtt_ack ack = { .packet_id = 1,
		.reason = MQTT_REASON_QUOTA_EXCEEDED };
	struct mqtt_suback unsuback = { .packet_id = 1,
		.codes = BYTES_LITERAL("\x11") };
	struct mqtt_disconnect disconnect = {
		.reason = MQTT_REASON_SERVER_BUSY
	};

	connack.properties.receive_maximum = 9;
	mqtt_properties_mark(&connack.properties,
	    MQTT_PROPERTY_RECEIVE_MAXIMUM);
	ack.properties = connack.properties;
	unsuback.properties = connack.properties;
	disconnect.properties = connack.properties;
	ck_assert_int_eq(mqtt_connack_encode(MQTT_VERSION_3_1_1, &connack,
			     &writer),
	    0);
	ck_assert_int_eq(mqtt_ack_encode(MQTT_VERSION_3_1_1, MQTT_PUBREL, &ack,
			     &writer),
	    0);
	ck_assert_int_eq(mqtt_suback_encode(MQTT_VERSION_3_1_1, MQTT_UNSUBACK,
			     &unsuback, &writer),
	    0);
	ck_assert_int_eq(mqtt_disconnect_encode(MQTT_VERSION_3_1_1,
			     MQTT_DISCONNECT, &disconnect, &writer),
	    0);
	ck_assert_int_eq(mqtt_ping_encode(MQTT_PINGREQ, &writer), 0);
	ck_assert_uint_eq(writer.len, 16);
	ck_assert_mem_eq(data,
	    "\x20\x02\x00\x00\x62\x02\x00\x01\xb0\x02\x00\x01\xe0\x00\xc0\x00",
	    16);
}
END_TEST

TCase *
test_packet_case(void)
{
	TCase *tcase = tcase_create("packet");

	tcase_add_test(tcase, a_connect_has_its_fields);
	tcase_add_test(tcase,
	    a_connect_has_its_properties_and_those_of_its_will);
	tcase_add_test(tcase, a_refused_connect_has_its_version);
	tcase_add_test(tcase, a_refused_client_id_leaves_the_rest_known);
	tcase_add_test(tcase, a_connack_has_its_fields);
	tcase_add_test(tcase, an_ack_has_its_fields_in_each_form);
	tcase_add_test(tcase, a_suback_has_its_codes);
	tcase_add_test(tcase, a_disconnect_has_its_fields_in_each_form);
	tcase_add_test(tcase, an_auth_with_a_code_has_a_property_length);
	tcase_add_test(tcase, properties_are_left_out_in_3_1_1);
	return tcase;
}
