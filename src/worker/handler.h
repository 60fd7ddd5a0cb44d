/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One handler for each packet that a client may send. A handler appends to
 * outboxes and queues; it does not write to a socket and does not wait.
 *
 * Each returns 0, or a negated Reason Code that ends the connection.
 */
#ifndef SIGNET_WORKER_HANDLER_H
#define SIGNET_WORKER_HANDLER_H

#include "worker/connection.h"

typedef int packet_handler(struct connection *connection,
    const struct mqtt_frame *frame);

packet_handler handle_connect;
packet_handler handle_publish;
packet_handler handle_puback;
packet_handler handle_pubrec;
packet_handler handle_pubrel;
packet_handler handle_pubcomp;
packet_handler handle_subscribe;
packet_handler handle_unsubscribe;
packet_handler handle_pingreq;
packet_handler handle_disconnect;

/* Append a PUBACK, PUBREC, PUBREL or PUBCOMP. */
void send_ack(struct connection *connection, enum mqtt_packet_type type,
    uint16_t packet_id, enum mqtt_reason reason);

/* Append a packet that one of the encoders wrote; panics if it did not fit. */
void send_encoded(struct connection *connection, int error,
    const struct mqtt_writer *writer);

#endif
