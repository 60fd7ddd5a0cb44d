/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate without its process: the event loop, the settings and the handshakes,
 * with clients at the other ends, and what came of them.
 */
#ifndef SIGNET_TESTS_GATE_FIXTURE_H
#define SIGNET_TESTS_GATE_FIXTURE_H

#include <check.h>

#include "client.h"
#include "gate/handshake.h"

/* What the tests agree on; made once. */
struct fixture_pki {
	struct pki_pair ca;
	struct pki_pair intermediate;
	struct pki_pair other_ca;
	struct pki_pair server;
	struct pki_pair rsa_server;
	struct pki_pair client;
};
extern struct fixture_pki fixture_pki;

void fixture_make_pki(void);
void fixture_free_pki(void);

/*
 * What a gate trusts: the authorities of a file, and what is revoked.
 *
 * revoked: ids; may be empty. crl_of: the ids of issuers that have a CRL, of
 * which each needs one if there are any; may be empty.
 * index: returned, as ipc_trust_map() gives it.
 */
void fixture_trust(struct bytes client_ca, struct bytes revoked,
    struct bytes crl_of, struct ipc_trust_index *index);

struct fixture {
	uv_loop_t loop;
	EVP_PKEY *key;          /* of the server's certificate */
	const char *sign_fault; /* there is no signature, for this reason */
	size_t signed_count;
	struct config config;
	struct settings *settings;
	struct handshakes handshakes;
	bool has_worker;
	size_t ended;
	size_t refused[REFUSAL_REASON_COUNT];
	size_t authenticated;
	struct buffer handover; /* of the last that was taken */
	int fd;                 /* its socket, or -1 */
	char log[16384];
	int log_fd;
	int stderr_fd;
};

/* What a server with this certificate is given as files. */
void fixture_files(const struct pki_pair *server,
    struct proc_credentials *files);
void fixture_free_files(struct proc_credentials *files);

/* limit_ms: of a handshake. What is logged goes to fixture.log. */
void fixture_start(struct fixture *fixture, const struct pki_pair *server,
    uint64_t limit_ms);
void fixture_stop(struct fixture *fixture);

/* Tickets are sealed with this key alone; at the start with number 1. */
void fixture_use_ticket_key(struct fixture *fixture, uint8_t number);

/* Begin a handshake with such a client. */
void fixture_connect(struct fixture *fixture, struct client *client,
    const struct client_spec *spec);

/*
 * Begin one from 127.0.0.last, which weighs as much, whose client is us.
 * Returns our end, for the caller to close.
 */
int fixture_connect_silent(struct fixture *fixture, unsigned int last);

/* Go on until so many handshakes have ended. */
void fixture_run(struct fixture *fixture, size_t ended);

/* One client from beginning to end; it is joined unless it succeeded. */
void fixture_try(struct fixture *fixture, struct client *client,
    const struct client_spec *spec);

/* How often does this stand in the log? */
unsigned int fixture_log_count(struct fixture *fixture, const char *text);

#endif
