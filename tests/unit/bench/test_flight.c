/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/flight.h"

#include "test_bench.h"

static struct flight flight;

static void
setup(void)
{
	flight_init(&flight, 2);
}

static void
teardown(void)
{
	flight_done(&flight);
}

START_TEST(packet_identifiers_begin_with_1) /* [MQTT-2.3.1-1] */
{
	ck_assert_uint_eq(flight_push(&flight, 1, 0), 1);
	ck_assert_uint_eq(flight_push(&flight, 1, 0), 2);
	ck_assert(!flight_has_room(&flight));
}
END_TEST

START_TEST(puback_ends_a_message_of_qos_1) /* [MQTT-4.3.2-1] */
{
	uint16_t packet_id = flight_push(&flight, 1, 77);
	uint64_t sent_ns = 0;

	ck_assert_int_eq(flight_acknowledge(&flight, MQTT_PUBACK, packet_id,
			     MQTT_REASON_SUCCESS, &sent_ns),
	    0);
	ck_assert_uint_eq(sent_ns, 77);
	ck_assert_uint_eq(flight.free_count, 2);
}
END_TEST

START_TEST(pubrec_then_pubcomp_end_a_message_of_qos_2) /* [MQTT-4.3.3-1] */
{
	uint16_t packet_id = flight_push(&flight, 2, 77);
	uint64_t sent_ns = 0;

	ck_assert_int_eq(flight_acknowledge(&flight, MQTT_PUBREC, packet_id,
			     MQTT_REASON_SUCCESS, &sent_ns),
	    MQTT_NEED_MORE);
	ck_assert_uint_eq(flight.free_count, 1);
	ck_assert_int_eq(flight_acknowledge(&flight, MQTT_PUBCOMP, packet_id,
			     MQTT_REASON_SUCCESS, &sent_ns),
	    0);
	ck_assert_uint_eq(sent_ns, 77);
	ck_assert_uint_eq(flight.free_count, 2);
}
END_TEST

START_TEST(pubrec_with_an_error_ends_the_message) /* [MQTT5-4.3.3-4] */
{
	uint16_t packet_id = flight_push(&flight, 2, 77);
	uint64_t sent_ns = 0;

	ck_assert_int_eq(flight_acknowledge(&flight, MQTT_PUBREC, packet_id,
			     MQTT_REASON_NOT_AUTHORIZED, &sent_ns),
	    0);
	ck_assert_uint_eq(flight.free_count, 2);
}
END_TEST

START_TEST(what_is_not_awaited_is_a_protocol_error)
{
	static const struct {
		uint8_t type;
		uint16_t packet_id;
	} rows[] = {
		{ MQTT_PUBACK, 0 },
		{ MQTT_PUBACK, 3 },
		{ MQTT_PUBACK, 2 },
		{ MQTT_PUBREC, 1 },
		{ MQTT_PUBCOMP, 1 },
	};
	uint64_t sent_ns = 42;

	flight_push(&flight, 1, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_int_eq(flight_acknowledge(&flight,
				     (enum mqtt_packet_type)rows[i].type,
				     rows[i].packet_id, MQTT_REASON_SUCCESS,
				     &sent_ns),
		    MQTT_ERR_PROTOCOL_ERROR);
	ck_assert_uint_eq(sent_ns, 42);
	ck_assert_uint_eq(flight.free_count, 1);
}
END_TEST

TCase *
test_flight(void)
{
	TCase *tcase = tcase_create("flight");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, packet_identifiers_begin_with_1);
	tcase_add_test(tcase, puback_ends_a_message_of_qos_1);
	tcase_add_test(tcase, pubrec_then_pubcomp_end_a_message_of_qos_2);
	tcase_add_test(tcase, pubrec_with_an_error_ends_the_message);
	tcase_add_test(tcase, what_is_not_awaited_is_a_protocol_error);
	return tcase;
}
