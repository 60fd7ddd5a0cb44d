/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONNECT (3.1): where the session lives, whose it is, and what was agreed.
 */
#include "worker/handle_connect.h"

#include <sys/random.h>

#include <stdio.h>

#include "lib/memory.h"
#include "worker/handler.h"
#include "worker/session.h"

/* "signet-" and 16 hexadecimal digits, and the NUL of snprintf(). */
#define ASSIGNED_ID_LEN 23

/* Properties of a CONNACK, the Assigned Client Identifier among them. */
#define CONNACK_MAX 256

/* A CONNECT that is being answered. */
struct opening {
	struct connection *connection;
	struct mqtt_connect connect;
	struct tls_peer peer;
	struct bytes client_id; /* the client's or the assigned one */
	bool is_assigned;
	char assigned[ASSIGNED_ID_LEN + 1];
	struct buffer key;
	bool is_resumed;
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

/* What of a CONNECT this server cannot grant; SUCCESS if it can all of it. */
static enum mqtt_reason
check_connect(const struct opening *opening, const struct rights *rights)
{
	const struct mqtt_connect *connect = &opening->connect;

	if (mqtt_properties_have(&connect->properties,
		MQTT_PROPERTY_AUTHENTICATION_METHOD))
		return MQTT_REASON_BAD_AUTHENTICATION_METHOD;
	if (!connect->has_will)
		return MQTT_REASON_SUCCESS;
	if (will_is_malformed(connect))
		return MQTT_REASON_PAYLOAD_FORMAT_INVALID;
	if (topic_level_count(connect->will.topic_name) >
	    opening->connection->worker->config->limits.topic_levels)
		return MQTT_REASON_TOPIC_NAME_INVALID;
	if (!rights_may_publish(rights, opening->peer.identity,
		opening->client_id, connect->will.topic_name, NULL)) {
		log_denied(opening->connection, "will",
		    connect->will.topic_name);
		return MQTT_REASON_NOT_AUTHORIZED;
	}
	return MQTT_REASON_SUCCESS;
}

static struct message *
will_new(const struct mqtt_will *will, const struct session *session)
{
	struct mqtt_writer writer = { .capacity = will->properties.raw.len };
	struct ipc_publish parts = {
		.qos = will->qos,
		.retain = will->retain,
		.publisher = session->id,
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

static uint16_t
keep_alive_of(const struct opening *opening)
{
	uint32_t max = opening->connection->worker->config->limits
			   .max_keep_alive_seconds;
	uint16_t wanted = opening->connect.keep_alive;

	if (max != 0 && (wanted == 0 || wanted > max))
		return (uint16_t)max;
	return wanted;
}

/* How long the session is to outlive the connection. */
static uint32_t
expiry_of(const struct mqtt_connect *connect)
{
	if (connect->version != MQTT_VERSION_5) /* MQTT 5.0, 3.1.2.11.2 */
		return connect->clean_start ? 0 : SESSION_EXPIRY_NEVER;
	return mqtt_properties_have(&connect->properties,
		   MQTT_PROPERTY_SESSION_EXPIRY_INTERVAL)
		   ? connect->properties.session_expiry_interval
		   : 0;
}

/* What the client can take on this connection. */
static void
set_client_bounds(struct session *session,
    const struct mqtt_properties *properties)
{
	uint32_t max = session->worker->config->sessions.max_inflight_messages;

	session->inflight_max = (uint16_t)max;
	session->maximum_packet_size = 0;
	if (mqtt_properties_have(properties, MQTT_PROPERTY_RECEIVE_MAXIMUM) &&
	    properties->receive_maximum < max)
		session->inflight_max = properties->receive_maximum;
	if (mqtt_properties_have(properties, MQTT_PROPERTY_MAXIMUM_PACKET_SIZE))
		session->maximum_packet_size = properties->maximum_packet_size;
}

static void
set_will(struct session *session, const struct mqtt_connect *connect)
{
	const struct mqtt_properties *properties = &connect->will.properties;

	if (!connect->has_will)
		return;
	session->will = will_new(&connect->will, session);
	session->will_delay_seconds = mqtt_properties_have(properties,
					  MQTT_PROPERTY_WILL_DELAY_INTERVAL)
					  ? properties->will_delay_interval
					  : 0;
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
	if (session != NULL && connect->clean_start) {
		session_end(session);
		session = NULL;
	}
	opening->is_resumed = session != NULL;
	if (session == NULL)
		session = session_new(worker, opening->peer.identity, key);
	session_attach(session, opening->connection);
	session_set_expiry(session, expiry_of(connect));
	set_client_bounds(session, &connect->properties);
	set_will(session, connect);
	opening->connection->session = session;
}

/* What this server does and does not (MQTT 5.0, 3.2.2.3). */
static void
set_connack_properties(const struct opening *opening,
    struct mqtt_properties *properties)
{
	const struct config *config = opening->connection->worker->config;

	properties->receive_maximum = (uint16_t)
					  config->sessions.receive_maximum;
	mqtt_properties_mark(properties, MQTT_PROPERTY_RECEIVE_MAXIMUM);
	if (config->sessions.topic_alias_maximum > 0) {
		properties->topic_alias_maximum = (uint16_t)config->sessions
						      .topic_alias_maximum;
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM);
	}
	properties->shared_subscription_available = 0;
	mqtt_properties_mark(properties,
	    MQTT_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE);
	properties->maximum_packet_size = config->limits.packet_bytes;
	mqtt_properties_mark(properties, MQTT_PROPERTY_MAXIMUM_PACKET_SIZE);
	if (opening->is_assigned) {
		properties->assigned_client_identifier = opening->client_id;
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER);
	}
	if (keep_alive_of(opening) != opening->connect.keep_alive) {
		properties->server_keep_alive = keep_alive_of(opening);
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_SERVER_KEEP_ALIVE);
	}
	/* [MQTT5-3.2.2-18]: said where it is not what was asked for. */
	if (opening->connection->session->expiry_seconds !=
	    expiry_of(&opening->connect)) {
		properties->session_expiry_interval =
		    opening->connection->session->expiry_seconds;
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_SESSION_EXPIRY_INTERVAL);
	}
}

