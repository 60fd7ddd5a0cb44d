/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way in: socket, record, packet, handler. What is not whole yet, or may
 * not be used yet, stays with the connection.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "worker/connection.h"
#include "worker/connection_websocket.h"
#include "worker/handoff.h"
#include "worker/reason_string.h"
#include "worker/throttle.h"

/* Room for a packet is made when this part of it is here. */
#define PACKET_ROOM_SHARE 8

static bool
takes_packets(const struct connection *connection)
{
	return connection->state == CONNECTION_OPENING ||
	       (connection->state == CONNECTION_OPEN && !connection->is_held &&
		   !connection->waits_connack && !connection->is_throttled);
}

/* What a client is told of a packet that ends it; NULL: as of any other. */
static const char *
fault_of_packet(enum mqtt_reason reason)
{
	switch (reason) {
	case MQTT_REASON_MALFORMED_PACKET:
		return "not in the form that MQTT 5.0 gives it";
	case MQTT_REASON_PROTOCOL_ERROR:
		return "not allowed by MQTT 5.0 here, or not with these fields";
	default:
		return NULL;
	}
}

/* End a connection for what it sent: in 5.0 the client is told why. */
static void
refuse_packet(struct connection *connection, unsigned int type,
    enum mqtt_reason reason)
{
	const char *fault = fault_of_packet(reason);
	char text[REASON_STRING_MAX + 1];

	if (fault != NULL)
		snprintf(text, sizeof(text), "%s: %s",
		    mqtt_packet_type_name(type), fault);
	connection_disconnect_saying(connection, reason,
	    fault == NULL ? NULL : text, mqtt_reason_name(reason));
}

/*
 * Others are held back for a full queue: so that each of them does not add one
 * more message to it, whoever comes to publish waits with them.
 */
static bool
has_to_wait(struct connection *connection, const struct mqtt_frame *frame)
{
	struct worker *worker = connection->worker;

	return frame->type == MQTT_PUBLISH &&
	       connection->state == CONNECTION_OPEN &&
	       !TAILQ_EMPTY(&worker->held) && worker_is_congested(worker);
}

/* Handle the packets at the front of input; returns how far they reach. */
static size_t
take_packets(struct connection *connection, struct bytes input)
{
	uint32_t max = connection->terms.packet_bytes;
	size_t taken = 0;

	while (taken < input.len && takes_packets(connection)) {
		struct bytes rest = bytes_skip(input, taken);
		struct mqtt_frame frame;
		int status;

		/* [MQTT-3.1.0-1]: known by its first byte, before the rest. */
		if (connection->state == CONNECTION_OPENING &&
		    rest.data[0] >> 4 != MQTT_CONNECT) {
			connection_disconnect(connection, 0,
			    "first-packet-not-connect");
			break;
		}
		status = mqtt_frame_decode(rest, max, &frame);
		if (status == MQTT_NEED_MORE) {
			connection->packet_len = (uint32_t)frame.len;
			break;
		}
		connection->packet_len = 0;
		if (status == 0 && has_to_wait(connection, &frame)) {
			connection_hold(connection);
			break;
		}
		connection->is_packet_alone = status == 0 &&
					      input.data ==
						  connection->plaintext.data &&
					      frame.len ==
						  connection->plaintext.len;
		if (status == 0)
			status = connection_dispatch(connection, &frame);
		if (status < 0)
			refuse_packet(connection, rest.data[0] >> 4,
			    (enum mqtt_reason) - status);
		if (connection->state == CONNECTION_MOVING)
			break; /* CONNECT is for the worker of its home */
		taken += status == 0 ? frame.len : 0;
		if (connection->throttle != NULL && status == 0)
			throttle_count(connection, &frame);
		connection->worker->child
		    ->counted[IPC_STATISTIC_PACKETS_RECEIVED]++;
	}
	return taken;
}

/*
 * Make room for the rest of a packet in one piece, once a part of it is here
 * that its sender had to pay for: what we allocate is at most a few times what
 * we got.
 */
static void
make_room(struct connection *connection)
{
	struct buffer *kept = &connection->plaintext;
	size_t wanted = connection->packet_len;

	if (wanted > kept->len && wanted / PACKET_ROOM_SHARE <= kept->len)
		buffer_reserve(kept, wanted - kept->len + TLS_PROTECT_OVERHEAD);
}

/* Take the packets of what is kept. */
static void
take_kept(struct connection *connection)
{
	struct buffer *kept = &connection->plaintext;
	size_t taken = take_packets(connection, buffer_view(kept));

	/* nothing is left of it if a message has taken the memory */
	if (connection->state <= CONNECTION_OPEN && kept->data != NULL) {
		buffer_consume(kept, taken);
		make_room(connection);
	}
}

