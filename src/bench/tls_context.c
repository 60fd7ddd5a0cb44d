/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* Read several records with one system call. */
#define READ_AHEAD_BYTES 65536

void
tls_fault_text(const SSL *ssl, char *text, size_t len)
{
	/* The first error is the cause, the others tell where it passed. */
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_reason_error_string(code);
	long verified = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (verified != X509_V_OK)
		snprintf(text, len, "broker's certificate: %s",
		    X509_verify_cert_error_string(verified));
	else if (code == 0)
		snprintf(text, len, "connection closed");
	else if (ERR_SYSTEM_ERROR(code))
		snprintf(text, len, "%s", strerror(ERR_GET_REASON(code)));
	else if (reason != NULL)
		snprintf(text, len, "%s", reason);
	else
		ERR_error_string_n(code, text, len);
	ERR_clear_error();
}

static const char *
files_load(SSL_CTX *context, const struct options *options)
{
	if (SSL_CTX_load_verify_locations(context, options->ca, NULL) != 1)
		return options->ca;
	if (SSL_CTX_use_certificate_chain_file(context, options->cert) != 1)
		return options->cert;
	if (SSL_CTX_use_PrivateKey_file(context, options->key,
		SSL_FILETYPE_PEM) != 1)
		return options->key;
	return NULL;
}

static const char *
protocol_set(SSL_CTX *context, const struct options *options)
{
	int version = 0;

	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	if (options->tls_version != NULL)
		version = options->tls_version[2] == '2' ? TLS1_2_VERSION
							 : TLS1_3_VERSION;
	if (version != 0 &&
	    (SSL_CTX_set_min_proto_version(context, version) != 1 ||
		SSL_CTX_set_max_proto_version(context, version) != 1))
		return "--tls";
	if (options->ciphers == NULL)
		return NULL;
	if (version == TLS1_3_VERSION
		? SSL_CTX_set_ciphersuites(context, options->ciphers) != 1
		: SSL_CTX_set_cipher_list(context, options->ciphers) != 1)
		return "--ciphers";
	return NULL;
}

static void
costs_set(SSL_CTX *context, bool has_many)
{
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Each handshake is a full one. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
	if (has_many) {
		SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
		return;
	}
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD_BYTES);
}

SSL_CTX *
tls_context_new(const struct options *options, bool has_many, char *fault,
    size_t fault_len)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	const char *subject = "OpenSSL";
	char reason[160];

	if (context != NULL) {
		subject = files_load(context, options);
		if (subject == NULL)
			subject = protocol_set(context, options);
	}
	if (subject != NULL) {
		tls_fault_text(NULL, reason, sizeof(reason));
		snprintf(fault, fault_len, "%s: %s", subject, reason);
		SSL_CTX_free(context);
		return NULL;
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	costs_set(context, has_many);
	return context;
}

/* An address stands in the certificate as one, and is not sent as SNI. */
static int
name_expect(SSL *ssl, const char *server_name)
{
	X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(expected, server_name) == 1)
		return 1;
	if (SSL_set_tlsext_host_name(ssl, server_name) != 1)
		return 0;
	return X509_VERIFY_PARAM_set1_host(expected, server_name, 0);
}

SSL *
tls_connection_new(SSL_CTX *context, int fd, const char *server_name)
{
	SSL *ssl = SSL_new(context);

	if (ssl == NULL)
		return NULL;
	if (SSL_set_fd(ssl, fd) != 1 || name_expect(ssl, server_name) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_connect_state(ssl);
	ERR_clear_error();
	return ssl;
}
