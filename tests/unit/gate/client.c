/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include <check.h>

static void
send_all(struct client *client, const uint8_t *data, size_t len)
{
	size_t step = client->spec.is_dribbled ? 1 : len;

	for (size_t pos = 0; pos < len;) {
		ssize_t sent = send(client->fd, data + pos,
		    step < len - pos ? step : len - pos, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		pos += (size_t)sent;
	}
}

/* In TLS 1.2 CertificateVerify (15) is in a record of its own, in plaintext. */
static void
forge(uint8_t *data, size_t len)
{
	for (size_t pos = 0; pos + 5 < len;) {
		size_t end = pos + 5 +
			     ((size_t)data[pos + 3] << 8 | data[pos + 4]);

		if (data[pos] == SSL3_RT_HANDSHAKE &&
		    data[pos + 5] == SSL3_MT_CERTIFICATE_VERIFY && end <= len)
			data[end - 1] ^= 1;
		pos = end;
	}
}

static void
flush(struct client *client, SSL *ssl)
{
	uint8_t data[4096];
	int len;

	while ((len = BIO_read(SSL_get_wbio(ssl), data, sizeof(data))) > 0) {
		if (client->spec.is_forging)
			forge(data, (size_t)len);
		send_all(client, data, (size_t)len);
	}
}

/* False if nothing more comes. */
static bool
fill(struct client *client, SSL *ssl)
{
	uint8_t data[4096];
	ssize_t len = recv(client->fd, data, sizeof(data), 0);

	if (len <= 0)
		return false;
	BIO_write(SSL_get_rbio(ssl), data, (int)len);
	return true;
}

static void
on_info(const SSL *ssl, int where, int value)
{
	struct client *client = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ) && (where & SSL_CB_ALERT))
		client->alert = value & 0xff;
}

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct client *client = SSL_get_app_data(ssl);

	if (!client->spec.keeps_session)
		return 0; /* not taken */
	SSL_SESSION_free(client->session);
	client->session = session;
	return 1; /* taken */
}

static SSL_CTX *
configure(const struct client_spec *spec)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_security_level(context, 0);
	if (spec->version != 0) {
		SSL_CTX_set_min_proto_version(context, spec->version);
		SSL_CTX_set_max_proto_version(context, spec->version);
	}
	if (spec->ciphers != NULL)
		SSL_CTX_set_cipher_list(context, spec->ciphers);
	if (spec->suites != NULL)
		SSL_CTX_set_ciphersuites(context, spec->suites);
	if (spec->groups != NULL)
		SSL_CTX_set1_groups_list(context, spec->groups);
	if (spec->alpn.len > 0)
		SSL_CTX_set_alpn_protos(context, spec->alpn.data,
		    (unsigned int)spec->alpn.len);
	SSL_CTX_set_options(context, spec->options);
	if (spec->is_distrustful)
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_info_callback(context, on_info);
	SSL_CTX_set_session_cache_mode(context,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, on_session);
	if (spec->pair != NULL) {
		SSL_CTX_use_certificate(context, spec->pair->certificate);
		SSL_CTX_use_PrivateKey(context, spec->pair->key);
	}
	if (spec->intermediate != NULL)
		SSL_CTX_add1_chain_cert(context,
		    spec->intermediate->certificate);
	return context;
}

static bool
shake(struct client *client, SSL *ssl)
{
	int result;

	while ((result = SSL_connect(ssl)) != 1) {
		flush(client, ssl);
		if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ ||
		    !fill(client, ssl))
			return false;
	}
	if (!client->spec.is_coalesced)
		flush(client, ssl);
	return true;
}

static void
note_alpn(struct client *client, const SSL *ssl)
{
	const unsigned char *name;
	unsigned int len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	if (len < sizeof(client->alpn))
		memcpy(client->alpn, len > 0 ? name : (const unsigned char *)"",
		    len);
}

static void
talk(struct client *client, SSL *ssl)
{
	uint8_t data[4096];
	int len;

	if (client->spec.first.len > 0)
		SSL_write(ssl, client->spec.first.data,
		    (int)client->spec.first.len);
	flush(client, ssl);
	for (;;) {
		len = SSL_read(ssl, data, sizeof(data));
		if (len > 0) {
			buffer_append(&client->reply,
			    bytes_of(data, (size_t)len));
			continue;
		}
		if (SSL_get_error(ssl, len) != SSL_ERROR_WANT_READ ||
		    !fill(client, ssl))
			break;
	}
	client->is_closed_orderly = SSL_get_shutdown(ssl) &
				    SSL_RECEIVED_SHUTDOWN;
	if (client->is_closed_orderly)
		SSL_shutdown(ssl);
	flush(client, ssl);
}

static void
speak_raw(struct client *client)
{
	uint8_t data[256];
	ssize_t len;

	send_all(client, client->spec.raw.data, client->spec.raw.len);
	while ((len = recv(client->fd, data, sizeof(data), 0)) > 0)
		buffer_append(&client->reply, bytes_of(data, (size_t)len));
}

static void
speak_tls(struct client *client)
{
	SSL_CTX *context = configure(&client->spec);
	SSL *ssl = SSL_new(context);

	SSL_set_app_data(ssl, client);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (client->spec.session != NULL)
		SSL_set_session(ssl, client->spec.session);
	client->is_connected = shake(client, ssl);
	client->is_resumed = SSL_session_reused(ssl) == 1;
	note_alpn(client, ssl);
	if (client->is_connected)
		talk(client, ssl);
	else
		while (fill(client, ssl)) {
		}
	ERR_clear_error();
	/* However it ended: its session may be resumed. */
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
	SSL_CTX_free(context);
}

static void *
run(void *argument)
{
	struct client *client = argument;

	if (client->spec.raw.len > 0 || client->spec.has_nothing_to_do)
		speak_raw(client);
	else if (!client->spec.is_gone)
		speak_tls(client);
	close(client->fd);
	return NULL;
}

void
client_start(struct client *client, int fd, const struct client_spec *spec)
{
	*client = (struct client){ .spec = *spec, .fd = fd, .alert = -1 };
	ck_assert_int_eq(pthread_create(&client->thread, NULL, run, client), 0);
}

void
client_join(struct client *client)
{
	pthread_join(client->thread, NULL);
}

SSL_SESSION *
client_take_session(struct client *client)
{
	SSL_SESSION *session = client->session;

	client->session = NULL;
	return session;
}
