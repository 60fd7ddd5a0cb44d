/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/reason_string.h"

/* Its identifier and length, and what lengths before it may grow. */
#define PROPERTY_EXTRA 8

/* At most REASON_STRING_MAX bytes each. */
static const struct {
	enum mqtt_reason reason;
	const char *text;
} strings[] = {
	{ MQTT_REASON_MALFORMED_PACKET,
	    "the packet is not in the form that MQTT 5.0 gives it" },
	{ MQTT_REASON_PROTOCOL_ERROR,
	    "MQTT 5.0 does not allow this packet here, or not with these "
	    "fields" },
	{ MQTT_REASON_UNSUPPORTED_PROTOCOL_VERSION,
	    "the server speaks MQTT 3.1.1 and 5.0" },
	{ MQTT_REASON_SERVER_SHUTTING_DOWN,
	    "the server is stopped or started again; come back later" },
	{ MQTT_REASON_ADMINISTRATIVE_ACTION,
	    "somebody who administers the server has ended this connection" },
	{ MQTT_REASON_NOT_AUTHORIZED,
	    "no role of your certificate grants this, or one denies it" },
	{ MQTT_REASON_CLIENT_IDENTIFIER_NOT_VALID,
	    "not a client identifier, or none that your roles grant" },
	{ MQTT_REASON_BAD_AUTHENTICATION_METHOD,
	    "the client certificate is the identity; name no method" },
	{ MQTT_REASON_SESSION_TAKEN_OVER,
	    "another connection has come with the same client identifier" },
	{ MQTT_REASON_KEEP_ALIVE_TIMEOUT,
	    "nothing has come for one and a half times the keep alive" },
	{ MQTT_REASON_TOPIC_FILTER_INVALID,
	    "a topic filter is malformed or has too many levels" },
	{ MQTT_REASON_TOPIC_NAME_INVALID,
	    "a topic name is malformed or has too many levels" },
	{ MQTT_REASON_RECEIVE_MAXIMUM_EXCEEDED,
	    "more messages are unacknowledged than the receive maximum" },
	{ MQTT_REASON_TOPIC_ALIAS_INVALID,
	    "the topic alias is above the topic alias maximum" },
	{ MQTT_REASON_PACKET_TOO_LARGE,
	    "a packet is larger than the maximum packet size" },
	{ MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND,
	    "no message with this packet identifier is under way" },
	{ MQTT_REASON_NO_SUBSCRIPTION_EXISTED,
	    "there was no subscription with this very topic filter" },
	{ MQTT_REASON_SERVER_UNAVAILABLE,
	    "the server has no room for your session now; try again later" },
	{ MQTT_REASON_QUOTA_EXCEEDED,
	    "the server keeps no more of these for you" },
	{ MQTT_REASON_PAYLOAD_FORMAT_INVALID,
	    "the payload is not UTF-8, as its format indicator says" },
	{ MQTT_REASON_IMPLEMENTATION_SPECIFIC_ERROR,
	    "heartbeats are turned off" },
	{ MQTT_REASON_QOS_NOT_SUPPORTED, "the QoS is above the maximum QoS" },
};

void
reason_string_add(const struct connection *connection, enum mqtt_reason reason,
    size_t packet_len, struct mqtt_properties *properties)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (strings[i].reason == reason)
			reason_string_add_text(connection, strings[i].text,
			    packet_len, properties);
}

void
reason_string_add_text(const struct connection *connection, const char *words,
    size_t packet_len, struct mqtt_properties *properties)
{
	size_t max = connection->maximum_packet_size;
	struct bytes text = bytes_of_string(words);

	if (!connection->wants_reasons ||
	    (max != 0 && packet_len + text.len + PROPERTY_EXTRA > max))
		return;
	properties->reason_string = text;
	mqtt_properties_mark(properties, MQTT_PROPERTY_REASON_STRING);
}
