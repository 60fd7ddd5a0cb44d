/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/wire.h"

#include <stdlib.h>

#include "suites.h"

START_TEST(integers_are_big_endian) /* MQTT 5.0, 1.5.2, 1.5.3 */
{
	struct mqtt_reader reader = {
		.data = (const uint8_t[]){ 1, 2, 3, 0xff, 4, 5, 6 },
		.len = 7,
	};
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;

	ck_assert_int_eq(mqtt_u8_decode(&reader, &u8), 0);
	ck_assert_int_eq(mqtt_u16_decode(&reader, &u16), 0);
	ck_assert_int_eq(mqtt_u32_decode(&reader, &u32), 0);
	ck_assert_uint_eq(u8, 1);
	ck_assert_uint_eq(u16, 0x0203);
	ck_assert_uint_eq(u32, 0xff040506);
	ck_assert_uint_eq(reader.pos, 7);
}
END_TEST

START_TEST(integers_that_are_cut_consume_nothing)
{
	static const uint8_t data[4] = { 1, 2, 3, 4 };
	uint8_t u8 = 9;
	uint16_t u16 = 9;
	uint32_t u32 = 9;

	for (size_t len = 0; len < 4; len++) {
		struct mqtt_reader reader = { .data = data, .len = len };

		ck_assert_int_eq(mqtt_u32_decode(&reader, &u32),
		    MQTT_ERR_MALFORMED_PACKET);
		if (len < 2)
			ck_assert_int_eq(mqtt_u16_decode(&reader, &u16),
			    MQTT_ERR_MALFORMED_PACKET);
		if (len < 1)
			ck_assert_int_eq(mqtt_u8_decode(&reader, &u8),
			    MQTT_ERR_MALFORMED_PACKET);
		ck_assert_uint_eq(reader.pos, 0);
	}
	ck_assert_uint_eq(u8 + u16 + u32, 27);
}
END_TEST

/* MQTT 5.0, 1.5.5: table 1-1 */
static const struct {
	uint32_t value;
	size_t len;
	uint8_t bytes[4];
} varints[] = {
	{ 0, 1, { 0x00 } },
	{ 127, 1, { 0x7f } },
	{ 128, 2, { 0x80, 0x01 } },
	{ 321, 2, { 0xc1, 0x02 } },
	{ 16383, 2, { 0xff, 0x7f } },
	{ 16384, 3, { 0x80, 0x80, 0x01 } },
	{ 2097151, 3, { 0xff, 0xff, 0x7f } },
	{ 2097152, 4, { 0x80, 0x80, 0x80, 0x01 } },
	{ 268435455, 4, { 0xff, 0xff, 0xff, 0x7f } },
};

START_TEST(varint_has_its_shortest_form) /* [MQTT5-1.5.5-1] */
{
	uint8_t data[4];
	struct mqtt_writer writer = { data, sizeof(data), 0 };
	uint32_t value = 1;

	ck_assert_uint_eq(mqtt_varint_len(varints[_i].value), varints[_i].len);
	ck_assert_int_eq(mqtt_varint_encode(&writer, varints[_i].value), 0);
	ck_assert_uint_eq(writer.len, varints[_i].len);
	ck_assert_mem_eq(data, varints[_i].bytes, writer.len);

	for (size_t len = 0; len <= varints[_i].len; len++) {
		struct mqtt_reader reader = { .data = data, .len = len };
		int status = mqtt_varint_decode(&reader, &value);

		if (len < varints[_i].len) {
			ck_assert_int_eq(status, MQTT_ERR_MALFORMED_PACKET);
			ck_assert_uint_eq(reader.pos, 0);
			writer = (struct mqtt_writer){ data, len, 0 };
			ck_assert_int_eq(mqtt_varint_encode(&writer,
					     varints[_i].value),
			    MQTT_ERR_PACKET_TOO_LARGE);
			ck_assert_uint_eq(writer.len, 0);
		} else {
			ck_assert_int_eq(status, 0);
			ck_assert_uint_eq(reader.pos, len);
			ck_assert_uint_eq(value, varints[_i].value);
		}
	}
}
END_TEST

