/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reason Strings: what a human is told besides a Reason Code (MQTT 5.0, 2.2).
 */
#ifndef SIGNET_WORKER_REASON_STRING_H
#define SIGNET_WORKER_REASON_STRING_H

#include "worker/connection.h"

/* The most bytes that one is. */
#define REASON_STRING_MAX 96

/*
 * Add what helps with this reason to a packet, unless there is nothing, the
 * client does not want it [MQTT5-3.1.2-29], or the packet became too large for
 * it [MQTT5-3.4.2-2].
 *
 * packet_len: of the packet without it, or more.
 */
void reason_string_add(const struct connection *connection,
    enum mqtt_reason reason, size_t packet_len,
    struct mqtt_properties *properties);

/* The same with a text of at most REASON_STRING_MAX bytes. */
void reason_string_add_text(const struct connection *connection,
    const char *words, size_t packet_len, struct mqtt_properties *properties);

#endif
