/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/property.h"

#include <stdlib.h>

#include "suites.h"

#define WILL      (1u << MQTT_PROPERTIES_OF_WILL)
#define IN(type)  (1u << MQTT_##type)
#define ALL_TYPES 0xcffeu /* 1..11, 14, 15: those that have properties */

/* MQTT 5.0, table 2-4, written down a second time: bytes of a valid value. */
static const struct {
	uint8_t id;
	uint8_t len;
	uint8_t value[4];
	uint32_t where;
	uint32_t repeated;
} rows[] = {
	{ 0x01, 1, { 1 }, IN(PUBLISH) | WILL, 0 },
	{ 0x02, 4, { 1 }, IN(PUBLISH) | WILL, 0 },
	{ 0x03, 3, { 0, 1, 'a' }, IN(PUBLISH) | WILL, 0 },
	{ 0x08, 3, { 0, 1, 'a' }, IN(PUBLISH) | WILL, 0 },
	{ 0x09, 3, { 0, 1, 0xff }, IN(PUBLISH) | WILL, 0 },
	{ 0x0b, 1, { 1 }, IN(PUBLISH) | IN(SUBSCRIBE), IN(PUBLISH) },
	{ 0x11, 4, { 1 }, IN(CONNECT) | IN(CONNACK) | IN(DISCONNECT), 0 },
	{ 0x12, 3, { 0, 1, 'a' }, IN(CONNACK), 0 },
	{ 0x13, 2, { 1 }, IN(CONNACK), 0 },
	{ 0x15, 3, { 0, 1, 'a' }, IN(CONNECT) | IN(CONNACK) | IN(AUTH), 0 },
	{ 0x17, 1, { 1 }, IN(CONNECT), 0 },
	{ 0x18, 4, { 1 }, WILL, 0 },
	{ 0x19, 1, { 1 }, IN(CONNECT), 0 },
	{ 0x1a, 3, { 0, 1, 'a' }, IN(CONNACK), 0 },
	{ 0x1c, 3, { 0, 1, 'a' }, IN(CONNACK) | IN(DISCONNECT), 0 },
	{ 0x1f, 3, { 0, 1, 'a' },
	    IN(CONNACK) | IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) |
		IN(SUBACK) | IN(UNSUBACK) | IN(DISCONNECT) | IN(AUTH),
	    0 },
	{ 0x21, 2, { 1 }, IN(CONNECT) | IN(CONNACK), 0 },
	{ 0x22, 2, { 1 }, IN(CONNECT) | IN(CONNACK), 0 },
	{ 0x23, 2, { 1 }, IN(PUBLISH), 0 },
	{ 0x24, 1, { 1 }, IN(CONNACK), 0 },
	{ 0x25, 1, { 1 }, IN(CONNACK), 0 },
	{ 0x26, 4, { 0, 0, 0, 0 }, ALL_TYPES | WILL, ALL_TYPES | WILL },
	{ 0x27, 4, { 1 }, IN(CONNECT) | IN(CONNACK), 0 },
	{ 0x28, 1, { 1 }, IN(CONNACK), 0 },
	{ 0x29, 1, { 1 }, IN(CONNACK), 0 },
	{ 0x2a, 1, { 1 }, IN(CONNACK), 0 },
};

static const uint8_t method[] = { 0x15, 0, 1, 'm' };

/* The row's property, times over; an AUTH has its method before. */
static int
decode_row(int row, unsigned int where, size_t times,
    struct mqtt_properties *properties)
{
	uint8_t block[32] = { 0 };
	struct mqtt_writer writer = { block, sizeof(block), 1 };
	struct mqtt_reader reader = { .data = block };

	if (where == MQTT_AUTH && rows[row].id != 0x15)
		mqtt_raw_encode(&writer, bytes_of(method, sizeof(method)));
	for (size_t i = 0; i < times; i++) {
		mqtt_u8_encode(&writer, rows[row].id);
		mqtt_raw_encode(&writer,
		    bytes_of(rows[row].value, rows[row].len));
	}
	block[0] = (uint8_t)(writer.len - 1);
	reader.len = writer.len;
	return mqtt_properties_decode(where, &reader, properties);
}

