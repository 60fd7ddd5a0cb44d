/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/connection.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/memory.h"
#include "worker/connection_websocket.h"
#include "worker/handle_connect.h"
#include "worker/heartbeat.h"
#include "worker/permission.h"
#include "worker/presence.h"
#include "worker/promise.h"
#include "worker/reason_string.h"
#include "worker/retention.h"
#include "worker/session.h"
#include "worker/throttle.h"

/* How long the peer may take to close after our end (ms). */
#define LINGER_MS 2000

/* What may wait for a client besides messages, before we stop to read. */
#define CONTROL_BYTES_MAX   65536
#define WAITING_SUBACKS_MAX 16

/*
 * Messages of so many bytes leave before more is received: while the processor
 * has them in its cache, and so that the next ones use the same memory.
 */
#define WAITING_BYTES_MAX 131072

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct connection *connection = handle->data;
	struct worker *worker = connection->worker;

	if (status < 0) {
		connection_abort(connection, "socket-error");
		return;
	}
	if (events & UV_WRITABLE)
		connection_mark_dirty(connection);
	if (events & UV_READABLE)
		connection_receive(connection);
	if (worker->waiting_bytes >= WAITING_BYTES_MAX)
		worker_flush(worker);
}

static void
connection_keep_peer(struct connection *connection, const struct tls_peer *peer)
{
	struct buffer *scratch = &connection->worker->scratch;

	scratch->len = 0;
	tls_peer_encode(peer, scratch);
	connection->id = peer->id;
	connection->not_after = peer->not_after;
	connection->identity_kind = peer->identity_kind;
	connection->peer = memory_copy(buffer_view(scratch));
	connection->peer_len = (uint32_t)scratch->len;
}

struct connection *
connection_new(struct worker *worker, int fd,
    const struct tls_handover *handover)
{
	struct connection *connection = memory_new(1, sizeof(*connection));

	if (tls_records_init(&connection->records, &handover->state) != 0 ||
	    uv_poll_init(&worker->child->loop, &connection->poll, fd) != 0) {
		tls_records_done(&connection->records);
		free(connection);
		close(fd);
		return NULL;
	}
	connection->poll.data = connection;
	connection->worker = worker;
	connection->fd = fd;
	connection->state = CONNECTION_OPENING;
	connection->received_ms = worker_now_ms(worker);
	connection_keep_peer(connection, &handover->peer);
	connection_take_terms(connection);
	worker->connection_count++;
	TAILQ_INSERT_TAIL(&worker->connections, connection, in_all);
	sources_begin(connection);
	connection_set_deadline(connection,
	    (uint64_t)worker->config->limits.connect_seconds * 1000);
	return connection;
}

void
connection_take_terms(struct connection *connection)
{
	const struct config *config = connection->worker->config;

	connection->terms = (struct connection_terms){
		.packet_bytes = config->limits.packet_bytes,
		.receive_maximum = (uint16_t)config->sessions.receive_maximum,
		.topic_alias_maximum = (uint16_t)
					   config->sessions.topic_alias_maximum,
		.maximum_qos = (uint8_t)config->sessions.maximum_qos,
	};
}

static void
on_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	buffer_done(&connection->ciphertext);
	buffer_done(&connection->plaintext);
	free(connection->peer);
	free(connection);
}

/* Leave every list; the loop frees the rest. */
static void
connection_leave(struct connection *connection)
{
	struct worker *worker = connection->worker;

	connection->state = CONNECTION_CLOSED;
	promise_forget(connection);
	interest_forget(worker, connection);
	retention_forget(worker, connection);
	deadline_clear(&connection->deadline);
	trust_forget(worker, connection);
	review_forget(worker, connection);
	TAILQ_REMOVE(&worker->connections, connection, in_all);
	sources_end(connection);
	if (connection->is_dirty)
		TAILQ_REMOVE(&worker->dirty, connection, in_dirty);
	if (connection->is_active)
		TAILQ_REMOVE(&worker->active, connection, in_active);
	if (connection->is_held)
		TAILQ_REMOVE(&worker->held, connection, in_held);
	if (connection->is_homeless)
		TAILQ_REMOVE(&worker->homeless, connection, in_held);
	/* The input stays: a handler may be reading the packet in it. */
	tls_records_done(&connection->records);
	buffer_done(&connection->unsent);
	outbox_done(&connection->outbox);
	acks_done(connection);
	topic_aliases_done(&connection->aliases);
	connection_websocket_free(&connection->websocket);
	throttle_free(connection);
	heartbeat_free(&connection->heartbeat);
	permission_unload(connection);
	worker->connection_count--;
	worker->hole_count++;
	uv_close((uv_handle_t *)&connection->poll, on_closed);
}