static void
take_stream(struct connection *connection, struct bytes plaintext)
{
	struct buffer *kept = &connection->plaintext;
	size_t taken;

	if (kept->len > 0) {
		buffer_append(kept, plaintext);
		take_kept(connection);
		return;
	}
	taken = take_packets(connection, plaintext);
	if (connection->state > CONNECTION_OPEN || taken == plaintext.len)
		return;
	buffer_append(kept, bytes_skip(plaintext, taken));
	make_room(connection);
}

/* Plain MQTT is known by its first byte; it is not looked at twice. */
static void
take_plaintext(struct connection *connection, struct bytes plaintext)
{
	struct bytes stream;

	if (connection->websocket == NULL &&
	    !connection_begins_websocket(connection, plaintext)) {
		take_stream(connection, plaintext);
		return;
	}
	if (!connection_unwrap(connection, plaintext, &stream))
		return;
	take_stream(connection, stream);
	if (takes_packets(connection))
		connection_end_websocket(connection);
}

/* The record layer has ended the connection. */
static void
end_records(struct connection *connection, int status, uint8_t alert)
{
	if (status == TLS_CLOSE_NOTIFY)
		connection_disconnect(connection, 0, "closed-by-peer");
	else if (status == TLS_FATAL_ALERT)
		connection_abort(connection, tls_alert_name(alert));
	else
		connection_alert(connection, (enum tls_alert) - status,
		    tls_alert_name((unsigned int)-status));
}

/*
 * Take the record at the front of data: behind the part of a packet that is
 * kept, or else in place.
 */
static int
take_record(struct connection *connection, uint8_t *data, size_t len,
    struct tls_record *record)
{
	struct buffer *kept = &connection->plaintext;
	bool is_rest = kept->len > 0 && connection->websocket == NULL;
	int status = is_rest ? tls_record_deprotect_to(&connection->records,
				   data, len, kept, record)
			     : tls_record_deprotect(&connection->records, data,
				   len, record);

	if (status != 0)
		return status;
	connection->worker->child
	    ->counted[IPC_STATISTIC_BYTES_RECEIVED] += record->plaintext.len;
	if (record->plaintext.len == 0)
		return 0;
	if (is_rest)
		take_kept(connection);
	else
		take_plaintext(connection, record->plaintext);
	return 0;
}

/* Take the records in data; keep what may not be taken yet. */
static void
take_records(struct connection *connection, uint8_t *data, size_t len)
{
	size_t taken = 0;

	while (taken < len && takes_packets(connection)) {
		struct tls_record record = { .len = 0 };
		int status = take_record(connection, data + taken, len - taken,
		    &record);

		if (status == TLS_NEED_MORE)
			break;
		if (status != 0) {
			end_records(connection, status, record.alert);
			return;
		}
		taken += record.len;
	}
	if (connection->state <= CONNECTION_OPEN && taken < len)
		buffer_append(&connection->ciphertext,
		    bytes_of(data + taken, len - taken));
	if (tls_records_owe(&connection->records))
		connection_mark_dirty(connection);
	if (connection->state == CONNECTION_MOVING)
		handoff_send(connection);
}

/* Move what is kept into the read buffer; returns its length. */
static size_t
fetch_ciphertext(struct connection *connection)
{
	size_t len = connection->ciphertext.len;

	if (len > 0)
		memcpy(connection->worker->read_buffer,
		    connection->ciphertext.data, len);
	connection->ciphertext.len = 0;
	return len;
}

/* After our end: whatever still comes is dropped until the peer's end. */
static void
receive_nothing(struct connection *connection)
{
	ssize_t len = recv(connection->fd, connection->worker->read_buffer,
	    CONNECTION_READ_MAX, 0);

	if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
		connection_abort(connection, "closed-by-peer");
}

void
connection_receive(struct connection *connection)
{
	struct worker *worker = connection->worker;
	size_t kept;
	ssize_t len;

	if (connection->state >= CONNECTION_CLOSING) {
		if (connection->state != CONNECTION_CLOSED)
			receive_nothing(connection);
		return;
	}
	kept = connection->ciphertext.len;
	len = recv(connection->fd, worker->read_buffer + kept,
	    CONNECTION_READ_MAX, 0);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		/* no close_notify: cut off (RFC 8446 s6.1) */
		connection_abort(connection,
		    len == 0 ? "truncated-by-peer" : "connection-reset");
		return;
	}
	connection_touch(connection);
	fetch_ciphertext(connection);
	take_records(connection, worker->read_buffer, kept + (size_t)len);
	connection_watch(connection);
}

void
connection_resume(struct connection *connection)
{
	struct worker *worker = connection->worker;
	size_t len;

	if (connection->is_held) {
		connection->is_held = false;
		TAILQ_REMOVE(&worker->held, connection, in_held);
	}
	if (connection->plaintext.len > 0 || connection->websocket != NULL)
		take_plaintext(connection, BYTES_NONE);
	if (connection->state == CONNECTION_MOVING)
		handoff_send(connection);
	if (!takes_packets(connection)) {
		connection_watch(connection);
		return;
	}
	len = fetch_ciphertext(connection);
	take_records(connection, worker->read_buffer, len);
	connection_watch(connection);
}
