/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MQTT session of signet-beat: TLS over TCP, and the few packets that a
 * heartbeat takes.
 */
#ifndef SIGNET_BEATCTL_LINK_H
#define SIGNET_BEATCTL_LINK_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <openssl/ssl.h>

#include "beat/offer.h"
#include "lib/buffer.h"

struct link_options {
	const char *host;
	const char *port;
	const char *ca;
	const char *cert;
	const char *key;
	const char *client_id;
	uint32_t interval_ms;
	uint16_t keep_alive_seconds;
};

struct link {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	struct sockaddr_storage server; /* where TCP is connected to */
	socklen_t server_len;
	struct buffer input;
	uint64_t pongs; /* PINGRESP that have come */
};

/*
 * Connect, and subscribe to a heartbeat.
 *
 * why: of at most size bytes, on error, what a human must mend.
 * Returns 0 or -1; link_close() is to be called either way.
 */
int link_open(struct link *link, const struct link_options *options, char *why,
    size_t size);

/*
 * Take what has come: 1 if an offer is among it, in *offer; 0 if not; -1 if the
 * session is over, with why.
 */
int link_receive(struct link *link, struct beat_offer *offer, char *why,
    size_t size);

/* Is more there than the socket tells? Then link_receive() is to be called. */
bool link_has_input(const struct link *link);

/* Send PINGREQ. */
int link_ping(struct link *link);

/* End it with DISCONNECT, if it stands, and free everything. */
void link_close(struct link *link);

#endif
