/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test cases of this program, one for each file, and what they share.
 */
#ifndef SIGNET_TESTS_MQTT_SUITES_H
#define SIGNET_TESTS_MQTT_SUITES_H

#include <check.h>

#include "mqtt/packet.h"

TCase *test_mqtt_case(void);
TCase *test_wire_case(void);
TCase *test_utf8_case(void);
TCase *test_property_case(void);
TCase *test_frame_case(void);
TCase *test_packet_case(void);
TCase *test_publish_case(void);
TCase *test_subscribe_case(void);
TCase *test_topic_case(void);
TCase *test_vectors_case(void);

/* A frame that must be whole and valid, as a view of literal bytes. */
#define FRAME(...)                                                             \
	frame_of((const uint8_t[]){ __VA_ARGS__ },                             \
	    sizeof((const uint8_t[]){ __VA_ARGS__ }))

static inline struct mqtt_frame
frame_of(const uint8_t *data, size_t len)
{
	struct mqtt_frame frame;

	ck_assert_int_eq(mqtt_frame_decode(bytes_of(data, len), 1 << 20,
			     &frame),
	    0);
	ck_assert_uint_eq(frame.len, len);
	return frame;
}

static inline void
assert_bytes(struct bytes got, const char *want)
{
	ck_assert_uint_eq(got.len, strlen(want));
	ck_assert_mem_eq(got.data, want, got.len);
}

#endif
