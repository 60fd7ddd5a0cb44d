/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/mqtt.h"

#include <ctype.h>

#include "suites.h"

START_TEST(every_reason_has_a_name_of_its_own) /* MQTT 5.0, 2.4 */
{
	size_t named = 0;

	for (unsigned int i = 0; i < 256; i++) {
		const char *name = mqtt_reason_name((enum mqtt_reason)i);

		ck_assert_ptr_nonnull(name);
		if (strcmp(name, "reserved-reason") == 0)
			continue;
		named++;
		for (const char *at = name; *at != '\0'; at++)
			ck_assert(islower(*at) || isdigit(*at) || *at == '-');
		for (unsigned int j = 0; j < i; j++)
			ck_assert_str_ne(name,
			    mqtt_reason_name((enum mqtt_reason)j));
	}
	ck_assert_uint_eq(named, 43);
	ck_assert_str_eq(mqtt_reason_name(MQTT_REASON_MALFORMED_PACKET),
	    "malformed-packet");
	ck_assert_str_eq(mqtt_reason_name((enum mqtt_reason)0x10000),
	    "reserved-reason");
}
END_TEST

START_TEST(every_packet_type_has_a_name)
{
	ck_assert_str_eq(mqtt_packet_type_name(MQTT_CONNECT), "CONNECT");
	ck_assert_str_eq(mqtt_packet_type_name(MQTT_AUTH), "AUTH");
	for (unsigned int type = 1; type <= 15; type++)
		ck_assert_str_ne(mqtt_packet_type_name(type), "RESERVED");
	ck_assert_str_eq(mqtt_packet_type_name(0), "RESERVED");
	ck_assert_str_eq(mqtt_packet_type_name(16), "RESERVED");
	ck_assert_str_eq(mqtt_packet_type_name(0xffffffff), "RESERVED");
}
END_TEST

START_TEST(reasons_have_a_return_code) /* MQTT 3.1.1, 3.2.2.3 */
{
	static const uint8_t rows[][2] = {
		{ MQTT_REASON_SUCCESS, MQTT_RETURN_ACCEPTED },
		{ MQTT_REASON_UNSUPPORTED_PROTOCOL_VERSION,
		    MQTT_RETURN_UNACCEPTABLE_PROTOCOL_VERSION },
		{ MQTT_REASON_CLIENT_IDENTIFIER_NOT_VALID,
		    MQTT_RETURN_IDENTIFIER_REJECTED },
		{ MQTT_REASON_SERVER_BUSY, MQTT_RETURN_SERVER_UNAVAILABLE },
		{ MQTT_REASON_BAD_USER_NAME_OR_PASSWORD,
		    MQTT_RETURN_BAD_USER_NAME_OR_PASSWORD },
		{ MQTT_REASON_NOT_AUTHORIZED, MQTT_RETURN_NOT_AUTHORIZED },
		{ MQTT_REASON_BANNED, MQTT_RETURN_NOT_AUTHORIZED },
		{ MQTT_REASON_UNSPECIFIED_ERROR,
		    MQTT_RETURN_SERVER_UNAVAILABLE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_int_eq(mqtt_return_code_of(
				     (enum mqtt_reason)rows[i][0]),
		    rows[i][1]);
	for (unsigned int i = 1; i < 256; i++)
		ck_assert_int_ne(mqtt_return_code_of((enum mqtt_reason)i),
		    MQTT_RETURN_ACCEPTED);
}
END_TEST

START_TEST(requests_carry_no_reason) /* MQTT 5.0, 2.4 */
{
	for (unsigned int reason = 0; reason < 256; reason++) {
		ck_assert(!mqtt_reason_belongs(MQTT_CONNECT, (uint8_t)reason));
		ck_assert(!mqtt_reason_belongs(MQTT_PUBLISH, (uint8_t)reason));
		ck_assert(
		    !mqtt_reason_belongs(MQTT_SUBSCRIBE, (uint8_t)reason));
		ck_assert(
		    !mqtt_reason_belongs(MQTT_UNSUBSCRIBE, (uint8_t)reason));
		ck_assert(!mqtt_reason_belongs(MQTT_PINGREQ, (uint8_t)reason));
	}
}
END_TEST

TCase *
test_mqtt_case(void)
{
	TCase *tcase = tcase_create("mqtt");

	tcase_add_test(tcase, every_reason_has_a_name_of_its_own);
	tcase_add_test(tcase, every_packet_type_has_a_name);
	tcase_add_test(tcase, reasons_have_a_return_code);
	tcase_add_test(tcase, requests_carry_no_reason);
	return tcase;
}
