/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all handshakes of a gate share: the configuration of mbedTLS, its
 * source of randomness, and our credentials.
 */
#ifndef SIGNET_GATE_SETTINGS_H
#define SIGNET_GATE_SETTINGS_H

#include "config/config.h"
#include "gate/credentials.h"
#include "gate/resumption.h"

/* One holds as long as somebody has a reference: the gate, for those that come,
 * and each handshake that has begun under them. */
struct settings {
	size_t ref_count;
	mbedtls_ssl_config tls;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_x509_crt_profile profile;
	struct credentials credentials;
	enum config_identity identity;
	struct resumptions resumptions;
};

/*
 * Prepare, in the process that uses them: randomness is seeded here and must
 * not be shared by a fork.
 *
 * settings: returned with a reference, for settings_unref(); untouched on
 * error. config, files: borrowed. why: on error and on warning.
 * Returns 0, 1 (with a warning) or -EINVAL, as credentials_open().
 */
int settings_open(struct settings **settings, const struct config *config,
    const struct proc_credentials *files, char *why, size_t why_len);

struct settings *settings_ref(struct settings *settings);

/* *settings is NULL afterwards; NULL is allowed. */
void settings_unref(struct settings **settings);

/* A number that nobody can guess. */
uint64_t settings_random(struct settings *settings);

#endif
