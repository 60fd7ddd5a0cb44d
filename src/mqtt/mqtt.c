/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/mqtt.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const reason_names[] = {
	[MQTT_REASON_SUCCESS] = "success",
	[MQTT_REASON_GRANTED_QOS_1] = "granted-qos-1",
	[MQTT_REASON_GRANTED_QOS_2] = "granted-qos-2",
	[MQTT_REASON_DISCONNECT_WITH_WILL] = "disconnect-with-will",
	[MQTT_REASON_NO_MATCHING_SUBSCRIBERS] = "no-matching-subscribers",
	[MQTT_REASON_NO_SUBSCRIPTION_EXISTED] = "no-subscription-existed",
	[MQTT_REASON_CONTINUE_AUTHENTICATION] = "continue-authentication",
	[MQTT_REASON_REAUTHENTICATE] = "reauthenticate",
	[MQTT_REASON_UNSPECIFIED_ERROR] = "unspecified-error",
	[MQTT_REASON_MALFORMED_PACKET] = "malformed-packet",
	[MQTT_REASON_PROTOCOL_ERROR] = "protocol-error",
	[MQTT_REASON_IMPLEMENTATION_SPECIFIC_ERROR] =
	    "implementation-specific-error",
	[MQTT_REASON_UNSUPPORTED_PROTOCOL_VERSION] =
	    "unsupported-protocol-version",
	[MQTT_REASON_CLIENT_IDENTIFIER_NOT_VALID] =
	    "client-identifier-not-valid",
	[MQTT_REASON_BAD_USER_NAME_OR_PASSWORD] = "bad-user-name-or-password",
	[MQTT_REASON_NOT_AUTHORIZED] = "not-authorized",
	[MQTT_REASON_SERVER_UNAVAILABLE] = "server-unavailable",
	[MQTT_REASON_SERVER_BUSY] = "server-busy",
	[MQTT_REASON_BANNED] = "banned",
	[MQTT_REASON_SERVER_SHUTTING_DOWN] = "server-shutting-down",
	[MQTT_REASON_BAD_AUTHENTICATION_METHOD] = "bad-authentication-method",
	[MQTT_REASON_KEEP_ALIVE_TIMEOUT] = "keep-alive-timeout",
	[MQTT_REASON_SESSION_TAKEN_OVER] = "session-taken-over",
	[MQTT_REASON_TOPIC_FILTER_INVALID] = "topic-filter-invalid",
	[MQTT_REASON_TOPIC_NAME_INVALID] = "topic-name-invalid",
	[MQTT_REASON_PACKET_IDENTIFIER_IN_USE] = "packet-identifier-in-use",
	[MQTT_REASON_PACKET_IDENTIFIER_NOT_FOUND] =
	    "packet-identifier-not-found",
	[MQTT_REASON_RECEIVE_MAXIMUM_EXCEEDED] = "receive-maximum-exceeded",
	[MQTT_REASON_TOPIC_ALIAS_INVALID] = "topic-alias-invalid",
	[MQTT_REASON_PACKET_TOO_LARGE] = "packet-too-large",
	[MQTT_REASON_MESSAGE_RATE_TOO_HIGH] = "message-rate-too-high",
	[MQTT_REASON_QUOTA_EXCEEDED] = "quota-exceeded",
	[MQTT_REASON_ADMINISTRATIVE_ACTION] = "administrative-action",
	[MQTT_REASON_PAYLOAD_FORMAT_INVALID] = "payload-format-invalid",
	[MQTT_REASON_RETAIN_NOT_SUPPORTED] = "retain-not-supported",
	[MQTT_REASON_QOS_NOT_SUPPORTED] = "qos-not-supported",
	[MQTT_REASON_USE_ANOTHER_SERVER] = "use-another-server",
	[MQTT_REASON_SERVER_MOVED] = "server-moved",
	[MQTT_REASON_SHARED_SUBSCRIPTIONS_NOT_SUPPORTED] =
	    "shared-subscriptions-not-supported",
	[MQTT_REASON_CONNECTION_RATE_EXCEEDED] = "connection-rate-exceeded",
	[MQTT_REASON_MAXIMUM_CONNECT_TIME] = "maximum-connect-time",
	[MQTT_REASON_SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED] =
	    "subscription-identifiers-not-supported",
	[MQTT_REASON_WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED] =
	    "wildcard-subscriptions-not-supported",
};

static const char *const packet_type_names[] = {
	[MQTT_CONNECT] = "CONNECT",
	[MQTT_CONNACK] = "CONNACK",
	[MQTT_PUBLISH] = "PUBLISH",
	[MQTT_PUBACK] = "PUBACK",
	[MQTT_PUBREC] = "PUBREC",
	[MQTT_PUBREL] = "PUBREL",
	[MQTT_PUBCOMP] = "PUBCOMP",
	[MQTT_SUBSCRIBE] = "SUBSCRIBE",
	[MQTT_SUBACK] = "SUBACK",
	[MQTT_UNSUBSCRIBE] = "UNSUBSCRIBE",
	[MQTT_UNSUBACK] = "UNSUBACK",
	[MQTT_PINGREQ] = "PINGREQ",
	[MQTT_PINGRESP] = "PINGRESP",
	[MQTT_DISCONNECT] = "DISCONNECT",
	[MQTT_AUTH] = "AUTH",
};

const char *
mqtt_reason_name(enum mqtt_reason reason)
{
	size_t index = (size_t)reason;

	if (index >= COUNT_OF(reason_names) || reason_names[index] == NULL)
		return "reserved-reason";
	return reason_names[index];
}

const char *
mqtt_packet_type_name(unsigned int type)
{
	if (type >= COUNT_OF(packet_type_names) ||
	    packet_type_names[type] == NULL)
		return "RESERVED";
	return packet_type_names[type];
}

enum mqtt_return_code
mqtt_return_code_of(enum mqtt_reason reason)
{
	switch (reason) {
	case MQTT_REASON_SUCCESS:
		return MQTT_RETURN_ACCEPTED;
	case MQTT_REASON_UNSUPPORTED_PROTOCOL_VERSION:
		return MQTT_RETURN_UNACCEPTABLE_PROTOCOL_VERSION;
	case MQTT_REASON_CLIENT_IDENTIFIER_NOT_VALID:
		return MQTT_RETURN_IDENTIFIER_REJECTED;
	case MQTT_REASON_BAD_USER_NAME_OR_PASSWORD:
		return MQTT_RETURN_BAD_USER_NAME_OR_PASSWORD;
	case MQTT_REASON_NOT_AUTHORIZED:
	case MQTT_REASON_BANNED:
	case MQTT_REASON_BAD_AUTHENTICATION_METHOD:
	case MQTT_REASON_TOPIC_NAME_INVALID: /* of a will that is not allowed */
		return MQTT_RETURN_NOT_AUTHORIZED;
	default:
		return MQTT_RETURN_SERVER_UNAVAILABLE;
	}
}