int
connection_release(struct connection *connection)
{
	int fd = connection->fd;

	/* uv_close() takes the socket out of the loop's set at once; epoll
	 * would go on to report it as long as it is open anywhere. */
	connection_leave(connection);
	return fd;
}

/* The session's connection is over: publish the will, log, free. */
static void
connection_end_session(struct connection *connection, bool keeps_will,
    const char *word)
{
	struct session *session = connection->session;
	struct worker *worker = connection->worker;
	struct presence_end end;

	if (connection->state == CONNECTION_OPEN)
		log_info(log_id("session", connection->id),
		    log_word("event", "closed"), log_word("reason", word),
		    log_text("identity", session_identity(session)),
		    log_text("client_id", session_client_id(session)),
		    log_number("dropped", (int64_t)session->dropped),
		    log_number("throttled", throttle_times(connection)));
	else if (connection->state <= CONNECTION_MOVING)
		log_info(log_id("session", connection->id),
		    log_word("event", "closed"), log_word("reason", word));
	promise_forget(connection);
	interest_forget(worker, connection);
	retention_forget(worker, connection);
	/* One that is stopping says so, as long as somebody asks. */
	if (!worker->is_stopping)
		heartbeat_free(&connection->heartbeat);
	connection->session = NULL;
	if (session == NULL)
		return;
	presence_end_begin(session, &end);
	session_detach(session, keeps_will);
	presence_end_done(worker, &end, word);
}

void
connection_abort(struct connection *connection, const char *word)
{
	if (connection->state == CONNECTION_CLOSED)
		return;
	connection_end_session(connection, !connection->worker->is_stopping,
	    word);
	close(connection_release(connection));
}

/* What is still to be sent goes out, then the end of it. */
static void
connection_close(struct connection *connection, enum tls_alert alert)
{
	connection->state = CONNECTION_CLOSING;
	connection->closing_alert = (uint8_t)alert;
	connection_set_deadline(connection, LINGER_MS);
	connection_mark_dirty(connection);
}

/* A DISCONNECT with a reason and an empty block of properties. */
#define DISCONNECT_LEN_MAX 8

