/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of another make: OpenSSL in a thread of its own, at the other end
 * of a socket pair.
 */
#ifndef SIGNET_TESTS_GATE_CLIENT_H
#define SIGNET_TESTS_GATE_CLIENT_H

#include <pthread.h>

#include <openssl/ssl.h>

#include "../x509/pki.h"

struct client_spec {
	int version;         /* TLS1_2_VERSION ...; 0: what there is */
	const char *ciphers; /* of TLS 1.2; NULL: the usual */
	const char *suites;  /* of TLS 1.3 */
	const char *groups;
	struct bytes alpn; /* as SSL_set_alpn_protos() takes it */
	uint64_t options;  /* SSL_OP_* */
	const struct pki_pair *pair;
	const struct pki_pair *intermediate;
	SSL_SESSION *session;   /* to resume; borrowed */
	struct bytes raw;       /* send these bytes and no TLS */
	struct bytes first;     /* application data, right behind Finished */
	bool is_coalesced;      /* in the segment of Finished */
	bool is_dribbled;       /* each byte in a segment of its own */
	bool is_forging;        /* of the signature in CertificateVerify */
	bool is_distrustful;    /* trusts no CA */
	bool has_nothing_to_do; /* wait until it is closed */
	bool is_gone;           /* close at once */
	bool keeps_session;     /* that it is given a ticket of */
};

struct client {
	struct client_spec spec;
	int fd;
	pthread_t thread;
	bool is_connected;
	bool is_resumed;
	SSL_SESSION *session; /* the last that it may resume; NULL if none */
	char alpn[32];        /* what the server chose */
	int alert;            /* the last that came, or -1 */
	struct buffer reply;  /* application data, or what came raw */
	bool is_closed_orderly;
};

/* spec: copied; what it points to is borrowed until client_join(). */
void client_start(struct client *client, int fd,
    const struct client_spec *spec);
void client_join(struct client *client);

/* After that: whoever asks for the session frees it. */
SSL_SESSION *client_take_session(struct client *client);

#endif
