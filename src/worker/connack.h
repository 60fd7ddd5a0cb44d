/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONNACK (3.2): what a client is told when its CONNECT is accepted.
 */
#ifndef SIGNET_WORKER_CONNACK_H
#define SIGNET_WORKER_CONNACK_H

#include "config/config.h"
#include "mqtt/packet.h"
#include "worker/response_information.h"

/* The most bytes that a CONNACK takes. */
#define CONNACK_MAX (256 + RESPONSE_INFORMATION_MAX)

/* What a CONNECT was answered with. */
struct connack_terms {
	const struct config *config;
	const struct mqtt_connect *connect;
	struct bytes assigned_client_id;   /* BYTES_NONE: it has its own */
	struct bytes response_information; /* BYTES_NONE: none */
	bool session_present;
};

/* The Keep Alive that is kept to: the client's unless that is too long. */
uint16_t connack_keep_alive(const struct connack_terms *terms);

/* The Session Expiry Interval that the client asks for, in either version. */
uint32_t connack_expiry_wanted(const struct mqtt_connect *connect);

/* writer: CONNACK_MAX bytes. */
void connack_encode(const struct connack_terms *terms,
    struct mqtt_writer *writer);

/* Is its CONNACK one that the client takes [MQTT5-3.1.2-24]? */
bool connack_fits(const struct connack_terms *terms);

#endif