static void
send_connack(const struct opening *opening)
{
	uint8_t packet[CONNACK_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	struct mqtt_connack connack = {
		.session_present = opening->is_resumed, /* [MQTT-3.2.2-2] */
	};

	if (opening->connect.version == MQTT_VERSION_5)
		set_connack_properties(opening, &connack.properties);
	send_encoded(opening->connection,
	    mqtt_connack_encode(opening->connect.version, &connack, &writer),
	    &writer);
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
	    log_word("tls", tls_version_name(state->version)),
	    log_word("cipher", tls_cipher_suite_name(state->cipher_suite)));
}

static void
open_connection(struct opening *opening)
{
	struct connection *connection = opening->connection;

	open_session(opening);
	connection->state = CONNECTION_OPEN;
	connection->keep_alive_seconds = keep_alive_of(opening);
	deadline_clear(&connection->deadline);
	if (connection->keep_alive_seconds > 0)
		connection_set_deadline(connection,
		    (uint64_t)connection->keep_alive_seconds * 1500);
	log_connected(opening);
	send_connack(opening);
	session_send_queued(connection->session);
}

/* A CONNECT whose home is here. */
static void
answer_connect(struct opening *opening)
{
	struct connection *connection = opening->connection;
	const struct rights *rights = rights_ref(connection->worker->rights,
	    opening->peer.identity);
	enum mqtt_reason reason = check_connect(opening, rights);

	rights_unref(&rights);
	if (reason == MQTT_REASON_SUCCESS)
		open_connection(opening);
	else
		connect_refuse(connection, reason, mqtt_reason_name(reason));
}

int
handle_connect(struct connection *connection, const struct mqtt_frame *frame)
{
	struct opening opening = { .connection = connection };
	int error = mqtt_connect_decode(frame, &opening.connect);

	if (error != 0)
		return refuse_undecoded(connection, &opening.connect, error);
	connection->version = (uint8_t)opening.connect.version;
	connection_peer(connection, &opening.peer);
	opening.client_id = opening.connect.client_id;
	if (opening.client_id.len == 0)
		assign_client_id(&opening);
	key_of(&opening);
	if (!lives_elsewhere(&opening))
		answer_connect(&opening);
	buffer_done(&opening.key);
	return 0;
}
