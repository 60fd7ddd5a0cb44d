/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MQTT over WebSocket (MQTT 5.0, 6) on the same port: what stands between
 * records and packets. A connection of plain MQTT passes it by.
 */
#ifndef SIGNET_WORKER_CONNECTION_WEBSOCKET_H
#define SIGNET_WORKER_CONNECTION_WEBSOCKET_H

#include "websocket/stream.h"
#include "worker/connection.h"

/* A connection's WebSocket, from the first byte of its request on. */
struct connection_websocket {
	struct websocket stream;
	bool is_open;        /* 101 was answered: frames from here on */
	uint16_t close_code; /* to say at the end */
};

void connection_websocket_free(struct connection_websocket **websocket);

/* Does this, the first that a connection sent, begin an HTTP request? */
bool connection_begins_websocket(const struct connection *connection,
    struct bytes plaintext);

/*
 * Take what a record brought, request or frames.
 *
 * stream: the MQTT bytes in it, in the worker's record buffer.
 * False if there is no more to do: the request is not whole, or refused.
 */
bool connection_unwrap(struct connection *connection, struct bytes plaintext,
    struct bytes *stream);

/* All packets so far are handled: did a Close or a faulty frame follow? */
void connection_end_websocket(struct connection *connection);

/*
 * The bytes of the next record: frames around what the outbox has, or what
 * goes before and after it. Up to room bytes, until the next call; none if
 * there is nothing to send.
 */
struct bytes connection_wrap(struct connection *connection, size_t room);

/* Say in the Close frame that it ends for this reason. */
void connection_websocket_closes(struct connection *connection,
    enum mqtt_reason reason);

/* Are bytes waiting besides those in the outbox? */
bool connection_websocket_waits(const struct connection *connection);

/* For the hand-over: empty for plain MQTT. */
void connection_websocket_encode(const struct connection *connection,
    struct buffer *out);
int connection_websocket_decode(struct bytes input,
    struct connection_websocket **websocket);

#endif
