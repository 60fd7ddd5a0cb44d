/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SUBSCRIBE (3.8) and UNSUBSCRIBE (3.10): a code for each Topic Filter.
 */
#include "mqtt/topic.h"
#include "worker/handler.h"
#include "worker/heartbeat.h"
#include "worker/permission.h"
#include "worker/promise.h"
#include "worker/reason_string.h"
#include "worker/retention.h"
#include "worker/session.h"

/* Fixed header, packet identifier and an empty property block. */
#define SUBACK_HEAD_MAX 16

/* A SUBACK or UNSUBACK, as its codes come about. */
struct answer {
	struct buffer codes;
	uint64_t announcement;   /* that must be taken in before it is sent */
	enum mqtt_reason remark; /* the first code to explain, or SUCCESS */
};

/* Encode into the worker's scratch memory. */
static struct bytes
answer_encode(struct connection *connection, enum mqtt_packet_type type,
    uint16_t packet_id, const struct answer *answer)
{
	struct buffer *scratch = &connection->worker->scratch;
	struct mqtt_suback suback = {
		.packet_id = packet_id,
		.codes = buffer_view(&answer->codes),
	};
	size_t len = SUBACK_HEAD_MAX + answer->codes.len;
	struct mqtt_writer writer = { .capacity = len + REASON_STRING_MAX };

	reason_string_add(connection, answer->remark, len, &suback.properties);
	scratch->len = 0;
	writer.data = buffer_reserve(scratch, writer.capacity);
	if (mqtt_suback_encode((enum mqtt_version)connection->version, type,
		&suback, &writer) != 0)
		panic("SUBACK_HEAD_MAX bounds what is before the codes");
	return bytes_of(writer.data, writer.len);
}

static void
answer_add(struct answer *answer, uint8_t code)
{
	buffer_append(&answer->codes, bytes_of(&code, 1));
}

static void
answer_remark(struct answer *answer, enum mqtt_reason reason)
{
	if (answer->remark == MQTT_REASON_SUCCESS)
		answer->remark = reason;
}

/* Why a subscription is not possible; SUCCESS if it is. */
static enum mqtt_reason
check_subscription(struct connection *connection,
    const struct mqtt_subscription *subscription)
{
	const struct session *session = connection->session;
	const struct config *config = connection->worker->config;
	struct bytes group, topic_filter = subscription->topic_filter;

	mqtt_topic_filter_is_shared(subscription->topic_filter, &group,
	    &topic_filter);
	if (topic_level_count(topic_filter) > config->limits.topic_levels)
		return MQTT_REASON_TOPIC_FILTER_INVALID;
	if (!permission_subscribe(connection, subscription->topic_filter))
		return MQTT_REASON_NOT_AUTHORIZED;
	/* One that replaces another is not one more [MQTT5-3.8.4-3]. */
	if (session->subscription_count >= config->limits.subscriptions &&
	    !session_is_subscribed(session, subscription->topic_filter))
		return MQTT_REASON_QUOTA_EXCEEDED;
	return heartbeat_check(connection, subscription->topic_filter);
}

static void
subscribe_one(struct connection *connection,
    const struct mqtt_subscription *subscription, uint32_t identifier,
    struct answer *answer)
{
	enum mqtt_reason reason = check_subscription(connection, subscription);
	uint8_t max = (uint8_t)connection->worker->config->sessions.maximum_qos;
	struct session_subscription wanted = {
		.topic_filter = subscription->topic_filter,
		.identifier = identifier,
		/* [MQTT5-3.2.2-10], [MQTT-3.8.4-6] */
		.qos = subscription->qos < max ? subscription->qos : max,
		.no_local = subscription->no_local,
		.retain_as_published = subscription->retain_as_published,
	};
	struct subscription *made;
	uint64_t announcement;
	bool is_new;

	if (reason != MQTT_REASON_SUCCESS) {
		answer_remark(answer, reason);
		answer_add(answer, connection->version == MQTT_VERSION_5
				       ? (uint8_t)reason
				       : MQTT_SUBACK_FAILURE);
		return;
	}
	announcement = session_subscribe(connection->session, &wanted, &made,
	    &is_new);
	if (announcement > answer->announcement)
		answer->announcement = announcement;
	answer_add(answer, wanted.qos);
	/* Retain Handling (MQTT 5.0, 3.8.3.1); always in 3.1.1. */
	if (!made->is_shared && /* 4.8.2 */
	    (subscription->retain_handling == 0 ||
		(subscription->retain_handling == 1 && is_new)))
		retention_query(made, subscription->topic_filter, announcement);
	heartbeat_subscribed(connection, &wanted);
}

int
handle_subscribe(struct connection *connection, const struct mqtt_frame *frame)
{
	enum mqtt_version version = (enum mqtt_version)connection->version;
	struct mqtt_subscription subscription;
	struct mqtt_subscribe subscribe;
	struct answer answer = { .announcement = 0 };
	uint32_t identifier = 0;
	size_t pos = 0;
	int error = mqtt_subscribe_decode(version, frame, &subscribe);

	if (error != 0)
		return error;
	if (version == MQTT_VERSION_5 &&
	    mqtt_properties_have(&subscribe.properties,
		MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER))
		identifier = subscribe.properties.subscription_identifier;
	while (mqtt_subscribe_next(version, &subscribe, &pos, &subscription))
		subscribe_one(connection, &subscription, identifier, &answer);
	promise_send(connection, answer.announcement,
	    answer_encode(connection, MQTT_SUBACK, subscribe.packet_id,
		&answer));
	buffer_done(&answer.codes);
	if (worker_is_congested(connection->worker))
		connection_hold(connection);
	return 0;
}

int
handle_unsubscribe(struct connection *connection,
    const struct mqtt_frame *frame)
{
	enum mqtt_version version = (enum mqtt_version)connection->version;
	struct mqtt_unsubscribe unsubscribe;
	struct answer answer = { .announcement = 0 };
	struct bytes topic_filter;
	size_t pos = 0;
	int error = mqtt_unsubscribe_decode(version, frame, &unsubscribe);

	if (error != 0)
		return error;
	while (mqtt_unsubscribe_next(&unsubscribe, &pos, &topic_filter)) {
		enum mqtt_reason reason = MQTT_REASON_SUCCESS;

		if (!session_unsubscribe(connection->session, topic_filter))
			reason = MQTT_REASON_NO_SUBSCRIPTION_EXISTED;
		if (version != MQTT_VERSION_5)
			continue;
		answer_add(&answer, (uint8_t)reason);
		answer_remark(&answer, reason);
	}
	promise_send(connection, 0,
	    answer_encode(connection, MQTT_UNSUBACK, unsubscribe.packet_id,
		&answer));
	buffer_done(&answer.codes);
	if (worker_is_congested(connection->worker))
		connection_hold(connection);
	return 0;
}
