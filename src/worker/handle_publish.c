/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBLISH (3.3): from the client to the router.
 */
#include "lib/clock.h"
#include "worker/handler.h"
#include "worker/journal.h"
#include "worker/moved.h"
#include "worker/permission.h"
#include "worker/retention.h"
#include "worker/router.h"
#include "worker/session.h"

/* The answer to a PUBLISH at QoS above 0. */
static struct ack
ack_of(const struct mqtt_publish *publish, enum mqtt_reason reason)
{
	return (struct ack){
		.packet_id = publish->packet_id,
		.type = publish->qos == 1 ? MQTT_PUBACK : MQTT_PUBREC,
		.reason = (uint8_t)reason,
	};
}

/* What CONNACK has set bounds to. */
static int
check_bounds(const struct connection *connection,
    const struct mqtt_publish *publish, bool is_repeated)
{
	const struct connection_terms *terms = &connection->terms;
	/* One that is noted is, whether its PUBREC has left or not. */
	uint32_t in_flight = acks_unnoted(connection) +
			     connection->session->state.received_count;

	/* A client does not send this one [MQTT5-3.3.4-6]. */
	if (connection->version == MQTT_VERSION_5 &&
	    mqtt_properties_have(&publish->properties,
		MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER))
		return MQTT_ERR_PROTOCOL_ERROR;
	if (publish->qos > terms->maximum_qos)
		return -MQTT_REASON_QOS_NOT_SUPPORTED; /* [MQTT5-3.2.2-11] */
	if (connection->version == MQTT_VERSION_5 && publish->qos > 0 &&
	    !is_repeated && in_flight >= terms->receive_maximum)
		return -MQTT_REASON_RECEIVE_MAXIMUM_EXCEEDED;
	return 0;
}

static bool
is_duplicate(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	return publish->qos == 2 &&
	       session_has_received(connection->session, publish->packet_id);
}

/* [MQTT-3.3.5-2] leaves a server of 3.1.1 the choice. */
static bool
is_acknowledged(const struct connection *connection, enum mqtt_reason reason)
{
	return reason == MQTT_REASON_NOT_AUTHORIZED &&
	       connection->worker->config->sessions.denied_publish ==
		   CONFIG_DENIED_ACKNOWLEDGE;
}

/* 5.0: an answer at QoS above 0. 3.1.1 has none but to end [-3.3.5-2]. */
static int
refuse(struct connection *connection, const struct mqtt_publish *publish,
    enum mqtt_reason reason)
{
	struct ack ack = ack_of(publish, reason);

	if (publish->qos == 0)
		return 0;
	if (connection->version != MQTT_VERSION_5) {
		if (!is_acknowledged(connection, reason))
			return -(int)reason;
		ack.reason = MQTT_REASON_SUCCESS;
	}
	acks_push(connection, &ack);
	return 0;
}

/* MQTT 5.0, 3.3.2.3.2: what is said to be text is checked to be. */
static bool
has_valid_format(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	return connection->version != MQTT_VERSION_5 ||
	       !mqtt_properties_have(&publish->properties,
		   MQTT_PROPERTY_PAYLOAD_FORMAT_INDICATOR) ||
	       publish->properties.payload_format_indicator == 0 ||
	       mqtt_utf8_is_valid(publish->payload);
}

static void
set_expiry(const struct connection *connection,
    const struct mqtt_properties *properties, struct ipc_publish *parts)
{
	if (!mqtt_properties_have(properties,
		MQTT_PROPERTY_MESSAGE_EXPIRY_INTERVAL))
		return;
	parts->has_expiry = true;
	parts->expires_at_ms = worker_now_ms(connection->worker) +
			       (uint64_t)properties->message_expiry_interval *
				   1000;
}

/* The parts of the message; properties: what they are views into. */
static struct ipc_publish
parts_of(const struct connection *connection,
    const struct mqtt_publish *publish, struct buffer *properties)
{
	struct ipc_publish parts = {
		.qos = publish->qos,
		.retain = publish->retain,
		.publisher = connection->publisher,
		.topic_name = publish->topic_name,
		.payload = publish->payload,
		.published_ns = publish->retain ? clock_monotonic_ns() : 0,
	};
	struct mqtt_writer writer = { .data = NULL };

	if (connection->version != MQTT_VERSION_5 ||
	    publish->properties.raw.len == 0)
		return parts;
	writer.capacity = publish->properties.raw.len;
	writer.data = buffer_reserve(properties, writer.capacity);
	if (mqtt_properties_forward(&publish->properties, &writer) != 0)
		panic("what is forwarded is not longer than it came");
	parts.properties = bytes_of(writer.data, writer.len);
	set_expiry(connection, &publish->properties, &parts);
	return parts;
}

/* Is it a PUBLISH whose exchange outlives this process? */
static bool
is_exchange_kept(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	return publish->qos == 2 &&
	       connection->session->number != IPC_STORE_NONE;
}

/* One that is not known here: a process that is gone may have had it. */
static bool
is_sent_again(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	return publish->dup && is_exchange_kept(connection, publish);
}

static struct forward_origin
origin_of(const struct connection *connection,
    const struct mqtt_publish *publish)
{
	if (!is_exchange_kept(connection, publish))
		return (struct forward_origin){ .session = 0 };
	return (struct forward_origin){
		.session = connection->session->number,
		.packet_id = publish->packet_id,
		.is_unsure = publish->dup && connection->session->was_cut_off,
	};
}

