/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out, once a turn: as many packets in one record, and as many
 * records in one send, as there are.
 */
#include <sys/socket.h>

#include <errno.h>

#include "worker/connection.h"
#include "worker/connection_websocket.h"
#include "worker/handoff.h"
#include "worker/session.h"

/* What one connection may send in a turn before others get theirs. */
#define TURN_BYTES_MAX (1024 * 1024)

void
connection_mark_dirty(struct connection *connection)
{
	if (connection->is_dirty || connection->state == CONNECTION_CLOSED)
		return;
	connection->is_dirty = true;
	TAILQ_INSERT_TAIL(&connection->worker->dirty, connection, in_dirty);
}

void
connection_send(struct connection *connection, struct bytes packet)
{
	if (connection->maximum_packet_size != 0 &&
	    packet.len > connection->maximum_packet_size)
		return; /* [MQTT5-3.1.2-24] */
	connection->worker->child->counted[IPC_STATISTIC_PACKETS_SENT]++;
	outbox_push_packet(&connection->outbox, packet);
	connection_mark_dirty(connection);
}

void
connection_send_message(struct connection *connection, struct message *message,
    const struct message_delivery *delivery)
{
	connection->worker->child->counted[IPC_STATISTIC_PACKETS_SENT]++;
	connection->worker->waiting_bytes += message_bytes(message);
	outbox_push_message(&connection->outbox, message, delivery);
	connection_mark_dirty(connection);
}

bool
connection_has_room(const struct connection *connection, size_t bytes)
{
	size_t waiting = connection->outbox.bytes + connection->unsent.len;

	return waiting == 0 ||
	       waiting + bytes <=
		   connection->worker->config->limits.outbox_bytes;
}

/* Send what is protected. True if the socket took all of it. */
static bool
send_unsent(struct connection *connection)
{
	while (connection->unsent.len > 0) {
		ssize_t len = send(connection->fd, connection->unsent.data,
		    connection->unsent.len, MSG_NOSIGNAL);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0) {
			if (errno != EAGAIN)
				connection_abort(connection,
				    "connection-reset");
			return false;
		}
		buffer_consume(&connection->unsent, (size_t)len);
	}
	return true;
}

/* The same for the write buffer; what is not taken is kept as unsent. */
static bool
send_written(struct connection *connection, size_t len)
{
	const uint8_t *data = connection->worker->write_buffer;
	ssize_t sent;

	do
		sent = send(connection->fd, data, len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN) {
		connection_abort(connection, "connection-reset");
		return false;
	}
	if (sent < 0)
		sent = 0;
	buffer_append(&connection->unsent,
	    bytes_of(data + sent, len - (size_t)sent));
	return connection->unsent.len == 0;
}

/* What the next record carries; nothing if there is nothing to send. */
static struct bytes
take_output(struct connection *connection)
{
	struct worker *worker = connection->worker;
	size_t room = connection->records.state.send_max, taken;
	struct bytes direct;

	if (connection->websocket != NULL)
		return connection_wrap(connection, room);
	taken = outbox_take(&connection->outbox,
	    (enum mqtt_version)connection->version, worker_now_ms(worker),
	    worker->record_buffer, room, &direct);
	return direct.len > 0 ? direct : bytes_of(worker->record_buffer, taken);
}

/* Protect one record from the outbox; 0 if it is empty, or a negated alert. */
static int
write_record(struct connection *connection, uint8_t *out, size_t *len)
{
	struct bytes output;

	*len = 0;
	if (tls_records_owe(&connection->records))
		return tls_owed_protect(&connection->records, out, len);
	output = take_output(connection);
	if (output.len == 0)
		return 0;
	connection->worker->child
	    ->counted[IPC_STATISTIC_BYTES_SENT] += output.len;
	return tls_record_protect(&connection->records, output, out, len);
}

/* Fill the write buffer with records. False if there is nothing to send. */
static bool
write_records(struct connection *connection, size_t *written)
{
	size_t room = TLS_PLAINTEXT_MAX + TLS_PROTECT_OVERHEAD;

	*written = 0;
	while (*written + room <= CONNECTION_WRITE_MAX) {
		size_t len;
		int status = write_record(connection,
		    connection->worker->write_buffer + *written, &len);

		if (status < 0) {
			/* TLS 1.2 cannot change its keys (RFC 9325 s4.4). */
			connection_alert(connection, TLS_ALERT_CLOSE_NOTIFY,
			    "key-used-up");
			break;
		}
		if (len == 0)
			break;
		*written += len;
	}
	return *written > 0;
}

/* Say that nothing follows, behind all that was sent. */
static void
send_end(struct connection *connection)
{
	uint8_t alert[TLS_ALERT_MAX];
	size_t len;

	if (!connection->is_alert_sent) {
		connection->is_alert_sent = true;
		if (tls_alert_protect(&connection->records,
			(enum tls_alert)connection->closing_alert, alert,
			&len) == 0)
			buffer_append(&connection->unsent,
			    bytes_of(alert, len));
		if (!send_unsent(connection))
			return;
	}
	/* The peer reads to the end before its reset can overtake it. */
	shutdown(connection->fd, SHUT_WR);
	connection->state = CONNECTION_LINGERING;
}

/* Send until the socket or this turn's share is full. True if all is sent. */
static bool
send_all(struct connection *connection)
{
	size_t sent = 0, written;

	while (sent < TURN_BYTES_MAX && write_records(connection, &written)) {
		connection_touch(connection);
		if (!send_written(connection, written))
			return false;
		sent += written;
		if (connection->session != NULL)
			session_send_queued(connection->session);
	}
	return sent < TURN_BYTES_MAX;
}

void
connection_flush(struct connection *connection)
{
	connection->is_dirty = false;
	TAILQ_REMOVE(&connection->worker->dirty, connection, in_dirty);
	if (connection->state == CONNECTION_LINGERING)
		return;
	if (send_unsent(connection)) {
		if (!send_all(connection)) {
			if (connection->state != CONNECTION_CLOSED)
				connection_watch(connection);
			return;
		}
	}
	if (connection->state == CONNECTION_CLOSED)
		return;
	if (connection->state == CONNECTION_CLOSING &&
	    connection->unsent.len == 0)
		send_end(connection);
	if (connection->state == CONNECTION_MOVING)
		handoff_send(connection);
	connection_watch(connection);
}
