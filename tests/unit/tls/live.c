/* SPDX-License-Identifier: Apache-2.0 */
#include "live.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"

/* OpenSSL's words for the suites of TLS 1.2. */
static const struct {
	unsigned int cipher_suite;
	const char *name;
	bool is_rsa;
} names_1_2[] = {
	{ 0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", false },
	{ 0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", false },
	{ 0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", true },
	{ 0xc030, "ECDHE-RSA-AES256-GCM-SHA384", true },
	{ 0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", true },
	{ 0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", false },
};

/* What the key log of the handshake that is running told. */
static struct {
	uint8_t client_secret[TLS_SECRET_MAX];
	uint8_t server_secret[TLS_SECRET_MAX];
	uint8_t master_secret[TLS_SECRET_MAX];
	uint8_t client_random[32];
} logged;

static void
hex_decode(const char *text, uint8_t *out, size_t max)
{
	unsigned int byte;
	size_t i;

	for (i = 0; i < max && sscanf(text + 2 * i, "%2x", &byte) == 1; i++)
		out[i] = (uint8_t)byte;
}

static void
key_log(const SSL *ssl, const char *line)
{
	char label[64], random_text[65], secret[97];

	(void)ssl;
	ck_assert_int_eq(sscanf(line, "%63s %64s %96s", label, random_text,
			     secret),
	    3);
	hex_decode(random_text, logged.client_random, 32);
	if (strcmp(label, "CLIENT_TRAFFIC_SECRET_0") == 0)
		hex_decode(secret, logged.client_secret, TLS_SECRET_MAX);
	else if (strcmp(label, "SERVER_TRAFFIC_SECRET_0") == 0)
		hex_decode(secret, logged.server_secret, TLS_SECRET_MAX);
	else if (strcmp(label, "CLIENT_RANDOM") == 0)
		hex_decode(secret, logged.master_secret, TLS_SECRET_MAX);
}

static struct credential {
	EVP_PKEY *key;
	X509 *certificate;
} ec, rsa;

static X509 *
certificate_new(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"server", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	if (X509_sign(certificate, key, EVP_sha256()) <= 0)
		abort();
	return certificate;
}

void
live_start(void)
{
	ec.key = EVP_EC_gen("P-256");
	ec.certificate = certificate_new(ec.key);
	/* The shortest that suite_choose() lets OpenSSL use: its handshake is
	 * not what is tested, and takes most of the time where each
	 * instruction takes many (see tests/lib/step). */
	rsa.key = EVP_RSA_gen(
	    getenv("SIGNET_TESTS_ARE_SLOWED") == NULL ? 2048 : 1024);
	rsa.certificate = certificate_new(rsa.key);
}

void
live_end(void)
{
	X509_free(ec.certificate);
	EVP_PKEY_free(ec.key);
	X509_free(rsa.certificate);
	EVP_PKEY_free(rsa.key);
}

static void
credential_use(SSL_CTX *context, const struct credential *credential)
{
	ck_assert_int_eq(SSL_CTX_use_certificate(context,
			     credential->certificate),
	    1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(context, credential->key), 1);
}

static bool
suite_choose(SSL_CTX *context, unsigned int cipher_suite)
{
	size_t i;

	SSL_CTX_set_security_level(context, 1);
	if (tls_suite_find(cipher_suite)->version == TLS_VERSION_1_3) {
		SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
		ck_assert_int_eq(SSL_CTX_set_ciphersuites(context,
				     tls_cipher_suite_name(cipher_suite)),
		    1);
		return false;
	}
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	for (i = 0; names_1_2[i].cipher_suite != cipher_suite; i++)
		continue;
	ck_assert_int_eq(SSL_CTX_set_cipher_list(context, names_1_2[i].name),
	    1);
	return names_1_2[i].is_rsa;
}

/* Each side reads what the other writes. */
static void
bios_join(SSL *client, SSL *server, struct live *live)
{
	live->to_client = BIO_new(BIO_s_mem());
	live->to_server = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(live->to_client, -1);
	BIO_set_mem_eof_return(live->to_server, -1);
	BIO_up_ref(live->to_client);
	BIO_up_ref(live->to_server);
	SSL_set_bio(client, live->to_client, live->to_server);
	SSL_set_bio(server, live->to_server, live->to_client);
	BIO_up_ref(live->to_client);
	BIO_up_ref(live->to_server);
}

static void
handshake_run(SSL *client, SSL *server)
{
	int round;

	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	for (round = 0; round < 10; round++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	ck_assert(SSL_is_init_finished(client));
	ck_assert(SSL_is_init_finished(server));
}

/* PRF(master_secret, "key expansion", server_random + client_random). */
static void
key_block_derive(const struct tls_suite *suite, SSL *server, uint8_t *block)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	uint8_t seed[13 + 64];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
		    suite->secret_len == 48 ? "SHA384" : "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
		    logged.master_secret, 48),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed,
		    sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};

	memcpy(seed, "key expansion", 13);
	SSL_get_server_random(server, seed + 13, 32);
	memcpy(seed + 45, logged.client_random, 32);
	ck_assert_int_eq(EVP_KDF_derive(context, block,
			     tls_key_block_len(suite), params),
	    1);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

static void
state_export(SSL *server, const struct live_options *options,
    struct tls_state *state)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(server);
	const struct tls_suite *suite = tls_suite_find(
	    SSL_CIPHER_get_protocol_id(cipher));
	uint8_t block[TLS_KEY_BLOCK_MAX];

	ck_assert_ptr_nonnull(suite);
	*state = (struct tls_state){ .version = suite->version,
		.cipher_suite = suite->cipher_suite,
		.send_max = options->fragment_code ? 512 : TLS_PLAINTEXT_MAX,
		.receive_max = options->fragment_code ? 512
						      : TLS_PLAINTEXT_MAX };
	if (suite->version == TLS_VERSION_1_2) {
		key_block_derive(suite, server, block);
		tls_key_block_cut(suite, block, &state->receive, &state->send);
		/* Finished was number 0. */
		state->receive.sequence_number = 1;
		state->send.sequence_number = 1;
		return;
	}
	memcpy(state->receive.traffic_secret, logged.client_secret, 48);
	memcpy(state->send.traffic_secret, logged.server_secret, 48);
	ck_assert_int_eq(tls_direction_derive(suite, &state->receive), 0);
	ck_assert_int_eq(tls_direction_derive(suite, &state->send), 0);
	state->send.sequence_number = options->ticket_count;
}

static void
contexts_init(SSL_CTX *server, SSL_CTX *client, unsigned int cipher_suite,
    const struct live_options *options)
{
	credential_use(server, suite_choose(server, cipher_suite) ? &rsa : &ec);
	suite_choose(client, cipher_suite);
	SSL_CTX_set_keylog_callback(server, key_log);
	SSL_CTX_set_num_tickets(server, options->ticket_count);
	SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
	if (options->fragment_code)
		SSL_CTX_set_tlsext_max_fragment_length(client,
		    options->fragment_code);
	if (options->padding_block)
		SSL_CTX_set_block_padding(client, options->padding_block);
}

struct live *
live_new(int case_number, struct live_options options)
{
	struct rig_case chosen = rig_case_get(case_number);
	SSL_CTX *server_context, *client_context;
	struct tls_state state;
	struct live *live;
	SSL *server;

	if (chosen.backend == NULL)
		return NULL;
	/* One back end is enough where the handshakes take most of the time. */
	if (chosen.backend != rig_backend(0) &&
	    getenv("SIGNET_TESTS_ARE_SLOWED") != NULL)
		return NULL;
	tls_aead_start_with(chosen.backend);
	live = memory_new(1, sizeof(*live));
	server_context = SSL_CTX_new(TLS_server_method());
	client_context = SSL_CTX_new(TLS_client_method());
	contexts_init(server_context, client_context, chosen.cipher_suite,
	    &options);
	server = SSL_new(server_context);
	live->client = SSL_new(client_context);
	bios_join(live->client, server, live);
	handshake_run(live->client, server);
	state_export(server, &options, &state);
	ck_assert_int_eq(tls_records_init(&live->server, &state), 0);
	SSL_free(server);
	SSL_CTX_free(server_context);
	SSL_CTX_free(client_context);
	return live;
}

void
live_free(struct live *live)
{
	if (live == NULL)
		return;
	tls_records_done(&live->server);
	SSL_free(live->client);
	BIO_free(live->to_client);
	BIO_free(live->to_server);
	buffer_done(&live->inbox);
	buffer_done(&live->received);
	free(live);
}

bool
live_is_1_3(const struct live *live)
{
	return live->server.suite->version == TLS_VERSION_1_3;
}

int
live_take(struct live *live)
{
	uint8_t chunk[4096];
	int len, status = 0;

	while ((len = BIO_read(live->to_server, chunk, sizeof(chunk))) > 0)
		buffer_append(&live->inbox, bytes_of(chunk, (size_t)len));
	while (status == 0 && live->inbox.len > 0) {
		status = tls_record_deprotect(&live->server, live->inbox.data,
		    live->inbox.len, &live->record);
		if (status != 0)
			break;
		buffer_append(&live->received, live->record.plaintext);
		buffer_consume(&live->inbox, live->record.len);
	}
	return status;
}

void
live_client_writes(struct live *live, const uint8_t *data, size_t len)
{
	size_t written;

	live->received.len = 0;
	ck_assert_int_eq(SSL_write_ex(live->client, data, len, &written), 1);
	ck_assert_uint_eq(written, len);
	ck_assert_int_eq(live_take(live), 0);
	ck_assert(
	    bytes_equal(buffer_view(&live->received), bytes_of(data, len)));
}

void
live_server_writes(struct live *live, const uint8_t *data, size_t len)
{
	static uint8_t out[TLS_PLAINTEXT_MAX + TLS_PROTECT_OVERHEAD];
	static uint8_t in[65536];
	size_t pos = 0, part, out_len, in_len = 0;

	do {
		part = len - pos < live->server.state.send_max
			   ? len - pos
			   : live->server.state.send_max;
		ck_assert_int_eq(tls_record_protect(&live->server,
				     bytes_of(data + pos, part), out, &out_len),
		    0);
		ck_assert_int_eq(BIO_write(live->to_client, out, (int)out_len),
		    (int)out_len);
		pos += part;
	} while (pos < len);
	ck_assert_uint_le(len, sizeof(in));
	while (in_len < len) {
		ck_assert_int_eq(SSL_read_ex(live->client, in + in_len,
				     sizeof(in) - in_len, &part),
		    1);
		in_len += part;
	}
	ck_assert(bytes_equal(bytes_of(in, in_len), bytes_of(data, len)));
}

void
live_server_pays(struct live *live)
{
	uint8_t out[TLS_OWED_MAX];
	size_t len;

	ck_assert(tls_records_owe(&live->server));
	ck_assert_int_eq(tls_owed_protect(&live->server, out, &len), 0);
	ck_assert_int_eq(BIO_write(live->to_client, out, (int)len), (int)len);
}

void
live_server_alerts(struct live *live, enum tls_alert alert)
{
	uint8_t out[TLS_ALERT_MAX];
	size_t len;

	ck_assert_int_eq(tls_alert_protect(&live->server, alert, out, &len), 0);
	ck_assert_int_eq(BIO_write(live->to_client, out, (int)len), (int)len);
}
