/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONNECT (3.1): where the session lives, whose it is, and what was agreed.
 */
#include "worker/handle_connect.h"

#include <sys/random.h>

#include <stdio.h>

#include "lib/memory.h"
#include "worker/connack.h"
#include "worker/handler.h"
#include "worker/heartbeat.h"
#include "worker/permission.h"
#include "worker/presence.h"
#include "worker/promise.h"
#include "worker/reason_string.h"
#include "worker/session.h"
#include "worker/throttle.h"

/* "signet-" and 16 hexadecimal digits, and the NUL of snprintf(). */
#define ASSIGNED_ID_LEN 23

/* A CONNACK with a reason and an empty block of properties. */
#define REFUSAL_LEN_MAX 8

/* A CONNECT that is being answered. */
struct opening {
	struct connection *connection;
	struct mqtt_connect connect;
	struct tls_peer peer;
	struct bytes client_id; /* the client's or the assigned one */
	bool is_assigned;
	char assigned[ASSIGNED_ID_LEN + 1];
	struct buffer key;
	struct buffer response_information;
	bool is_resumed;
	bool has_kept; /* something of the session is on its way to disk */
};

void
connect_refuse(struct connection *connection, enum mqtt_reason reason,
    const char *word)
{
	bool is_v5 = connection->version == MQTT_VERSION_5;
	uint8_t packet[CONNACK_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	struct mqtt_connack connack = {
		.reason = is_v5 ? (uint8_t)reason
				: (uint8_t)mqtt_return_code_of(reason),
	};

	reason_string_add(connection, reason, REFUSAL_LEN_MAX,
	    &connack.properties);
	send_encoded(connection,
	    mqtt_connack_encode((enum mqtt_version)connection->version,
		&connack, &writer),
	    &writer);
	connection_disconnect(connection, 0, word);
}

/*
 * A CONNECT that does not decode still gets an answer where there is a form to
 * give it in: in 5.0 for every fault (4.13.1), in 3.1.1 for some.
 */
static int
refuse_undecoded(struct connection *connection,
    const struct mqtt_connect *connect, int error)
{
	enum mqtt_reason reason = (enum mqtt_reason) - error;

	if (reason == MQTT_REASON_UNSUPPORTED_PROTOCOL_VERSION)
		/* [MQTT-3.1.2-2]; above 5 the answer is that of 5. */
		connection->version = connect->version >= MQTT_VERSION_5
					  ? MQTT_VERSION_5
					  : MQTT_VERSION_3_1_1;
	else if (connect->version == MQTT_VERSION_5 ||
		 reason == MQTT_REASON_CLIENT_IDENTIFIER_NOT_VALID)
		connection->version = (uint8_t)connect->version;
	else
		return error; /* [MQTT-3.1.4-1] */
	connect_refuse(connection, reason, mqtt_reason_name(reason));
	return 0;
}

static void
key_of(struct opening *opening)
{
	opening->key.len = 0;
	session_key_encode(opening->peer.identity, opening->client_id,
	    &opening->key);
}

/* Make a client identifier whose home is here [MQTT5-3.1.3-7]. */
static void
assign_client_id(struct opening *opening)
{
	struct worker *worker = opening->connection->worker;

	opening->is_assigned = true;
	do {
		uint64_t random;

		if (getrandom(&random, sizeof(random), 0) !=
		    (ssize_t)sizeof(random))
			panic("getrandom() gives what was there at start");
		snprintf(opening->assigned, sizeof(opening->assigned),
		    "signet-%016llx", (unsigned long long)random);
		opening->client_id = bytes_of_string(opening->assigned);
		key_of(opening);
	} while (!opening->connection->is_home &&
		 worker_home_of(worker, buffer_view(&opening->key)) !=
		     worker->child->index);
}

/* Does the session live on another worker? Then the connection goes there. */
static bool
lives_elsewhere(struct opening *opening)
{
	struct connection *connection = opening->connection;
	struct worker *worker = connection->worker;
	unsigned int home = worker_home_of(worker, buffer_view(&opening->key));

	if (connection->is_home || home == worker->child->index)
		return false;
	connection->home = (uint16_t)home;
	connection->state = CONNECTION_MOVING;
	return true;
}

/* MQTT 5.0, 3.1.3.2.3: what is said to be text is checked to be. */
static bool
will_is_malformed(const struct mqtt_connect *connect)
{
	const struct mqtt_properties *properties = &connect->will.properties;

	return connect->version == MQTT_VERSION_5 &&
	       mqtt_properties_have(properties,
		   MQTT_PROPERTY_PAYLOAD_FORMAT_INDICATOR) &&
	       properties->payload_format_indicator == 1 &&
	       !mqtt_utf8_is_valid(connect->will.payload);
}

static struct connack_terms
terms_of(const struct opening *opening)
{
	return (struct connack_terms){
		.config = opening->connection->worker->config,
		.connect = &opening->connect,
		.assigned_client_id = opening->is_assigned ? opening->client_id
							   : BYTES_NONE,
		.response_information = buffer_view(
		    &opening->response_information),
		.session_present = opening->is_resumed,
	};
}

/* Only where it is asked for [MQTT5-3.1.2-28], and where it fits. */
static void
set_response_information(struct opening *opening)
{
	const struct config *config = opening->connection->worker->config;
	const struct mqtt_properties *asked = &opening->connect.properties;
	struct buffer *out = &opening->response_information;
	struct connack_terms terms;

	if (opening->connect.version != MQTT_VERSION_5 ||
	    !mqtt_properties_have(asked,
		MQTT_PROPERTY_REQUEST_RESPONSE_INFORMATION) ||
	    asked->request_response_information == 0 ||
	    !response_information_append(config->sessions.response_information,
		opening->peer.identity, opening->client_id, out))
		return;
	terms = terms_of(opening);
	if (!connack_fits(&terms))
		out->len = 0;
}

/* What of a CONNECT this server cannot grant; SUCCESS if it can all of it. */
static enum mqtt_reason
check_connect(const struct opening *opening)
{
	const struct mqtt_connect *connect = &opening->connect;
	struct connack_terms terms = terms_of(opening);
	enum mqtt_reason reason;

	if (mqtt_properties_have(&connect->properties,
		MQTT_PROPERTY_AUTHENTICATION_METHOD))
		return MQTT_REASON_BAD_AUTHENTICATION_METHOD;
	reason = permission_connect(opening->connection, opening->peer.identity,
	    opening->client_id);
	if (reason != MQTT_REASON_SUCCESS)
		return reason;
	if (!connack_fits(&terms))
		return MQTT_REASON_PACKET_TOO_LARGE;
	if (!connect->has_will)
		return MQTT_REASON_SUCCESS;
	/* [MQTT5-3.2.2-12]; in 3.1.1 no client can know the maximum. */
	if (connect->version == MQTT_VERSION_5 &&
	    connect->will.qos > terms.config->sessions.maximum_qos)
		return MQTT_REASON_QOS_NOT_SUPPORTED;
	if (will_is_malformed(connect))
		return MQTT_REASON_PAYLOAD_FORMAT_INVALID;
	if (topic_level_count(connect->will.topic_name) >
	    opening->connection->worker->config->limits.topic_levels)
		return MQTT_REASON_TOPIC_NAME_INVALID;
	if (!permission_will(opening->connection, opening->peer.identity,
		opening->client_id, connect->will.topic_name,
		connect->will.retain))
		return MQTT_REASON_NOT_AUTHORIZED;
	return MQTT_REASON_SUCCESS;
}

static struct message *
will_message(const struct mqtt_will *will, const struct session *session)
{
	struct mqtt_writer writer = { .capacity = will->properties.raw.len };
	uint8_t max = (uint8_t)session->worker->config->sessions.maximum_qos;
	struct ipc_publish parts = {
		.qos = will->qos < max ? will->qos : max,
		.retain = will->retain,
		.publisher = session_publisher(session),
		.topic_name = will->topic_name,
		.payload = will->payload,
	};
	struct buffer forwarded = { .data = NULL };
	struct message *message;

	writer.data = buffer_reserve(&forwarded, writer.capacity);
	if (mqtt_properties_forward(&will->properties, &writer) != 0)
		panic("what is forwarded is not longer than what came");
	parts.properties = bytes_of(writer.data, writer.len);
	message = message_new(&parts);
	buffer_done(&forwarded);
	return message;
}

/* Another connection of the same session must go [MQTT-3.1.4-2]. */
static void
take_over(struct worker *worker, struct bytes key)
{
	struct session *old = session_find(worker, key);

	if (old != NULL && old->connection != NULL)
		connection_disconnect(old->connection,
		    MQTT_REASON_SESSION_TAKEN_OVER, "session-taken-over");
}

/* What the client can take on this connection. */
static void
set_client_bounds(struct session *session,
    const struct mqtt_properties *properties)
{
	uint32_t max = session->worker->config->sessions.max_inflight_messages;

	session->inflight_max = (uint16_t)max;
	if (mqtt_properties_have(properties, MQTT_PROPERTY_RECEIVE_MAXIMUM) &&
	    properties->receive_maximum < max)
		session->inflight_max = properties->receive_maximum;
}

static void
set_will(struct session *session, const struct mqtt_connect *connect)
{
	const struct mqtt_properties *properties = &connect->will.properties;
	struct session_will *will;

	if (!connect->has_will)
		return;
	will = session_will_new(will_message(&connect->will, session));
	will->expiry_seconds = properties->message_expiry_interval;
	will->has_expiry = mqtt_properties_have(properties,
	    MQTT_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
	will->delay_seconds = mqtt_properties_have(properties,
				  MQTT_PROPERTY_WILL_DELAY_INTERVAL)
				  ? properties->will_delay_interval
				  : 0;
	session->state.will = will;
}

/*
 * The session of this key: the one that is there, unless the client wants a
 * new one [MQTT-3.1.2-4, -6], [MQTT5-3.1.2-4, -5].
 */
static void
open_session(struct opening *opening)
{
	const struct mqtt_connect *connect = &opening->connect;
	struct worker *worker = opening->connection->worker;
	struct bytes key = buffer_view(&opening->key);
	struct session *session;

	take_over(worker, key);
	session = session_find(worker, key);
	opening->has_kept = session != NULL &&
			    session->number != IPC_STORE_NONE;
	if (session != NULL &&
	    (connect->clean_start || session_is_over(session))) {
		presence_session_ends(session,
		    connect->clean_start ? "clean-start" : "expired");
		session_end(session);
		session = NULL;
	}
	opening->is_resumed = session != NULL;
	if (session == NULL)
		session = session_new(worker, key);
	/* Until its client knows of it nothing is sent, and nothing is read of
	 * what waits for it: not all of that is on disk yet. */
	opening->connection->waits_connack = true;
	session_attach(session, opening->connection);
	session_set_expiry(session, connack_expiry_wanted(connect));
	set_client_bounds(session, &connect->properties);
	set_will(session, connect);
	opening->connection->session = session;
	opening->connection->is_resuming = opening->is_resumed;
	if (opening->is_resumed)
		(void)permission_withdraw(opening->connection);
	session_keep(session);
	if (session->number != IPC_STORE_NONE)
		opening->has_kept = true;
}

static void
send_connack(const struct opening *opening)
{
	struct connack_terms terms = terms_of(opening);
	uint8_t packet[CONNACK_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };

	connack_encode(&terms, &writer);
	if (opening->has_kept) {
		promise_connack(opening->connection,
		    bytes_of(packet, writer.len));
		return;
	}
	opening->connection->waits_connack = false;
	connection_send(opening->connection, bytes_of(packet, writer.len));
	heartbeat_resume(opening->connection);
}

static void
log_connected(const struct opening *opening)
{
	const struct tls_state *state = &opening->connection->records.state;

	log_info(log_id("session", opening->connection->id),
	    log_word("event", "connected"),
	    log_text("identity", opening->peer.identity),
	    log_text("client_id", opening->client_id),
	    log_address("peer",
		(const struct sockaddr *)&opening->peer.address),
	    log_word("mqtt",
		opening->connect.version == MQTT_VERSION_5 ? "5" : "3.1.1"),
	    log_word("transport",
		opening->connection->websocket != NULL ? "websocket" : "tcp"),
	    log_word("tls", tls_version_name(state->version)),
	    log_word("cipher", tls_cipher_suite_name(state->cipher_suite)),
	    log_word("handshake",
		opening->peer.is_resumed ? "resumed" : "full"));
}

/* [MQTT5-3.1.2-26], [MQTT5-3.1.2-27]: as many as the client takes. */
static void
use_aliases(const struct opening *opening)
{
	const struct mqtt_properties *properties = &opening->connect.properties;
	struct connection *connection = opening->connection;
	uint32_t max = connection->worker->config->sessions
			   .outgoing_topic_aliases;

	if (connection->version != MQTT_VERSION_5 ||
	    !mqtt_properties_have(properties,
		MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM))
		return;
	if (properties->topic_alias_maximum < max)
		max = properties->topic_alias_maximum;
	if (max > 0)
		outbox_use_aliases(&connection->outbox, (uint16_t)max,
		    connection->maximum_packet_size);
}

static void
open_connection(struct opening *opening)
{
	struct connection *connection = opening->connection;
	struct connack_terms terms = terms_of(opening);

	open_session(opening);
	throttle_renew(connection);
	use_aliases(opening);
	connection->state = CONNECTION_OPEN;
	connection->keep_alive_seconds = connack_keep_alive(&terms);
	connection_set_deadline(connection,
	    connection->keep_alive_seconds > 0
		? (uint64_t)connection->keep_alive_seconds * 1500
		: UINT64_MAX);
	log_connected(opening);
	trust_warn(connection);
	presence_online(connection);
	send_connack(opening);
	session_send_queued(connection->session);
}

/* A CONNECT whose home is here. */
static void
answer_connect(struct opening *opening)
{
	struct connection *connection = opening->connection;
	enum mqtt_reason reason;

	permission_load(connection);
	connection_take_terms(connection);
	set_response_information(opening);
	reason = check_connect(opening);
	connection->worker->child->counted[IPC_STATISTIC_CONNECTS]++;
	if (reason == MQTT_REASON_SUCCESS)
		open_connection(opening);
	else
		connect_refuse(connection, reason, mqtt_reason_name(reason));
}

/* What the client wants of each packet, the first one included. */
static void
set_packet_wishes(struct connection *connection,
    const struct mqtt_connect *connect)
{
	const struct mqtt_properties *properties = &connect->properties;

	if (connect->version != MQTT_VERSION_5)
		return;
	if (mqtt_properties_have(properties, MQTT_PROPERTY_MAXIMUM_PACKET_SIZE))
		connection->maximum_packet_size = properties
						      ->maximum_packet_size;
	connection
	    ->wants_reasons = !mqtt_properties_have(properties,
				  MQTT_PROPERTY_REQUEST_PROBLEM_INFORMATION) ||
			      properties->request_problem_information != 0;
}

int
handle_connect(struct connection *connection, const struct mqtt_frame *frame)
{
	struct opening opening = { .connection = connection };
	int error = mqtt_connect_decode(frame, &opening.connect);

	if (error != 0)
		return refuse_undecoded(connection, &opening.connect, error);
	connection->version = (uint8_t)opening.connect.version;
	set_packet_wishes(connection, &opening.connect);
	connection_peer(connection, &opening.peer);
	opening.client_id = opening.connect.client_id;
	if (opening.client_id.len == 0)
		assign_client_id(&opening);
	key_of(&opening);
	if (!lives_elsewhere(&opening))
		answer_connect(&opening);
	buffer_done(&opening.response_information);
	buffer_done(&opening.key);
	return 0;
}
