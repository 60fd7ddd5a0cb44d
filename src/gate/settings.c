/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/export.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "tls/aead.h"

/* Those that the record layer can continue; the cheapest first. */
static const int cipher_suites[] = {
#if COMPAT_HAS_TLS_1_3
	TLS_AES_128_GCM_SHA256,
	TLS_AES_256_GCM_SHA384,
	TLS_CHACHA20_POLY1305_SHA256,
#endif
	TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	0,
};

/*
 * For clients that offer names (RFC 7301): no name is required, but one of
 * these if there are any. The first two are MQTT; what browsers offer for a
 * WebSocket (RFC 6455) comes last and is left out where nobody speaks it.
 */
#define ALPN_MQTT "mqtt", "x-amzn-mqtt-ca"
static const char *alpn_with_websocket[] = { ALPN_MQTT, "http/1.1", NULL };
static const char *alpn_plain[] = { ALPN_MQTT, NULL };

#define HASHES                                                                 \
	(MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |                             \
	    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |                          \
	    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512))
#define KEYS                                                                   \
	(MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) |                                \
	    MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSASSA_PSS) |                      \
	    MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) |                           \
	    MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA))
#define CURVES                                                                 \
	(MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |                      \
	    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |                   \
	    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1))

#if COMPAT_HAS_TLS_1_3