START_TEST(varint_refuses_other_forms) /* [MQTT5-1.5.5-1] */
{
	static const uint8_t rows[][6] = {
		{ 2, 0x80, 0x00 },
		{ 2, 0xff, 0x00 },
		{ 3, 0x80, 0x80, 0x00 },
		{ 4, 0x81, 0x80, 0x80, 0x00 },
		{ 5, 0x80, 0x80, 0x80, 0x80, 0x01 },
		{ 5, 0xff, 0xff, 0xff, 0xff, 0x00 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mqtt_reader reader = { .data = rows[i] + 1,
			.len = rows[i][0] };
		uint32_t value = 7;

		ck_assert_int_eq(mqtt_varint_decode(&reader, &value),
		    MQTT_ERR_MALFORMED_PACKET);
		ck_assert_uint_eq(reader.pos, 0);
		ck_assert_uint_eq(value, 7);
	}
}
END_TEST

START_TEST(varint_above_its_range_is_not_encoded)
{
	uint8_t data[8];
	struct mqtt_writer writer = { data, sizeof(data), 0 };

	ck_assert_int_eq(mqtt_varint_encode(&writer, MQTT_VARINT_MAX + 1),
	    MQTT_ERR_PACKET_TOO_LARGE);
	ck_assert_int_eq(mqtt_varint_encode(&writer, UINT32_MAX),
	    MQTT_ERR_PACKET_TOO_LARGE);
	ck_assert_uint_eq(writer.len, 0);
}
END_TEST

START_TEST(a_string_is_utf8) /* [MQTT-1.5.3-1, -2], [MQTT5-1.5.4-1, -2] */
{
	static const uint8_t good[] = { 0, 3, 'a', 0xc3, 0xa4, 'x' };
	static const uint8_t bad[] = { 0, 2, 0xc3, 0x28 };
	struct mqtt_reader reader = { .data = good, .len = sizeof(good) };
	struct bytes value = BYTES_NONE;

	ck_assert_int_eq(mqtt_string_decode(&reader, &value), 0);
	assert_bytes(value, "a\xc3\xa4");
	ck_assert_uint_eq(reader.pos, 5);

	reader = (struct mqtt_reader){ .data = bad, .len = sizeof(bad) };
	ck_assert_int_eq(mqtt_string_decode(&reader, &value),
	    MQTT_ERR_MALFORMED_PACKET);
	ck_assert_uint_eq(reader.pos, 0);
	assert_bytes(value, "a\xc3\xa4");
	ck_assert_int_eq(mqtt_binary_decode(&reader, &value), 0);
	assert_bytes(value, "\xc3\x28");
}
END_TEST

START_TEST(binary_data_that_is_cut_consumes_nothing) /* MQTT 5.0, 1.5.6 */
{
	static const uint8_t data[] = { 0, 3, 1, 2, 3 };
	struct bytes value = BYTES_NONE;

	for (size_t len = 0; len < sizeof(data); len++) {
		struct mqtt_reader reader = { .data = data, .len = len };

		ck_assert_int_eq(mqtt_binary_decode(&reader, &value),
		    MQTT_ERR_MALFORMED_PACKET);
		ck_assert_int_eq(mqtt_string_decode(&reader, &value),
		    MQTT_ERR_MALFORMED_PACKET);
		ck_assert_uint_eq(reader.pos, 0);
		ck_assert_ptr_null(value.data);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_not_written)
{
	struct bytes text = BYTES_LITERAL("abc");
	uint8_t data[5] = { 0 };

	for (size_t room = 0; room < sizeof(data); room++) {
		struct mqtt_writer writer = { data, room, 0 };

		ck_assert_int_eq(mqtt_binary_encode(&writer, text),
		    MQTT_ERR_PACKET_TOO_LARGE);
		if (room < 4)
			ck_assert_int_eq(mqtt_u32_encode(&writer, 1),
			    MQTT_ERR_PACKET_TOO_LARGE);
		if (room < 3)
			ck_assert_int_eq(mqtt_raw_encode(&writer, text),
			    MQTT_ERR_PACKET_TOO_LARGE);
		if (room < 2)
			ck_assert_int_eq(mqtt_u16_encode(&writer, 1),
			    MQTT_ERR_PACKET_TOO_LARGE);
		if (room < 1)
			ck_assert_int_eq(mqtt_u8_encode(&writer, 1),
			    MQTT_ERR_PACKET_TOO_LARGE);
		if (room < 3)
			ck_assert_uint_eq(writer.len, 0);
	}
}
END_TEST

START_TEST(binary_data_has_at_most_65535_bytes) /* MQTT 5.0, 1.5.6 */
{
	uint8_t *text = calloc(1, 65536);
	uint8_t *data = malloc(70000);
	struct mqtt_writer writer = { data, 70000, 0 };

	ck_assert_int_eq(mqtt_binary_encode(&writer, bytes_of(text, 65536)),
	    MQTT_ERR_PACKET_TOO_LARGE);
	ck_assert_uint_eq(writer.len, 0);
	ck_assert_int_eq(mqtt_binary_encode(&writer, bytes_of(text, 65535)), 0);
	ck_assert_uint_eq(writer.len, 65537);
	free(text);
	free(data);
}
END_TEST

TCase *
test_wire_case(void)
{
	TCase *tcase = tcase_create("wire");

	tcase_add_test(tcase, integers_are_big_endian);
	tcase_add_test(tcase, integers_that_are_cut_consume_nothing);
	tcase_add_loop_test(tcase, varint_has_its_shortest_form, 0,
	    sizeof(varints) / sizeof(varints[0]));
	tcase_add_test(tcase, varint_refuses_other_forms);
	tcase_add_test(tcase, varint_above_its_range_is_not_encoded);
	tcase_add_test(tcase, a_string_is_utf8);
	tcase_add_test(tcase, binary_data_that_is_cut_consumes_nothing);
	tcase_add_test(tcase, what_does_not_fit_is_not_written);
	tcase_add_test(tcase, binary_data_has_at_most_65535_bytes);
	return tcase;
}
