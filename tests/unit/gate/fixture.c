/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/rsa.h>

#include "gate/signer.h"
#include "ipc/channel.h"
#include "lib/log.h"
#include "x509/authority.h"

struct fixture_pki fixture_pki;

void
fixture_make_pki(void)
{
	static EVP_PKEY *rsa; /* one for all, as it takes long to find one */

	if (rsa == NULL)
		rsa = EVP_RSA_gen(2048);
	fixture_pki.ca = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("Test CA"),
		.is_ca = true,
		.lasts_days = 1000 },
	    NULL);
	fixture_pki.intermediate = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("Sub CA"),
		.is_ca = true,
		.lasts_days = 1000 },
	    &fixture_pki.ca);
	fixture_pki.other_ca = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("Other CA"),
		.is_ca = true },
	    NULL);
	fixture_pki.server = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("server") },
	    &fixture_pki.ca);
	fixture_pki.rsa_server = pki_issue(&(struct pki_spec){ .key = rsa,
					       .common_name = BYTES_LITERAL(
						   "server") },
	    &fixture_pki.ca);
	fixture_pki.client = pki_issue(
	    &(struct pki_spec){ .common_name = BYTES_LITERAL("pump-17"),
		.extended_key_usage = "clientAuth",
		.key_usage = "digitalSignature" },
	    &fixture_pki.ca);
}

void
fixture_free_pki(void)
{
	pki_free(&fixture_pki.ca);
	pki_free(&fixture_pki.intermediate);
	pki_free(&fixture_pki.other_ca);
	pki_free(&fixture_pki.server);
	pki_free(&fixture_pki.rsa_server);
	pki_free(&fixture_pki.client);
}

void
fixture_files(const struct pki_pair *server, struct proc_credentials *files)
{
	*files = (struct proc_credentials){ .certificate = { .data = NULL } };
	pki_append_pem(server->certificate, &files->certificate);
	pki_append_key(server->key, &files->private_key);
	pki_append_pem(fixture_pki.ca.certificate, &files->client_ca);
}

void
fixture_free_files(struct proc_credentials *files)
{
	buffer_done(&files->certificate);
	buffer_wipe(&files->private_key);
	buffer_done(&files->client_ca);
}

static void
map_index(const struct buffer *bytes, struct ipc_trust_index *index)
{
	const struct ipc_trust_given given = { 1, bytes->len };
	int fd = ipc_sealed_memory("index", buffer_view(bytes));

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ipc_trust_map(fd, &given, index), 0);
	close(fd);
}

static void
make_rows(const struct x509_authorities *authorities,
    struct ipc_trust_authority *rows)
{
	for (size_t i = 0; i < authorities->count; i++) {
		const struct x509_authority *authority = &authorities->items[i];
		struct tls_certificate_id id;
		struct bytes name = x509_common_name(authority->certificate);

		x509_fingerprint(authority->certificate, rows[i].fingerprint);
		memcpy(rows[i].id, authority->id, TLS_ID_LEN);
		x509_certificate_id(authority->certificate,
		    authorities->items[authority->parent].id, &id);
		memcpy(rows[i].certificate, id.certificate, TLS_ID_LEN);
		rows[i].parent = authority->parent;
		rows[i].length_max = authority->length_max;
		rows[i].not_before = authority->not_before;
		rows[i].not_after = authority->not_after;
		ck_assert_uint_le(name.len, sizeof(rows[i].name));
		rows[i].name_len = (uint8_t)name.len;
		memcpy(rows[i].name, name.data, name.len);
	}
}

void
fixture_trust(struct bytes client_ca, struct bytes revoked, struct bytes crl_of,
    struct ipc_trust_index *index)
{
	char why[256];
	const struct x509_fault fault = { why, sizeof(why) };
	struct x509_authorities authorities;
	struct ipc_trust_authority rows[8] = { 0 };
	struct ipc_trust_crl crls[8] = { 0 };
	struct buffer ids = { NULL, 0, 0 }, bytes = { NULL, 0, 0 };
	struct ipc_trust_content content = {
		.generation = 1,
		.needs_all_crls = crl_of.len > 0,
		.crl_count = crl_of.len / TLS_ID_LEN,
		.authorities = rows,
		.crls = crls,
		.revoked = &ids,
	};
	mbedtls_x509_crt list;

