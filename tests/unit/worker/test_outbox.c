/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/outbox.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "tests.h"

/* Take everything in pieces of at most room bytes, as records would. */
static struct buffer
drain(struct outbox *outbox, uint64_t now_ms, size_t room)
{
	struct buffer stream = { .data = NULL };
	uint8_t *out = memory_new(1, room);

	while (!outbox_is_empty(outbox)) {
		struct bytes direct;
		size_t taken = outbox_take(outbox, MQTT_VERSION_3_1_1, now_ms,
		    out, room, &direct);

		if (taken > room || (direct.len > 0 && direct.len != taken))
			ck_abort_msg("%zu of %zu, %zu at once", taken, room,
			    direct.len);
		if (direct.len > 0) {
			buffer_append(&stream, direct);
		} else {
			buffer_append(&stream, bytes_of(out, taken));
		}
	}
	free(out);
	return stream;
}

static uint8_t
payload_byte(size_t i, uint16_t packet_id)
{
	return (uint8_t)(i * 7 + packet_id);
}

static bool
is_payload_of(struct bytes payload, uint16_t packet_id)
{
	for (size_t i = 0; i < payload.len; i++)
		if (payload.data[i] != payload_byte(i, packet_id))
			return false;
	return true;
}

static void
push_message(struct outbox *outbox, size_t payload_len, uint16_t packet_id,
    uint64_t expires_at_ms)
{
	uint8_t *payload = memory_new(1, payload_len + 1);
	struct ipc_publish parts = {
		.qos = 1,
		.has_expiry = expires_at_ms > 0,
		.expires_at_ms = expires_at_ms,
		.topic_name = BYTES_LITERAL("topic"),
		.payload = bytes_of(payload, payload_len),
	};
	struct message_delivery delivery = {
		.qos = packet_id > 0 ? 1 : 0,
		.packet_id = packet_id,
	};
	struct message *message;

	for (size_t i = 0; i < payload_len; i++)
		payload[i] = payload_byte(i, packet_id);
	message = message_new(&parts);
	outbox_push_message(outbox, message, &delivery);
	message_unref(&message);
	free(payload);
}

/* Decode the stream; returns how many PUBLISH packets of that order it has. */
static unsigned int
count_packets(struct bytes stream)
{
	unsigned int count = 0;

	while (stream.len > 0) {
		struct mqtt_frame frame;

		ck_assert_int_eq(mqtt_frame_decode(stream, 268435460, &frame),
		    0);
		if (frame.type == MQTT_PUBLISH) {
			struct mqtt_publish publish;

			ck_assert_int_eq(mqtt_publish_decode(MQTT_VERSION_3_1_1,
					     &frame, &publish),
			    0);
			ck_assert(
			    is_payload_of(publish.payload, publish.packet_id));
		}
		stream = bytes_skip(stream, frame.len);
		count++;
	}
	return count;
}

START_TEST(the_stream_is_the_same_however_it_is_cut)
{
	static const size_t rooms[] = { 1, 2, 3, 7, 64, 1000, 16384 };
	static const size_t payloads[] = { 0, 1, 64, 1000, 16383, 16384, 16385,
		70000 };

	for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++) {
		struct outbox outbox = { .entries = NULL };
		struct buffer stream;

		for (uint16_t i = 0; i < 8; i++) {
			outbox_push_packet(&outbox, BYTES_LITERAL("\xd0\x00"));
			push_message(&outbox, payloads[i], i, 0);
			outbox_push_packet(&outbox,
			    BYTES_LITERAL("\x90\x08\x01\x01zzzzzz"));
		}
		stream = drain(&outbox, 0, rooms[r]);
		ck_assert_uint_eq(count_packets(buffer_view(&stream)), 24);
		ck_assert_uint_eq(outbox.bytes, 0);
		ck_assert_uint_eq(outbox.control_bytes, 0);
		buffer_done(&stream);
		outbox_rest(&outbox);
		ck_assert_ptr_null(outbox.entries);
	}
}
END_TEST

START_TEST(
    what_has_expired_is_skipped_unless_it_has_begun) /* [MQTT5-3.3.2-5] */
{
	struct outbox outbox = { .entries = NULL };
	uint8_t out[100];
	struct bytes direct;
	struct buffer rest;
	size_t taken;

	push_message(&outbox, 200, 0, 1000);
	push_message(&outbox, 10, 0, 1000);
	push_message(&outbox, 10, 5, 1000); /* in flight: it stays */
	taken = outbox_take(&outbox, MQTT_VERSION_3_1_1, 999, out, sizeof(out),
	    &direct);
	ck_assert_uint_eq(taken, sizeof(out));
	rest = drain(&outbox, 1000, 100);
	/* the rest of the first, and the third */
	ck_assert_uint_eq(rest.len, 3 + 7 + 200 - 100 + 2 + 7 + 2 + 10);
	buffer_done(&rest);
	outbox_rest(&outbox);
}
END_TEST

START_TEST(closing_keeps_answers_and_what_the_peer_has_half_read)
{
	struct outbox outbox = { .entries = NULL };
	uint8_t out[100];
	struct bytes direct;
	struct buffer rest;

	push_message(&outbox, 200, 1, 0);
	push_message(&outbox, 10, 2, 0);
	outbox_push_packet(&outbox, BYTES_LITERAL("\xd0\x00"));
	push_message(&outbox, 10, 3, 0);
	ck_assert_uint_eq(outbox_take(&outbox, MQTT_VERSION_3_1_1, 0, out,
			      sizeof(out), &direct),
	    100);
	outbox_drop_waiting(&outbox);
	outbox_push_packet(&outbox, BYTES_LITERAL("\xe0\x00"));
	rest = drain(&outbox, 0, 100);
	ck_assert_uint_eq(rest.len, 3 + 7 + 2 + 200 - 100 + 2 + 2);
	ck_assert_uint_eq(outbox.control_bytes, 0);
	ck_assert_uint_eq(rest.data[rest.len - 4], 0xd0);
	ck_assert_uint_eq(rest.data[rest.len - 2], 0xe0);
	buffer_done(&rest);
	push_message(&outbox, 200, 1, 0);
	outbox_drop_waiting(&outbox);
	ck_assert(outbox_is_empty(&outbox));
	ck_assert_uint_eq(outbox.bytes, 0);
	outbox_done(&outbox);
}
END_TEST

TCase *
test_outbox(void)
{
	TCase *tcase = tcase_create("outbox");

	tcase_add_test(tcase, the_stream_is_the_same_however_it_is_cut);
	tcase_add_test(tcase, what_has_expired_is_skipped_unless_it_has_begun);
	tcase_add_test(tcase,
	    closing_keeps_answers_and_what_the_peer_has_half_read);
	return tcase;
}