START_TEST(a_property_belongs_where_the_table_says) /* MQTT 5.0, 2.2.2.2 */
{
	struct mqtt_properties properties;

	for (unsigned int where = 0; where <= 15; where++) {
		bool belongs = (rows[_i].where >> where & 1) != 0;
		int status = decode_row(_i, where, 1, &properties);

		ck_assert_msg(status ==
				  (belongs ? 0 : MQTT_ERR_MALFORMED_PACKET),
		    "%02x in %u: %d", rows[_i].id, where, status);
		if (belongs)
			ck_assert(mqtt_properties_have(&properties,
			    (enum mqtt_property_id)rows[_i].id));
	}
}
END_TEST

START_TEST(a_property_is_repeated_only_where_it_may_be)
{
	struct mqtt_properties properties;

	for (unsigned int where = 0; where <= 15; where++) {
		bool may = (rows[_i].repeated >> where & 1) != 0;

		if ((rows[_i].where >> where & 1) != 0)
			ck_assert_msg(decode_row(_i, where, 2, &properties) ==
					  (may ? 0 : MQTT_ERR_PROTOCOL_ERROR),
			    "%02x in %u", rows[_i].id, where);
	}
}
END_TEST

START_TEST(an_unknown_identifier_is_malformed) /* MQTT 5.0, 2.2.2.2 */
{
	for (unsigned int id = 0; id < 128; id++) {
		const uint8_t data[] = { 5, (uint8_t)id, 0, 0, 0, 0 };
		struct mqtt_properties properties;
		bool is_known = id == MQTT_PROPERTY_AUTHENTICATION_DATA;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			is_known |= rows[i].id == id;
		if (is_known)
			continue;
		for (unsigned int where = 0; where <= 15; where++) {
			struct mqtt_reader reader = { .data = data,
				.len = sizeof(data) };

			ck_assert_int_eq(mqtt_properties_decode(where, &reader,
					     &properties),
			    MQTT_ERR_MALFORMED_PACKET);
			ck_assert_uint_eq(reader.pos, 0);
		}
	}
}
END_TEST

START_TEST(no_properties_are_a_length_of_zero) /* [MQTT5-2.2.2-1] */
{
	struct mqtt_properties properties;
	struct mqtt_reader reader = { .data = (const uint8_t[]){ 0, 9 },
		.len = 2 };
	uint8_t data[1];
	struct mqtt_writer writer = { data, 1, 0 };

	memset(&properties, 0xff, sizeof(properties));
	ck_assert_int_eq(mqtt_properties_decode(MQTT_PUBLISH, &reader,
			     &properties),
	    0);
	ck_assert_uint_eq(reader.pos, 1);
	ck_assert_uint_eq(properties.present, 0);
	ck_assert_uint_eq(properties.raw.len, 0);
	ck_assert_uint_eq(mqtt_properties_len(&properties), 0);
	ck_assert_uint_eq(mqtt_properties_encoded_len(&properties), 1);
	ck_assert_int_eq(mqtt_properties_encode(&properties, &writer), 0);
	ck_assert_uint_eq(writer.len, 1);
	ck_assert_uint_eq(data[0], 0);
}
END_TEST

/* Two of each that a server treats in its own way. */
static const uint8_t message[] = { 60, 0x26, 0, 1, 'b', 0, 1,
	'1',                            /* User Property */
	0x02, 0, 0, 0, 60,              /* Message Expiry Interval */
	0x0b, 0x01,                     /* Subscription Identifier */
	0x01, 1,                        /* Payload Format Indicator */
	0x26, 0, 1, 'a', 0, 1, '2',     /* User Property */
	0x23, 0, 5,                     /* Topic Alias */
	0x08, 0, 2, 'r', 'e',           /* Response Topic */
	0x0b, 0x80, 0x01,               /* Subscription Identifier */
	0x03, 0, 4, 't', 'e', 'x', 't', /* Content Type */
	0x09, 0, 2, 0, 0xff,            /* Correlation Data */
	0x26, 0, 1, 'b', 0, 3, '1', 0xc2, 0xa7, 0x26, 0, 0, 0, 0 };