	mbedtls_x509_crt_init(&list);
	ck_assert_int_eq(x509_certificates_parse(&list, client_ca,
			     "tls.client_ca", &fault),
	    0);
	ck_assert_msg(x509_authorities_find(&list, &authorities, &fault) == 0,
	    "%s", why);
	content.authority_count = authorities.count;
	make_rows(&authorities, rows);
	for (size_t i = 0; i < content.crl_count; i++) {
		memcpy(crls[i].issuer, crl_of.data + i * TLS_ID_LEN,
		    TLS_ID_LEN);
		crls[i].ends_at = IPC_TRUST_NEVER;
	}
	buffer_append(&ids, revoked);
	ipc_trust_index_encode(&content, &bytes);
	map_index(&bytes, index);
	buffer_done(&bytes);
	buffer_done(&ids);
	x509_authorities_done(&authorities);
	mbedtls_x509_crt_free(&list);
}

static void
on_authenticated(void *context, struct handshake *handshake)
{
	struct fixture *fixture = context;

	fixture->authenticated++;
	if (!fixture->has_worker)
		return;
	buffer_wipe(&fixture->handover);
	if (fixture->fd >= 0)
		close(fixture->fd);
	fixture->fd = handshake_take(handshake, &fixture->handover);
}

static void
on_end(void *context, const struct sockaddr_storage *address)
{
	struct fixture *fixture = context;

	ck_assert_int_eq(address->ss_family, AF_INET);
	fixture->ended++;
}

/* As many as the last number of the address says. */
static uint32_t
weigh(void *context, const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;

	ck_assert_ptr_nonnull(context);
	return ntohl(in->sin_addr.s_addr) & 0xff;
}

static bool
on_refused(void *context, enum refusal_reason reason,
    const struct sockaddr_storage *address)
{
	struct fixture *fixture = context;

	ck_assert_int_eq(address->ss_family, AF_INET);
	fixture->refused[reason]++;
	return true;
}

static const struct handshake_events events = {
	.on_authenticated = on_authenticated,
	.on_end = on_end,
	.weigh = weigh,
	.on_refused = on_refused,
};

static const EVP_MD *
digest_of(enum ipc_sign_hash hash)
{
	switch (hash) {
	case IPC_SIGN_SHA384:
		return EVP_sha384();
	case IPC_SIGN_SHA512:
		return EVP_sha512();
	default:
		return EVP_sha256();
	}
}

static void
assert_key_id(EVP_PKEY *key, const uint8_t id[IPC_KEY_ID_LEN])
{
	uint8_t *der = NULL, hash[IPC_KEY_ID_LEN];
	int len = i2d_PUBKEY(key, &der);

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(EVP_Digest(der, (size_t)len, hash, NULL, EVP_sha256(),
			     NULL),
	    1);
	ck_assert_mem_eq(hash, id, IPC_KEY_ID_LEN);
	OPENSSL_free(der);
}

/* The key process: OpenSSL. */
static const char *
on_sign(void *context, const struct ipc_sign *sign,
    uint8_t signature[IPC_SIGNATURE_MAX], size_t *len)
{
	struct fixture *fixture = context;
	EVP_PKEY_CTX *signer;
	int padding = sign->scheme == IPC_SIGN_RSA_PSS ? RSA_PKCS1_PSS_PADDING
						       : RSA_PKCS1_PADDING;

	if (fixture->sign_fault != NULL)
		return fixture->sign_fault;
	assert_key_id(fixture->key, sign->key_id);
	*len = IPC_SIGNATURE_MAX;
	signer = EVP_PKEY_CTX_new(fixture->key, NULL);
	ck_assert_int_eq(EVP_PKEY_sign_init(signer), 1);
	if (sign->scheme != IPC_SIGN_ECDSA)
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(signer, padding),
		    1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(signer,
			     digest_of(sign->hash)),
	    1);
	if (sign->scheme == IPC_SIGN_RSA_PSS)
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_pss_saltlen(signer,
				     RSA_PSS_SALTLEN_DIGEST),
		    1);
	ck_assert_int_eq(EVP_PKEY_sign(signer, signature, len,
			     sign->digest.data, sign->digest.len),
	    1);
	EVP_PKEY_CTX_free(signer);
	fixture->signed_count++;
	return NULL;
}

