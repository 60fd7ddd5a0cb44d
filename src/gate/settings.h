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
#include "ipc/trust.h"

struct settings {
	mbedtls_ssl_config tls;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_x509_crt_profile profile;
	struct credentials credentials;
	struct ipc_trust_index trust; /* zeroed: nobody is trusted */
	enum config_identity identity;
	struct resumptions resumptions;
};

/*
 * Prepare, in the process that uses them: randomness is seeded here and must
 * not be shared by a fork. The settings may not move in memory.
 *
 * config, files: borrowed. why: on error and on warning.
 * Returns 0, 1 (with a warning) or -EINVAL, as credentials_open().
 */
int settings_open(struct settings *settings, const struct config *config,
    const struct proc_credentials *files, char *why, size_t why_len);

void settings_close(struct settings *settings);

/*
 * Trust by another index from the next verification on. index: taken, as
 * ipc_trust_map() gave it.
 */
void settings_trust(struct settings *settings,
    const struct ipc_trust_index *index);

/* A number that nobody can guess. */
uint64_t settings_random(struct settings *settings);

#endif
