/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WORKER_HANDLE_CONNECT_H
#define SIGNET_WORKER_HANDLE_CONNECT_H

#include "worker/connection.h"

/* Answer a CONNECT with a failure and end the connection [MQTT-3.2.2-5]. */
void connect_refuse(struct connection *connection, enum mqtt_reason reason,
    const char *word);

#endif