/* Acknowledge what was routed, when it is where it has to be. */
static void
acknowledge(struct connection *connection, const struct mqtt_publish *publish,
    const struct ipc_publish *parts, const struct router_result *result)
{
	struct ack ack = ack_of(publish,
	    result->has_receivers ? MQTT_REASON_SUCCESS
				  : MQTT_REASON_NO_MATCHING_SUBSCRIBERS);

	if (publish->qos > 0 &&
	    (result->is_durable || is_exchange_kept(connection, publish)))
		ack.transaction = journal_covering(connection->worker);
	if (publish->retain)
		retention_put(connection, parts, publish->qos > 0 ? &ack : NULL,
		    result->kept);
	else if (publish->qos > 0)
		acks_push_after(connection, &ack, result->kept, NULL);
}

/* is_repeated: it was routed before, by a process that is gone. */
static void
route_publish(struct connection *connection, const struct mqtt_publish *publish,
    bool is_repeated)
{
	struct worker *worker = connection->worker;
	struct forward_origin origin = origin_of(connection, publish);
	struct buffer properties = { .data = NULL };
	struct ipc_publish parts = parts_of(connection, publish, &properties);
	struct router_result result;
	/* A large payload that came alone is not copied again. */
	struct buffer *storage = connection->is_packet_alone &&
					 parts.properties.len == 0 &&
					 !publish->retain
				     ? &connection->plaintext
				     : NULL;

	origin.is_unsure = origin.is_unsure || is_repeated;
	/* It resends in the order of sending [MQTT-4.6.0-1]: that is over. */
	if (publish->qos == 2 && !publish->dup)
		connection->session->was_cut_off = false;
	if (is_sent_again(connection, publish))
		forwards_suspect(worker, &origin);
	/* What shares owe was written where the publisher was at home. */
	result = router_publish_once(worker, &parts, storage, &origin,
	    is_repeated && moved_has_got(worker, &origin, connection->session));
	if (is_repeated)
		journal_received_put(worker, origin.session, origin.packet_id);
	else if (publish->qos == 2)
		session_receive(connection->session, publish->packet_id);
	acknowledge(connection, publish, &parts, &result);
	if (result.is_full ||
	    (publish->retain && worker_is_congested(worker)) ||
	    (publish->qos > 0 && worker_is_full(worker)))
		connection_hold(connection);
	buffer_done(&properties);
}

/*
 * It came before [MQTT-4.3.3-2]. The first may still be on its way to where it
 * has to be, and its connection gone: then this answer waits for it.
 */
static void
answer_duplicate(struct connection *connection,
    const struct mqtt_publish *publish)
{
	struct worker *worker = connection->worker;
	struct forward_origin origin = origin_of(connection, publish);
	struct ack ack = ack_of(publish, MQTT_REASON_SUCCESS);

	if (!is_exchange_kept(connection, publish)) {
		acks_push(connection, &ack);
		return;
	}
	ack.transaction = journal_covering(worker);
	acks_push_after(connection, &ack, forwards_of(worker, &origin),
	    &origin);
}

/* May it go to the router? SUCCESS, or why not. */
static enum mqtt_reason
check_publish(struct connection *connection, const struct mqtt_publish *publish)
{
	if (topic_level_count(publish->topic_name) >
	    connection->worker->config->limits.topic_levels)
		return MQTT_REASON_TOPIC_NAME_INVALID;
	if (!has_valid_format(connection, publish))
		return MQTT_REASON_PAYLOAD_FORMAT_INVALID;
	if (!permission_publish(connection, publish->topic_name,
		publish->retain))
		return MQTT_REASON_NOT_AUTHORIZED;
	return MQTT_REASON_SUCCESS;
}

/*
 * Its exchange may have begun with a process that is gone, and ends with this:
 * what is noted of it is removed before the client may use its identifier for
 * another message.
 */
static void
refuse_repeated(struct connection *connection,
    const struct mqtt_publish *publish, enum mqtt_reason reason)
{
	struct worker *worker = connection->worker;
	struct forward_origin origin = origin_of(connection, publish);
	struct ack ack = ack_of(publish, reason);
	worker_set told;

	told = forwards_release(worker, &origin,
	    session_release(connection->session, publish->packet_id));
	ack.transaction = journal_covering(worker);
	acks_push_after(connection, &ack, told, NULL);
}

int
handle_publish(struct connection *connection, const struct mqtt_frame *frame)
{
	enum mqtt_version version = (enum mqtt_version)connection->version;
	struct forward_origin origin;
	struct mqtt_publish publish;
	enum mqtt_reason reason;
	bool is_repeated;
	int error = mqtt_publish_decode(version, frame, &publish);

	if (error == 0 && version == MQTT_VERSION_5)
		error = topic_aliases_resolve(&connection->aliases,
		    connection->terms.topic_alias_maximum, &publish);
	if (error != 0)
		return error;
	origin = origin_of(connection, &publish);
	is_repeated = is_duplicate(connection, &publish) &&
		      forwards_take_restored(connection->worker, &origin);
	if (is_duplicate(connection, &publish) && !is_repeated) {
		answer_duplicate(connection, &publish);
		return 0;
	}
	error = check_bounds(connection, &publish, is_repeated);
	if (error != 0)
		return error;
	connection->messages_received++;
	connection->worker->child->counted[IPC_STATISTIC_MESSAGES_RECEIVED]++;
	connection->worker->child
	    ->counted[IPC_STATISTIC_PAYLOAD_RECEIVED] += publish.payload.len;
	reason = check_publish(connection, &publish);
	if (reason != MQTT_REASON_SUCCESS && version == MQTT_VERSION_5 &&
	    (is_repeated || is_sent_again(connection, &publish))) {
		refuse_repeated(connection, &publish, reason);
		return 0;
	}
	if (reason != MQTT_REASON_SUCCESS)
		return refuse(connection, &publish, reason);
	route_publish(connection, &publish, is_repeated);
	return 0;
}
