/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/export.h"

#include "lib/memory.h"
#include "tls/key_schedule.h"

void
export_init(struct export *export, struct framing *framing)
{
	*export = (struct export){ .framing = framing };
}

void
export_wipe(struct export *export)
{
	memory_wipe(export, sizeof(*export));
}

static void
keep_master_secret(struct export *export, const unsigned char *secret,
    const unsigned char *client_random, const unsigned char *server_random,
    mbedtls_tls_prf_types prf)
{
	memcpy(export->master_secret, secret, EXPORT_MASTER_SECRET_LEN);
	memcpy(export->randoms, server_random, EXPORT_RANDOM_LEN);
	memcpy(export->randoms + EXPORT_RANDOM_LEN, client_random,
	    EXPORT_RANDOM_LEN);
	export->prf = prf;
	export->has_master_secret = true;
}

#if COMPAT_HAS_TLS_1_3

static void
keep_traffic_secret(struct export *export, uint8_t *where, bool *has,
    const unsigned char *secret, size_t secret_len)
{
	if (secret_len > TLS_SECRET_MAX)
		return;
	memcpy(where, secret, secret_len);
	*has = true;
	export->secret_len = secret_len;
	export->framing->has_application_secrets = export->has_client_secret &&
						   export->has_server_secret;
}

static void
on_keys(void *context, mbedtls_ssl_key_export_type type,
    const unsigned char *secret, size_t secret_len,
    const unsigned char client_random[EXPORT_RANDOM_LEN],
    const unsigned char server_random[EXPORT_RANDOM_LEN],
    mbedtls_tls_prf_types prf)
{
	struct export *export = context;

	switch (type) {
	case MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET:
		if (secret_len == EXPORT_MASTER_SECRET_LEN)
			keep_master_secret(export, secret, client_random,
			    server_random, prf);
		break;
	case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_APPLICATION_TRAFFIC_SECRET:
		keep_traffic_secret(export, export->client_secret,
		    &export->has_client_secret, secret, secret_len);
		break;
	case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_APPLICATION_TRAFFIC_SECRET:
		keep_traffic_secret(export, export->server_secret,
		    &export->has_server_secret, secret, secret_len);
		break;
	default:
		break;
	}
}

void
export_configure(mbedtls_ssl_config *configuration)
{
	(void)configuration;
}

void
export_attach(mbedtls_ssl_context *ssl, struct export *export)
{
	mbedtls_ssl_set_export_keys_cb(ssl, on_keys, export);
}

void
export_choose(struct export *export)
{
	(void)export;
}

#else

/* Whose handshake is being continued. */
static struct export *chosen;

static int
on_keys(void *context, const unsigned char *master_secret,
    const unsigned char *key_block, size_t mac_len, size_t key_len,
    size_t iv_len, const unsigned char client_random[EXPORT_RANDOM_LEN],
    const unsigned char server_random[EXPORT_RANDOM_LEN],
    mbedtls_tls_prf_types prf)
{
	(void)context;
	(void)key_block;
	(void)mac_len;
	(void)key_len;
	(void)iv_len;
	keep_master_secret(chosen, master_secret, client_random, server_random,
	    prf);
	return 0;
}

void
export_configure(mbedtls_ssl_config *configuration)
{
	mbedtls_ssl_conf_export_keys_ext_cb(configuration, on_keys, NULL);
}

void
export_attach(mbedtls_ssl_context *ssl, struct export *export)
{
	(void)ssl;
	(void)export;
}

void
export_choose(struct export *export)
{
	chosen = export;
}

#endif

/* RFC 5246 s6.3 */
static bool
derive_1_2(const struct export *export, const struct tls_suite *suite,
    struct tls_state *state)
{
	uint8_t block[TLS_KEY_BLOCK_MAX];
	bool is_derived;

	is_derived = export->has_master_secret &&
		     mbedtls_ssl_tls_prf(export->prf, export->master_secret,
			 EXPORT_MASTER_SECRET_LEN, "key expansion",
			 export->randoms, sizeof(export->randoms), block,
			 tls_key_block_len(suite)) == 0;
	if (is_derived)
		tls_key_block_cut(suite, block, &state->receive, &state->send);
	memory_wipe(block, sizeof(block));
	/* The Finished before had number 0 and the new keys' handshake. */
	state->receive.sequence_number = export->framing->received;
	state->send.sequence_number = export->framing->sent;
	return is_derived;
}