static struct mqtt_properties
decode_message(void)
{
	struct mqtt_reader reader = { .data = message, .len = sizeof(message) };
	struct mqtt_properties properties;

	ck_assert_uint_eq(message[0], sizeof(message) - 1);
	ck_assert_int_eq(mqtt_properties_decode(MQTT_PUBLISH, &reader,
			     &properties),
	    0);
	ck_assert_uint_eq(reader.pos, sizeof(message));
	return properties;
}

START_TEST(each_field_gets_its_value)
{
	struct mqtt_properties properties = decode_message();

	ck_assert_uint_eq(properties.message_expiry_interval, 60);
	ck_assert_uint_eq(properties.subscription_identifier, 1);
	ck_assert_uint_eq(properties.payload_format_indicator, 1);
	ck_assert_uint_eq(properties.topic_alias, 5);
	assert_bytes(properties.response_topic, "re");
	assert_bytes(properties.content_type, "text");
	ck_assert_uint_eq(properties.correlation_data.len, 2);
	ck_assert_uint_eq(properties.raw.len, message[0]);
}
END_TEST

START_TEST(user_properties_are_walked_in_their_order) /* [MQTT5-3.3.2-18] */
{
	static const char *const want[][2] = { { "b", "1" }, { "a", "2" },
		{ "b", "1\xc2\xa7" }, { "", "" } };
	struct mqtt_properties properties = decode_message();
	struct bytes name, value;
	size_t pos = 0;

	for (size_t i = 0; i < 4; i++) {
		ck_assert(
		    mqtt_user_property_next(&properties, &pos, &name, &value));
		assert_bytes(name, want[i][0]);
		assert_bytes(value, want[i][1]);
	}
	ck_assert(!mqtt_user_property_next(&properties, &pos, &name, &value));
	ck_assert(!mqtt_user_property_next(&properties, &pos, &name, &value));
}
END_TEST

START_TEST(subscription_identifiers_are_walked) /* MQTT 5.0, 3.3.2.3.8 */
{
	struct mqtt_properties properties = decode_message();
	uint32_t value;
	size_t pos = 0;

	ck_assert(mqtt_subscription_identifier_next(&properties, &pos, &value));
	ck_assert_uint_eq(value, 1);
	ck_assert(mqtt_subscription_identifier_next(&properties, &pos, &value));
	ck_assert_uint_eq(value, 128);
	ck_assert(
	    !mqtt_subscription_identifier_next(&properties, &pos, &value));
	ck_assert_uint_eq(value, 128);
}
END_TEST

/* [MQTT5-3.3.2-4, -15, -16, -17, -18, -20] */
START_TEST(a_server_forwards_what_it_may_not_alter)
{
	static const uint8_t want[] = { 0x26, 0, 1, 'b', 0, 1, '1', 0x01, 1,
		0x26, 0, 1, 'a', 0, 1, '2', 0x08, 0, 2, 'r', 'e', 0x03, 0, 4,
		't', 'e', 'x', 't', 0x09, 0, 2, 0, 0xff, 0x26, 0, 1, 'b', 0, 3,
		'1', 0xc2, 0xa7, 0x26, 0, 0, 0, 0 };
	struct mqtt_properties properties = decode_message();
	uint8_t data[64];
	struct mqtt_writer writer = { data, sizeof(data), 0 };

	ck_assert_int_eq(mqtt_properties_forward(&properties, &writer), 0);
	ck_assert_uint_eq(writer.len, sizeof(want));
	ck_assert_mem_eq(data, want, sizeof(want));

	for (size_t room = 0; room < sizeof(want); room++) {
		writer = (struct mqtt_writer){ data, room, 0 };
		ck_assert_int_eq(mqtt_properties_forward(&properties, &writer),
		    MQTT_ERR_PACKET_TOO_LARGE);
		ck_assert_uint_eq(writer.len, 0);
	}
}
END_TEST

