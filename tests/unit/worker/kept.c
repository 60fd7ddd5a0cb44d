/* SPDX-License-Identifier: Apache-2.0 */
#include "kept.h"

#include <stdio.h>

#include "mqtt/packet.h"
#include "worker/journal.h"

struct bare_worker kept_from, kept_to;
struct connection kept_connection;
struct fake_store kept_store;
struct kept_packet kept_sent[KEPT_SENT_MAX];
size_t kept_sent_count;

static unsigned int published; /* numbers are the payloads */

void
kept_setup(void)
{
	bare_worker_init(&kept_from);
	bare_worker_init(&kept_to);
	memset(&kept_store, 0, sizeof(kept_store));
	fake_store_start(&kept_store, &kept_from.worker);
	fake_store_settle(&kept_store);
	bare_connection_init(&kept_connection, &kept_from.worker);
	published = 0;
	kept_sent_count = 0;
}

void
kept_teardown(void)
{
	fake_store_done(&kept_store);
	bare_connection_done(&kept_connection);
	bare_worker_done(&kept_from);
	bare_worker_done(&kept_to);
}

void
kept_attach(struct session *session, uint16_t inflight_max)
{
	bare_connection_done(&kept_connection);
	bare_connection_init(&kept_connection, session->worker);
	session_attach(session, &kept_connection);
	session->inflight_max = inflight_max;
	kept_connection.session = session;
	session_keep(session);
	fake_store_settle(&kept_store);
	session_send_queued(session);
	fake_store_settle(&kept_store);
}

void
kept_detach(struct session *session)
{
	kept_connection.session = NULL;
	session_detach(session, true);
	fake_store_settle(&kept_store);
}

struct session *
kept_durable(const char *client_id, uint16_t inflight_max)
{
	struct session *session = bare_session_new(&kept_from.worker,
	    client_id);

	kept_attach(session, inflight_max);
	return session;
}

void
kept_publish(struct session *session, unsigned int count, uint8_t qos)
{
	for (unsigned int i = 0; i < count; i++) {
		char payload[16];
		struct ipc_publish parts = {
			.qos = qos,
			.topic_name = BYTES_LITERAL("a/b"),
		};
		struct message_delivery delivery = { .qos = qos };
		struct message *message;

		snprintf(payload, sizeof(payload), "%u", ++published);
		parts.payload = bytes_of_string(payload);
		message = message_new(&parts);
		session_deliver(session, message, &delivery);
		message_unref(&message);
	}
}

/* Take a packet of 5.0 with less than 128 bytes off what was sent. */
static struct kept_packet
take_packet(struct bytes *input)
{
	const uint8_t *data = input->data;
	struct kept_packet packet = {
		.type = data[0] >> 4,
		.qos = data[0] >> 1 & 3,
		.dup = (data[0] >> 3 & 1) != 0,
	};
	size_t len = 2u + data[1], at = 2;

	ck_assert_uint_le(len, input->len);
	if (packet.type == MQTT_PUBLISH)
		at += 2u + data[3];
	if (packet.type != MQTT_PUBLISH || packet.qos > 0) {
		packet.packet_id = (uint16_t)(data[at] << 8 | data[at + 1]);
		at += 2;
	}
	if (packet.type == MQTT_PUBLISH) {
		ck_assert_uint_eq(data[at], 0); /* no properties */
		for (at++; at < len; at++)
			packet.number = packet.number * 10 + data[at] - '0';
	}
	*input = bytes_skip(*input, len);
	return packet;
}

void
kept_collect(void)
{
	struct buffer bytes = bare_connection_sent(&kept_connection);
	struct bytes rest = buffer_view(&bytes);

	kept_sent_count = 0;
	while (rest.len > 0) {
		ck_assert_uint_lt(kept_sent_count, KEPT_SENT_MAX);
		kept_sent[kept_sent_count++] = take_packet(&rest);
	}
	buffer_done(&bytes);
}

void
kept_check_publish(size_t i, unsigned int number, uint8_t qos,
    uint16_t packet_id, bool dup)
{
	ck_assert_uint_lt(i, kept_sent_count);
	ck_assert_uint_eq(kept_sent[i].type, MQTT_PUBLISH);
	ck_assert_uint_eq(kept_sent[i].number, number);
	ck_assert_uint_eq(kept_sent[i].qos, qos);
	ck_assert_uint_eq(kept_sent[i].packet_id, packet_id);
	ck_assert_int_eq(kept_sent[i].dup, dup);
}

unsigned int
kept_consume(struct session *session, unsigned int first)
{
	unsigned int count = 0;

	for (kept_collect(); kept_sent_count > 0; kept_collect()) {
		size_t came = kept_sent_count;

		for (size_t i = 0; i < came; i++) {
			ck_assert_uint_eq(kept_sent[i].number, first + count++);
			ck_assert(
			    session_on_puback(session, kept_sent[i].packet_id));
		}
		fake_store_settle(&kept_store);
	}
	return count;
}

size_t
kept_rows(enum ipc_store_change_type type)
{
	return fake_store_count(&kept_store, type);
}

/* Everything but the kept_store dies and comes back. */
struct session *
kept_restart(struct session *session)
{
	struct bytes key = bytes_of(session->key, session->key_len);

	fake_store_die(&kept_store);
	fake_store_start(&kept_store, &kept_to.worker);
	fake_store_exchange(&kept_store);
	fake_store_settle(&kept_store);
	return session_find(&kept_to.worker, key);
}
