/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/message.h"

#include "tests.h"

#define NOW_MS 5000

static uint8_t out[65536];

static struct message *
sample(bool has_expiry)
{
	struct ipc_publish parts = {
		.qos = 1,
		.has_expiry = has_expiry,
		.expires_at_ms = NOW_MS + 2500,
		.topic_name = BYTES_LITERAL("a/b"),
		/* Payload Format Indicator 1 */
		.properties = BYTES_LITERAL("\x01\x01"),
		.payload = BYTES_LITERAL("hello"),
	};

	return message_new(&parts);
}

/* What message_head_write() and the payload make together, decoded. */
static void
write_and_decode(struct message *message,
    const struct message_delivery *delivery, struct mqtt_publish *publish)
{
	size_t len = message_head_write(message, delivery, NOW_MS, out);
	struct mqtt_frame frame;

	ck_assert_uint_le(len,
	    message_head_len_max(message, delivery->subscription_id_count));
	memcpy(out + len, "hello", 5);
	ck_assert_uint_eq(message_packet_len(message, delivery), len + 5);
	ck_assert_int_eq(mqtt_frame_decode(bytes_of(out, len + 5), 1000,
			     &frame),
	    0);
	ck_assert_uint_eq(frame.len, len + 5);
	ck_assert_int_eq(mqtt_publish_decode(delivery->version, &frame,
			     publish),
	    0);
}

START_TEST(each_receiver_gets_its_own_head_from_the_shared_one)
{
	static const enum mqtt_version versions[] = { MQTT_VERSION_3_1_1,
		MQTT_VERSION_5 };
	struct message *message = sample(false);

	for (unsigned int i = 0; i < 64; i++) {
		struct message_delivery delivery = {
			.version = versions[i & 1],
			.qos = (i >> 1) & 1,
			.dup = ((i >> 2) & 1) && ((i >> 1) & 1),
			.retain = (i >> 3) & 1,
			.packet_id = (uint16_t)(i * 1021 + 1),
		};
		struct mqtt_publish publish;

		write_and_decode(message, &delivery, &publish);
		ck_assert_uint_eq(publish.qos, delivery.qos);
		ck_assert_int_eq(publish.dup, delivery.dup);
		ck_assert_int_eq(publish.retain, delivery.retain);
		if (delivery.qos > 0)
			ck_assert_uint_eq(publish.packet_id,
			    delivery.packet_id);
		ck_assert(
		    bytes_equal(publish.topic_name, BYTES_LITERAL("a/b")));
		if (delivery.version == MQTT_VERSION_5)
			ck_assert(mqtt_properties_have(&publish.properties,
			    MQTT_PROPERTY_PAYLOAD_FORMAT_INDICATOR));
	}
	message_unref(&message);
}
END_TEST

START_TEST(the_remaining_expiry_is_sent_in_whole_seconds) /* [MQTT5-3.3.2-6] */
{
	struct message *message = sample(true);
	struct message_delivery delivery = { .version = MQTT_VERSION_5 };
	struct mqtt_publish publish;

	for (delivery.qos = 0; delivery.qos < 3; delivery.qos++) {
		delivery.packet_id = delivery.qos;
		write_and_decode(message, &delivery, &publish);
		ck_assert_uint_eq(publish.properties.message_expiry_interval,
		    3);
	}
	ck_assert(!message_is_expired(message, NOW_MS + 2499));
	ck_assert(message_is_expired(message, NOW_MS + 2500));
	message_unref(&message);
}
END_TEST

START_TEST(subscription_identifiers_are_sent_all) /* [MQTT5-3.3.4-3] */
{
	static const uint32_t identifiers[] = { 1, 200, 268435455 };
	struct message *message = sample(false);
	struct message_delivery delivery = {
		.version = MQTT_VERSION_5,
		.subscription_ids = identifiers,
		.subscription_id_count = 3,
	};
	struct mqtt_publish publish;
	uint32_t identifier;
	size_t pos = 0;

	write_and_decode(message, &delivery, &publish);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(mqtt_subscription_identifier_next(&publish.properties,
		    &pos, &identifier));
		ck_assert_uint_eq(identifier, identifiers[i]);
	}
	ck_assert(!mqtt_subscription_identifier_next(&publish.properties, &pos,
	    &identifier));
	message_unref(&message);
}
END_TEST

START_TEST(messages_are_counted_while_they_live)
{
	struct message_totals before = message_totals();
	struct message *first = sample(false), *second = sample(true);
	struct message *same = message_ref(first);

	ck_assert_uint_eq(message_totals().count, before.count + 2);
	ck_assert_uint_eq(message_totals().bytes, before.bytes + 10);
	message_unref(&first);
	message_unref(&second);
	ck_assert_uint_eq(message_totals().count, before.count + 1);
	message_unref(&same);
	ck_assert_uint_eq(message_totals().count, before.count);
	ck_assert_uint_eq(message_totals().bytes, before.bytes);
}
END_TEST

TCase *
test_message(void)
{
	TCase *tcase = tcase_create("message");

	tcase_add_test(tcase,
	    each_receiver_gets_its_own_head_from_the_shared_one);
	tcase_add_test(tcase, the_remaining_expiry_is_sent_in_whole_seconds);
	tcase_add_test(tcase, subscription_identifiers_are_sent_all);
	tcase_add_test(tcase, messages_are_counted_while_they_live);
	return tcase;
}
