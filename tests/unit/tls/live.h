/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection whose client is OpenSSL's. The server was OpenSSL's as well
 * until the handshake was done; then our records took over with its secrets,
 * as a worker does after a gate.
 */
#ifndef SIGNET_TEST_LIVE_H
#define SIGNET_TEST_LIVE_H

#include <openssl/ssl.h>

#include "lib/buffer.h"
#include "rig.h"

struct live_options {
	unsigned int ticket_count; /* TLS 1.3: sent under the keys we get */
	uint8_t fragment_code;     /* RFC 6066 s4: 0 none, 1 is 512 bytes */
	size_t padding_block;      /* TLS 1.3: what the client pads to */
};

struct live {
	struct tls_records server;
	SSL *client;
	BIO *to_client;
	BIO *to_server;
	struct buffer inbox;    /* records not yet taken by the server */
	struct buffer received; /* plaintext that the server took */
	struct tls_record record;
};

/* Make the server's keys and certificates, once for all tests; free them. */
void live_start(void);
void live_end(void);

/* The case's back end is chosen; NULL if this machine cannot run it. */
struct live *live_new(int case_number, struct live_options options);
void live_free(struct live *live);

bool live_is_1_3(const struct live *live);

/* Let the server take all that the client sent: the first status not 0. */
int live_take(struct live *live);

/* The client writes; the server must receive just that. */
void live_client_writes(struct live *live, const uint8_t *data, size_t len);

/* The server writes, in as many records as it takes; the client reads it. */
void live_server_writes(struct live *live, const uint8_t *data, size_t len);

/* The server pays what it owes. */
void live_server_pays(struct live *live);

/* The server sends an alert. */
void live_server_alerts(struct live *live, enum tls_alert alert);

#endif