/* P-256 before X25519: mbedTLS computes it faster. */
static const uint16_t groups[] = {
	MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
	MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
	MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
	MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
	MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

static void
set_versions(mbedtls_ssl_config *tls, enum config_tls_version least)
{
	mbedtls_ssl_conf_min_tls_version(tls, least == CONFIG_TLS_1_3
						  ? MBEDTLS_SSL_VERSION_TLS1_3
						  : MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(tls, MBEDTLS_SSL_VERSION_TLS1_3);
	/* Each session has a key exchange of its own: forward secrecy. */
	mbedtls_ssl_conf_tls13_key_exchange_modes(tls,
	    MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
}

static void
set_algorithms(mbedtls_ssl_config *tls)
{
	mbedtls_ssl_conf_groups(tls, groups);
}

#else

static const mbedtls_ecp_group_id groups[] = {
	MBEDTLS_ECP_DP_SECP256R1,
	MBEDTLS_ECP_DP_CURVE25519,
	MBEDTLS_ECP_DP_SECP384R1,
	MBEDTLS_ECP_DP_SECP521R1,
	MBEDTLS_ECP_DP_NONE,
};

static const int signature_hashes[] = { MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384,
	MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE };

static void
set_versions(mbedtls_ssl_config *tls, enum config_tls_version least)
{
	(void)least; /* settings_open() has refused 1.3 */
	mbedtls_ssl_conf_min_version(tls, MBEDTLS_SSL_MAJOR_VERSION_3,
	    MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(tls, MBEDTLS_SSL_MAJOR_VERSION_3,
	    MBEDTLS_SSL_MINOR_VERSION_3);
}

static void
set_algorithms(mbedtls_ssl_config *tls)
{
	mbedtls_ssl_conf_curves(tls, groups);
	mbedtls_ssl_conf_sig_hashes(tls, signature_hashes);
}

#endif

static int
set_tls(struct settings *settings, const struct config *config)
{
	mbedtls_ssl_config *tls = &settings->tls;

	if (mbedtls_ssl_config_defaults(tls, MBEDTLS_SSL_IS_SERVER,
		MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return -EINVAL;
	set_versions(tls, config->tls.min_version);
	set_algorithms(tls);
	settings->profile = (mbedtls_x509_crt_profile){
		.allowed_mds = HASHES,
		.allowed_pks = KEYS,
		.allowed_curves = CURVES,
		.rsa_min_bitlen = X509_RSA_BITS_MIN,
	};
	mbedtls_ssl_conf_cert_profile(tls, &settings->profile);
	mbedtls_ssl_conf_ciphersuites(tls, cipher_suites);
	mbedtls_ssl_conf_authmode(tls, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_rng(tls, mbedtls_ctr_drbg_random, &settings->random);
	mbedtls_ssl_conf_renegotiation(tls, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_legacy_renegotiation(tls,
	    MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
	mbedtls_ssl_conf_extended_master_secret(tls,
	    MBEDTLS_SSL_EXTENDED_MS_ENABLED);
	mbedtls_ssl_conf_ca_chain(tls, &settings->credentials.shown.client_ca,
	    NULL);
	export_configure(tls);
	if (mbedtls_ssl_conf_alpn_protocols(tls,
		config->websocket.enabled ? alpn_with_websocket : alpn_plain) !=
	    0)
		return -EINVAL;
	/* Its public key: signer.h */
	if (mbedtls_ssl_conf_own_cert(tls,
		&settings->credentials.shown.certificate,
		&settings->credentials.shown.certificate.pk) != 0)
		return -EINVAL;
	return 0;
}

static int
seed(struct settings *settings)
{
	compat_start();
	return mbedtls_ctr_drbg_seed(&settings->random, mbedtls_entropy_func,
	    &settings->entropy, NULL, 0);
}

static int
open_tls(struct settings *settings, const struct config *config,
    const struct proc_credentials *files, char *why, size_t why_len)
{
	int result;

	if (seed(settings) != 0) {
		snprintf(why, why_len, "there is no source of randomness");
		return -EINVAL;
	}
	result = credentials_open(&settings->credentials, files,
	    clock_realtime_seconds(), why, why_len);
	if (result < 0)
		return result;
	if (set_tls(settings, config) != 0) {
		snprintf(why, why_len, "mbedTLS refuses its configuration");
		credentials_close(&settings->credentials);
		return -EINVAL;
	}
	/* whoever has the handshakes says what clients are trusted by */
	resumptions_init(&settings->resumptions, &settings->tls, config, NULL,
	    &settings->random);
	return result;
}

static void
close_tls(struct settings *settings)
{
	mbedtls_ssl_config_free(&settings->tls);
	mbedtls_ctr_drbg_free(&settings->random);
	mbedtls_entropy_free(&settings->entropy);
	free(settings);
}

int
settings_open(struct settings **settings, const struct config *config,
    const struct proc_credentials *files, char *why, size_t why_len)
{
	struct settings *opened;
	int result;

	if (config->tls.min_version == CONFIG_TLS_1_3 && !gate_has_tls_1_3()) {
		snprintf(why, why_len,
		    "tls.min_version: TLS 1.3 needs mbedTLS 3.6; this signetd "
		    "is built with %s",
		    MBEDTLS_VERSION_STRING_FULL);
		return -EINVAL;
	}
	tls_aead_start(); /* alerts may have to be protected */
	opened = memory_new(1, sizeof(*opened));
	opened->ref_count = 1;
	opened->identity = config->identity;
	mbedtls_ssl_config_init(&opened->tls);
	mbedtls_entropy_init(&opened->entropy);
	mbedtls_ctr_drbg_init(&opened->random);
	result = open_tls(opened, config, files, why, why_len);
	if (result < 0)
		close_tls(opened);
	else
		*settings = opened;
	return result;
}

struct settings *
settings_ref(struct settings *settings)
{
	settings->ref_count++;
	return settings;
}

void
settings_unref(struct settings **settings)
{
	struct settings *held = *settings;

	*settings = NULL;
	if (held == NULL || --held->ref_count > 0)
		return;
	resumptions_done(&held->resumptions);
	credentials_close(&held->credentials);
	close_tls(held);
}

uint64_t
settings_random(struct settings *settings)
{
	uint64_t number;

	if (mbedtls_ctr_drbg_random(&settings->random, (unsigned char *)&number,
		sizeof(number)) != 0)
		panic("the random generator works once it was seeded");
	return number;
}
