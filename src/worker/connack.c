/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/connack.h"

#include "lib/log.h"
#include "worker/session.h"

uint16_t
connack_keep_alive(const struct connack_terms *terms)
{
	uint32_t max = terms->config->limits.max_keep_alive_seconds;
	uint16_t wanted = terms->connect->keep_alive;

	if (max != 0 && (wanted == 0 || wanted > max))
		return (uint16_t)max;
	return wanted;
}

uint32_t
connack_expiry_wanted(const struct mqtt_connect *connect)
{
	if (connect->version != MQTT_VERSION_5) /* MQTT 5.0, 3.1.2.11.2 */
		return connect->clean_start ? 0 : SESSION_EXPIRY_NEVER;
	return mqtt_properties_have(&connect->properties,
		   MQTT_PROPERTY_SESSION_EXPIRY_INTERVAL)
		   ? connect->properties.session_expiry_interval
		   : 0;
}

/* What this server takes, whoever the client is. */
static void
set_bounds(const struct config *config, struct mqtt_properties *properties)
{
	properties->receive_maximum = (uint16_t)
					  config->sessions.receive_maximum;
	mqtt_properties_mark(properties, MQTT_PROPERTY_RECEIVE_MAXIMUM);
	if (config->sessions.maximum_qos < 2) { /* [MQTT5-3.2.2-9] */
		properties->maximum_qos = (uint8_t)config->sessions.maximum_qos;
		mqtt_properties_mark(properties, MQTT_PROPERTY_MAXIMUM_QOS);
	}
	if (config->sessions.topic_alias_maximum > 0) {
		properties->topic_alias_maximum = (uint16_t)config->sessions
						      .topic_alias_maximum;
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM);
	}
	properties->maximum_packet_size = config->limits.packet_bytes;
	mqtt_properties_mark(properties, MQTT_PROPERTY_MAXIMUM_PACKET_SIZE);
}

/* What is this client's own, or not as it asked (MQTT 5.0, 3.2.2.3). */
static void
set_changes(const struct connack_terms *terms,
    struct mqtt_properties *properties)
{
	uint32_t wanted = connack_expiry_wanted(terms->connect);
	uint32_t max = terms->config->sessions.max_expiry_seconds;

	if (terms->assigned_client_id.len > 0) {
		properties
		    ->assigned_client_identifier = terms->assigned_client_id;
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER);
	}
	if (terms->response_information.len > 0) {
		properties->response_information = terms->response_information;
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_RESPONSE_INFORMATION);
	}
	if (connack_keep_alive(terms) != terms->connect->keep_alive) {
		properties->server_keep_alive = connack_keep_alive(terms);
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_SERVER_KEEP_ALIVE);
	}
	if (wanted > max) {
		properties->session_expiry_interval = max;
		mqtt_properties_mark(properties,
		    MQTT_PROPERTY_SESSION_EXPIRY_INTERVAL);
	}
}

void
connack_encode(const struct connack_terms *terms, struct mqtt_writer *writer)
{
	struct mqtt_connack connack = {
		.session_present = terms->session_present, /* [MQTT-3.2.2-2] */
	};

	if (terms->connect->version == MQTT_VERSION_5) {
		set_bounds(terms->config, &connack.properties);
		set_changes(terms, &connack.properties);
	}
	if (mqtt_connack_encode(terms->connect->version, &connack, writer) != 0)
		panic("CONNACK_MAX bounds every CONNACK");
}

bool
connack_fits(const struct connack_terms *terms)
{
	const struct mqtt_properties *properties = &terms->connect->properties;
	uint8_t packet[CONNACK_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };

	if (terms->connect->version != MQTT_VERSION_5 ||
	    !mqtt_properties_have(properties,
		MQTT_PROPERTY_MAXIMUM_PACKET_SIZE))
		return true;
	connack_encode(terms, &writer);
	return writer.len <= properties->maximum_packet_size;
}