void
fixture_use_ticket_key(struct fixture *fixture, uint8_t number)
{
	struct ipc_ticket_keys keys = { .count = 1 };

	memset(&keys.keys[0], number, sizeof(keys.keys[0]));
	resumptions_use(&fixture->settings->resumptions, &keys);
}

void
fixture_start(struct fixture *fixture, const struct pki_pair *server,
    uint64_t limit_ms)
{
	struct proc_credentials files;
	struct ipc_trust_index index;
	char why[256];

	*fixture = (struct fixture){ .has_worker = true, .fd = -1 };
	fixture->config.websocket.enabled = true;
	fixture->config.tls.tickets = true;
	fixture->config.tls.ticket_seconds = 3600;
	fixture->log_fd = memfd_create("log", MFD_CLOEXEC);
	fixture->stderr_fd = dup(STDERR_FILENO);
	dup2(fixture->log_fd, STDERR_FILENO);
	log_start("gate/0", LOG_LEVEL_INFO);
	fixture_files(server, &files);
	ck_assert_int_ge(settings_open(&fixture->settings, &fixture->config,
			     &files, why, sizeof(why)),
	    0);
	fixture_trust(buffer_view(&files.client_ca), BYTES_NONE, BYTES_NONE,
	    &index);
	fixture_use_ticket_key(fixture, 1);
	fixture_free_files(&files);
	fixture->key = server->key;
	signer_open(on_sign, fixture);
	uv_loop_init(&fixture->loop);
	handshakes_init(&fixture->handshakes, &fixture->loop, fixture->settings,
	    limit_ms, &events, fixture);
	handshakes_trust(&fixture->handshakes, &index);
}

void
fixture_stop(struct fixture *fixture)
{
	handshakes_stop(&fixture->handshakes);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&fixture->loop), 0);
	signer_close();
	settings_unref(&fixture->settings);
	buffer_wipe(&fixture->handover);
	if (fixture->fd >= 0)
		close(fixture->fd);
	dup2(fixture->stderr_fd, STDERR_FILENO);
	close(fixture->stderr_fd);
	close(fixture->log_fd);
}

/* The client's end of a connection from 127.0.0.last. */
static int
make_connection(struct sockaddr_storage *address, unsigned int last, int *fd)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	int fds[2];

	*address = (struct sockaddr_storage){ .ss_family = AF_INET };
	in->sin_addr.s_addr = htonl(0x7f000000 | last);
	in->sin_port = htons(40000);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*fd = fds[0];
	return fds[1];
}

void
fixture_connect(struct fixture *fixture, struct client *client,
    const struct client_spec *spec)
{
	struct sockaddr_storage address;
	int fd;

	client_start(client, make_connection(&address, 1, &fd), spec);
	handshake_begin(&fixture->handshakes, fd, &address);
}

int
fixture_connect_silent(struct fixture *fixture, unsigned int last)
{
	struct sockaddr_storage address;
	int fd, client = make_connection(&address, last, &fd);

	handshake_begin(&fixture->handshakes, fd, &address);
	return client;
}

void
fixture_run(struct fixture *fixture, size_t ended)
{
	while (fixture->ended < ended)
		uv_run(&fixture->loop, UV_RUN_ONCE);
}

void
fixture_try(struct fixture *fixture, struct client *client,
    const struct client_spec *spec)
{
	fixture_connect(fixture, client, spec);
	fixture_run(fixture, fixture->ended + 1);
	if (fixture->fd < 0)
		client_join(client);
}

unsigned int
fixture_log_count(struct fixture *fixture, const char *text)
{
	unsigned int count = 0;
	ssize_t len = pread(fixture->log_fd, fixture->log,
	    sizeof(fixture->log) - 1, 0);
	const char *found = fixture->log;

	fixture->log[len > 0 ? len : 0] = '\0';
	while ((found = strstr(found, text)) != NULL) {
		count++;
		found += strlen(text);
	}
	return count;
}