static void
send_disconnect(struct connection *connection, enum mqtt_reason reason,
    const char *text)
{
	uint8_t packet[DISCONNECT_LEN_MAX + REASON_STRING_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	struct mqtt_disconnect disconnect = { .reason = (uint8_t)reason };

	if (text == NULL)
		reason_string_add(connection, reason, DISCONNECT_LEN_MAX,
		    &disconnect.properties);
	else
		reason_string_add_text(connection, text, DISCONNECT_LEN_MAX,
		    &disconnect.properties);
	if (mqtt_disconnect_encode(MQTT_VERSION_5, MQTT_DISCONNECT, &disconnect,
		&writer) == 0)
		connection_send(connection, bytes_of(packet, writer.len));
}

void
connection_disconnect(struct connection *connection, enum mqtt_reason reason,
    const char *word)
{
	connection_disconnect_saying(connection, reason, NULL, word);
}

void
connection_disconnect_saying(struct connection *connection,
    enum mqtt_reason reason, const char *text, const char *word)
{
	if (connection->state >= CONNECTION_CLOSING)
		return;
	if (connection->state == CONNECTION_OPEN)
		outbox_drop_waiting(&connection->outbox);
	/* No DISCONNECT before CONNACK [MQTT5-3.14.0-1]. */
	if (connection->state == CONNECTION_OPEN &&
	    !connection->waits_connack &&
	    connection->version == MQTT_VERSION_5 && reason != 0)
		send_disconnect(connection, reason, text);
	connection_websocket_closes(connection, reason);
	connection_end_session(connection, !connection->worker->is_stopping,
	    word);
	connection_close(connection, TLS_ALERT_CLOSE_NOTIFY);
}

void
connection_alert(struct connection *connection, enum tls_alert alert,
    const char *word)
{
	if (connection->state >= CONNECTION_CLOSING)
		return;
	connection_end_session(connection, true, word);
	outbox_done(&connection->outbox);
	connection_websocket_free(&connection->websocket);
	connection_close(connection, alert);
}

void
connection_disconnected(struct connection *connection, bool keeps_will)
{
	connection_end_session(connection, keeps_will, "disconnected");
	connection_close(connection, TLS_ALERT_CLOSE_NOTIFY);
}

void
connection_peer(const struct connection *connection, struct tls_peer *peer)
{
	if (tls_peer_decode(bytes_of(connection->peer, connection->peer_len),
		peer) != 0)
		panic("what tls_peer_encode() wrote can be decoded");
}

void
connection_set_deadline(struct connection *connection, uint64_t in_ms)
{
	if (connection->state < CONNECTION_CLOSING)
		in_ms = trust_deadline_ms(connection, in_ms);
	deadline_set(&connection->worker->deadlines, &connection->deadline,
	    worker_now_ms(connection->worker) + in_ms);
}

bool
connection_is_held_back(const struct connection *connection)
{
	return connection->is_held || connection->waits_connack ||
	       connection->is_throttled || acks_is_full(connection);
}

/* One and a half Keep Alives without a packet [MQTT-3.1.2-24]. */
static void
keep_alive_due(struct connection *connection)
{
	uint64_t allowed_ms = (uint64_t)connection->keep_alive_seconds * 1500;
	uint64_t silent_ms = worker_now_ms(connection->worker) -
			     connection->received_ms;

	if (allowed_ms == 0) {
		connection_set_deadline(connection, UINT64_MAX);
		return;
	}
	if (connection_is_held_back(connection))
		connection_set_deadline(connection, allowed_ms);
	else if (silent_ms >= allowed_ms)
		connection_disconnect(connection,
		    MQTT_REASON_KEEP_ALIVE_TIMEOUT, "keep-alive-timeout");
	else
		connection_set_deadline(connection, allowed_ms - silent_ms);
}

void
connection_due(struct connection *connection)
{
	if (trust_due(connection))
		return;
	switch (connection->state) {
	case CONNECTION_OPENING:
		connection_disconnect(connection, 0, "connect-timeout");
		break;
	case CONNECTION_MOVING:
		connect_refuse(connection, MQTT_REASON_SERVER_UNAVAILABLE,
		    "home-unavailable");
		break;
	case CONNECTION_OPEN:
		keep_alive_due(connection);
		break;
	default:
		connection_abort(connection, "linger-timeout");
	}
}

void
connection_touch(struct connection *connection)
{
	struct worker *worker = connection->worker;

	connection->active_ms = worker_now_ms(worker);
	if (connection->is_active)
		TAILQ_REMOVE(&worker->active, connection, in_active);
	connection->is_active = true;
	TAILQ_INSERT_TAIL(&worker->active, connection, in_active);
}

void
connection_rest(struct connection *connection)
{
	tls_records_rest(&connection->records);
	outbox_rest(&connection->outbox);
	acks_rest(connection);
	if (connection->plaintext.len == 0)
		buffer_done(&connection->plaintext);
	if (connection->ciphertext.len == 0)
		buffer_done(&connection->ciphertext);
	if (connection->unsent.len == 0)
		buffer_done(&connection->unsent);
	if (connection->session != NULL)
		session_rest(connection->session);
}

static bool
connection_wants_input(const struct connection *connection)
{
	if (connection->state == CONNECTION_MOVING || connection->is_held ||
	    connection->waits_connack || connection->is_throttled)
		return false;
	if (connection_websocket_waits(connection) &&
	    connection->websocket->stream.output.len >= CONTROL_BYTES_MAX)
		return false;
	return connection->outbox.control_bytes < CONTROL_BYTES_MAX &&
	       connection->waiting_subacks < WAITING_SUBACKS_MAX &&
	       !acks_is_full(connection);
}

void
connection_watch(struct connection *connection)
{
	int events = 0;

	if (connection->state == CONNECTION_CLOSED)
		return;
	if (connection_wants_input(connection))
		events |= UV_READABLE;
	if (connection->unsent.len > 0 ||
	    (!connection->is_dirty &&
		(!outbox_is_empty(&connection->outbox) ||
		    connection_websocket_waits(connection))))
		events |= UV_WRITABLE;
	if (events == connection->events)
		return;
	connection->events = (uint8_t)events;
	/* With no events the socket stays unwatched until the next call. */
	if (events == 0)
		uv_poll_stop(&connection->poll);
	else
		uv_poll_start(&connection->poll, events, on_poll);
}

void
connection_hold(struct connection *connection)
{
	if (connection->is_held || connection->state > CONNECTION_OPEN)
		return;
	connection->is_held = true;
	TAILQ_INSERT_TAIL(&connection->worker->held, connection, in_held);
}
