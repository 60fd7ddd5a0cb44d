/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opening handshake (RFC 6455 s4.2): an HTTP/1.1 request that asks for
 * the subprotocol mqtt, and the answers to it. Any path is good.
 */
#ifndef SIGNET_WEBSOCKET_UPGRADE_H
#define SIGNET_WEBSOCKET_UPGRADE_H

#include "lib/buffer.h"
#include "lib/bytes.h"
#include "websocket/websocket.h"

/* Bytes of a request: as much as a browser with its cookies sends. */
#define WEBSOCKET_REQUEST_MAX 8192

/* SHA-1's 20 bytes in base64. */
#define WEBSOCKET_ACCEPT_LEN 28

/* Why a request is not answered with 101. */
enum websocket_refusal {
	WEBSOCKET_REFUSAL_MALFORMED = 1,
	WEBSOCKET_REFUSAL_TOO_LARGE,
	WEBSOCKET_REFUSAL_HTTP_VERSION,
	WEBSOCKET_REFUSAL_NOT_UPGRADE,
	WEBSOCKET_REFUSAL_VERSION,
	WEBSOCKET_REFUSAL_SUBPROTOCOL,
	WEBSOCKET_REFUSAL_ORIGIN, /* the caller's to find */
};

struct websocket_upgrade {
	size_t len;          /* of the request; what follows are frames */
	struct bytes origin; /* view; empty if none is named: no browser */
	char accept[WEBSOCKET_ACCEPT_LEN + 1];
};

/*
 * Read a request.
 *
 * upgrade: filled on success only.
 * Returns 0, WEBSOCKET_NEED_MORE, or a negated enum websocket_refusal.
 */
int websocket_upgrade_decode(struct bytes input,
    struct websocket_upgrade *upgrade);

/* Append the answer that opens the connection. */
void websocket_upgrade_answer(const struct websocket_upgrade *upgrade,
    struct buffer *out);

/* Append the answer that refuses it, with a text for whoever reads it. */
void websocket_refusal_answer(enum websocket_refusal refusal,
    struct buffer *out);

/* The word of a refusal in the log: "http-not-upgrade". */
const char *websocket_refusal_word(enum websocket_refusal refusal);

#endif
