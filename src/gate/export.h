/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a session, taken from mbedTLS while it derives them, and the
 * state of its records made from them.
 */
#ifndef SIGNET_GATE_EXPORT_H
#define SIGNET_GATE_EXPORT_H

#include "gate/framing.h"
#include "tls/tls.h"
#include "x509/compat.h"

#define EXPORT_MASTER_SECRET_LEN 48
#define EXPORT_RANDOM_LEN        32

/* Secrets: wipe with export_wipe(). */
struct export
{
	struct framing *framing; /* told when the application secrets are */
	bool has_master_secret;  /* TLS 1.2 */
	mbedtls_tls_prf_types prf;
	uint8_t master_secret[EXPORT_MASTER_SECRET_LEN];
	/* server_random and client_random, as the PRF wants them */
	uint8_t randoms[2 * EXPORT_RANDOM_LEN];
	bool has_client_secret; /* TLS 1.3 */
	bool has_server_secret;
	size_t secret_len;
	uint8_t client_secret[TLS_SECRET_MAX];
	uint8_t server_secret[TLS_SECRET_MAX];
};

void export_init(struct export *export, struct framing *framing);
void export_wipe(struct export *export);

/*
 * Let mbedTLS tell its keys: to the configuration before any handshake, and
 * to each connection. export_choose() goes before each call that continues a
 * handshake, because 2.28 knows one receiver for all connections.
 */
void export_configure(mbedtls_ssl_config *configuration);
void export_attach(mbedtls_ssl_context *ssl, struct export *export);
void export_choose(struct export *export);

/*
 * The state of the records of a finished handshake, if all that makes it safe
 * to continue it elsewhere holds: nothing is half read or read ahead, the
 * suite is one of ours, the keys are there.
 *
 * state: holds keys; untouched on error.
 * Returns NULL; or the condition that does not hold, in fixed words.
 */
const char *export_state(const struct export *export,
    const mbedtls_ssl_context *ssl, struct tls_state *state);

/*
 * TLS 1.3, before the handshake is over: enough of the state to send an
 * alert. False if the secret is not known.
 */
bool export_alert_state(const struct export *export, struct tls_state *state);

#endif
