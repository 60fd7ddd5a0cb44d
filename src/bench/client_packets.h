/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client answers to each packet of the broker, and the packets it sends
 * by itself. All are appended to its output.
 */
#ifndef SIGNET_BENCH_CLIENT_PACKETS_H
#define SIGNET_BENCH_CLIENT_PACKETS_H

#include "bench/client.h"

void client_packets_connect(struct client *client);
void client_packets_disconnect(struct client *client, bool ends_session);

/*
 * Handle a packet that has come. True if it makes an event; a packet that
 * breaks the protocol fails the client.
 */
bool client_packets_handle(struct client *client,
    const struct mqtt_frame *frame, struct client_event *event);

#endif