START_TEST(forwarded_properties_are_encoded_behind_the_others)
{
	static const uint8_t want[] = { 5 + 7, 0x02, 0, 0, 0, 9, 0x26, 0, 1,
		'k', 0, 1, 'v' };
	struct mqtt_properties properties = { .present = 0 };
	uint8_t data[64], more[16];
	struct mqtt_writer writer = { data, sizeof(data), 0 };
	struct mqtt_writer further = { more, sizeof(more), 0 };

	ck_assert_int_eq(mqtt_user_property_encode(BYTES_LITERAL("k"),
			     BYTES_LITERAL("v"), &further),
	    0);
	properties.message_expiry_interval = 9;
	mqtt_properties_mark(&properties,
	    MQTT_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
	mqtt_properties_mark(&properties, MQTT_PROPERTY_USER_PROPERTY);
	properties.encoded = bytes_of(more, further.len);
	ck_assert_uint_eq(mqtt_properties_encoded_len(&properties),
	    sizeof(want));
	ck_assert_int_eq(mqtt_properties_encode(&properties, &writer), 0);
	ck_assert_uint_eq(writer.len, sizeof(want));
	ck_assert_mem_eq(data, want, sizeof(want));

	for (size_t room = 0; room < sizeof(want); room++) {
		writer = (struct mqtt_writer){ data, room, 0 };
		ck_assert_int_eq(mqtt_properties_encode(&properties, &writer),
		    MQTT_ERR_PACKET_TOO_LARGE);
		ck_assert_uint_eq(writer.len, 0);
	}
}
END_TEST

START_TEST(single_properties_are_written_whole_or_not)
{
	uint8_t data[16];

	for (size_t room = 0; room <= 7; room++) {
		struct mqtt_writer writer = { data, room, 0 };
		int status = mqtt_user_property_encode(BYTES_LITERAL("k"),
		    BYTES_LITERAL("v"), &writer);

		ck_assert_int_eq(status,
		    room < 7 ? MQTT_ERR_PACKET_TOO_LARGE : 0);
		ck_assert_uint_eq(writer.len, room < 7 ? 0 : 7);
		writer = (struct mqtt_writer){ data, room, 0 };
		status = mqtt_subscription_identifier_encode(300, &writer);
		ck_assert_int_eq(status,
		    room < 3 ? MQTT_ERR_PACKET_TOO_LARGE : 0);
		ck_assert_uint_eq(writer.len, room < 3 ? 0 : 3);
	}
}
END_TEST

TCase *
test_property_case(void)
{
	const int count = sizeof(rows) / sizeof(rows[0]);
	TCase *tcase = tcase_create("property");

	tcase_add_loop_test(tcase, a_property_belongs_where_the_table_says, 0,
	    count);
	tcase_add_loop_test(tcase, a_property_is_repeated_only_where_it_may_be,
	    0, count);
	tcase_add_test(tcase, an_unknown_identifier_is_malformed);
	tcase_add_test(tcase, no_properties_are_a_length_of_zero);
	tcase_add_test(tcase, each_field_gets_its_value);
	tcase_add_test(tcase, user_properties_are_walked_in_their_order);
	tcase_add_test(tcase, subscription_identifiers_are_walked);
	tcase_add_test(tcase, a_server_forwards_what_it_may_not_alter);
	tcase_add_test(tcase,
	    forwarded_properties_are_encoded_behind_the_others);
	tcase_add_test(tcase, single_properties_are_written_whole_or_not);
	return tcase;
}