/* RFC 8446 s7.3: the handshake had keys of its own, numbers begin at 0. */
static bool
derive_1_3(const struct export *export, const struct tls_suite *suite,
    struct tls_state *state)
{
	if (!export->has_client_secret || !export->has_server_secret ||
	    export->secret_len != suite->secret_len)
		return false;
	memcpy(state->receive.traffic_secret, export->client_secret,
	    export->secret_len);
	memcpy(state->send.traffic_secret, export->server_secret,
	    export->secret_len);
	if (tls_direction_derive(suite, &state->receive) != 0 ||
	    tls_direction_derive(suite, &state->send) != 0)
		return false;
	state->send.sequence_number = export->framing->sent;
	return true;
}

static const char *
check_quiet(const struct framing *framing, const mbedtls_ssl_context *ssl)
{
	if (!framing_is_between_records(framing))
		return "record-half-read";
	if (framing->output.len > 0)
		return "output-waiting";
	if (mbedtls_ssl_check_pending(ssl) != 0 ||
	    mbedtls_ssl_get_bytes_avail(ssl) != 0)
		return "message-behind-finished";
	return NULL;
}

/* Without a limit of the client's, receive what the standard allows. */
static void
set_limits(const mbedtls_ssl_context *ssl, struct tls_state *state)
{
	int send_max = mbedtls_ssl_get_max_out_record_payload(ssl);
	size_t receive_max = compat_receive_max(ssl);

	if (send_max <= 0 || send_max > TLS_PLAINTEXT_MAX)
		send_max = TLS_PLAINTEXT_MAX;
	if (receive_max == 0 || receive_max > TLS_PLAINTEXT_MAX)
		receive_max = TLS_PLAINTEXT_MAX;
	state->send_max = (uint16_t)send_max;
	state->receive_max = (uint16_t)receive_max;
}

static const struct tls_suite *
find_suite(const struct framing *framing, const mbedtls_ssl_context *ssl)
{
	const struct tls_suite *suite = tls_suite_find(framing->cipher_suite);
	int library = mbedtls_ssl_get_ciphersuite_id(
	    mbedtls_ssl_get_ciphersuite(ssl));

	if (suite == NULL || suite->version != framing->version ||
	    library != (int)framing->cipher_suite)
		return NULL;
	return suite;
}

const char *
export_state(const struct export *export, const mbedtls_ssl_context *ssl,
    struct tls_state *state)
{
	const struct framing *framing = export->framing;
	const struct tls_suite *suite = find_suite(framing, ssl);
	const char *fault = check_quiet(framing, ssl);
	struct tls_state made = { .version = 0 };
	bool is_derived;

	if (fault != NULL)
		return fault;
	if (suite == NULL)
		return "cipher-suite";
	made.version = suite->version;
	made.cipher_suite = suite->cipher_suite;
	set_limits(ssl, &made);
	if (suite->version == TLS_VERSION_1_3)
		is_derived = derive_1_3(export, suite, &made);
	else
		is_derived = framing->has_extended_master_secret &&
			     derive_1_2(export, suite, &made);
	if (is_derived)
		*state = made;
	memory_wipe(&made, sizeof(made));
	return is_derived ? NULL : "keys";
}

bool
export_alert_state(const struct export *export, struct tls_state *state)
{
	const struct tls_suite *suite = tls_suite_find(
	    export->framing->cipher_suite);

	if (suite == NULL || suite->version != TLS_VERSION_1_3)
		return false;
	*state = (struct tls_state){
		.version = suite->version,
		.cipher_suite = suite->cipher_suite,
		.send_max = TLS_PLAINTEXT_MAX,
		.receive_max = TLS_PLAINTEXT_MAX,
	};
	if (!derive_1_3(export, suite, state))
		return false;
	state->send.sequence_number = 0;
	return true;
}
