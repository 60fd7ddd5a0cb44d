/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/resumption.h"

#include "lib/clock.h"
#include "lib/memory.h"
#include "lib/pack.h"
#include "proc/chain.h"

/* Of the content; another version's is not read. */
#define FORMAT_VERSION 2
/* version, end, and two lengths */
#define CONTENT_HEAD_LEN (1 + 8 + 4 + 4)

/* RFC 8446 s4.6.1: a week at most; and 0 would say "unknown" (RFC 5077). */
#define LIFETIME_MIN 1
#define LIFETIME_MAX 604800

_Static_assert(IPC_TICKET_NAME_LEN == TLS_TICKET_NAME_LEN &&
		   IPC_TICKET_KEY_LEN == TLS_TICKET_KEY_LEN &&
		   IPC_TICKET_KEYS_MAX <= TLS_TICKET_KEYS_MAX,
    "keys travel as they are used");

void
resumption_done(struct resumption *resumption)
{
	buffer_done(&resumption->peer);
	*resumption = (struct resumption){ .is_offered = false };
}

bool
resumption_peer_of(const struct resumption *resumption, struct tls_peer *peer)
{
	if (!resumption->is_offered ||
	    tls_peer_decode(buffer_view(&resumption->peer), peer) != 0)
		return false;
	peer->is_resumed = true;
	return true;
}

/* Sealing */

/* RFC 5280, 4.1.2.5: the last second belongs to the certificate's validity. */
int64_t
resumption_end(int64_t now, uint32_t ticket_seconds, int64_t not_after)
{
	int64_t end = now + ticket_seconds;

	return not_after < end ? not_after + 1 : end;
}

/* Who gets a ticket, and until when. */
static bool
find_peer(const struct resumptions *resumptions, int64_t now,
    struct tls_peer *peer, int64_t *expires_at)
{
	const struct resumption *chosen = resumptions->chosen;

	if (resumptions->peer_of(resumptions->context, peer)) {
		*expires_at = resumption_end(now, resumptions->ticket_seconds,
		    peer->not_after);
		return true;
	}
	*expires_at = chosen->expires_at;
	return resumption_peer_of(chosen, peer);
}

/* Content, in one piece of memory, as the session's secret is in it. */
static bool
encode_content(const mbedtls_ssl_session *session, const struct tls_peer *peer,
    int64_t expires_at, struct buffer *out)
{
	struct buffer record = { .data = NULL };
	size_t len = 0;

	tls_peer_encode(peer, &record);
	(void)mbedtls_ssl_session_save(session, NULL, 0, &len);
	buffer_reserve(out, CONTENT_HEAD_LEN + record.len + len);
	pack_u8(out, FORMAT_VERSION);
	pack_u64(out, (uint64_t)expires_at);
	pack_bytes(out, buffer_view(&record));
	pack_u32(out, (uint32_t)len);
	buffer_done(&record);
	if (mbedtls_ssl_session_save(session, out->data + out->len, len,
		&len) != 0)
		return false;
	out->len += len;
	return true;
}

static bool
make_content(const struct resumptions *resumptions,
    const mbedtls_ssl_session *session, int64_t now, int64_t *expires_at,
    struct buffer *out)
{
	struct tls_peer peer;

	return find_peer(resumptions, now, &peer, expires_at) &&
	       *expires_at > now &&
	       encode_content(session, &peer, *expires_at, out);
}

/* One that nobody can open, where none can be made: TLS 1.3 wants one. */
static size_t
write_useless(uint8_t *start, const uint8_t *end)
{
	size_t len = TLS_TICKET_OVERHEAD;

	if ((size_t)(end - start) < len)
		return 0;
	memset(start, 0, len);
	return len;
}

static int
on_write(void *context, const mbedtls_ssl_session *session,
    unsigned char *start, const unsigned char *end, size_t *len,
    uint32_t *lifetime)
{
	struct resumptions *resumptions = context;
	uint8_t nonce[TLS_AEAD_NONCE_LEN];
	struct buffer content = { .data = NULL };
	int64_t now = clock_realtime_seconds();
	int64_t expires_at = now;

	if (resumptions->keys.count > 0 &&
	    make_content(resumptions, session, now, &expires_at, &content) &&
	    content.len + TLS_TICKET_OVERHEAD <= (size_t)(end - start) &&
	    mbedtls_ctr_drbg_random(resumptions->random, nonce,
		sizeof(nonce)) == 0) {
		tls_ticket_seal(&resumptions->keys, nonce,
		    buffer_view(&content), start);
		*len = content.len + TLS_TICKET_OVERHEAD;
	} else {
		*len = write_useless(start, end);
		expires_at = now;
	}
	buffer_wipe(&content);
	*lifetime = (uint32_t)(expires_at - now);
	if (*lifetime < LIFETIME_MIN)
		*lifetime = LIFETIME_MIN;
	if (*lifetime > LIFETIME_MAX)
		*lifetime = LIFETIME_MAX;
	return *len > 0 ? 0 : MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
}

/* Opening */

static bool
is_trusted(const struct resumptions *resumptions, const struct tls_peer *peer,
    int64_t now)
{
	return proc_chain_check(resumptions->trust, peer->chain,
		   peer->chain_count, now) == IPC_TRUST_GOOD;
}

/* Take in what a ticket of ours says. False if it is no good any more. */
static bool
take_content(const struct resumptions *resumptions, struct bytes content,
    struct resumption *resumption, mbedtls_ssl_session *session)
{
	int64_t now = clock_realtime_seconds();
	struct unpack in = { .input = content };
	struct bytes record, saved;
	struct tls_peer peer;
	int64_t expires_at;

	if (unpack_u8(&in) != FORMAT_VERSION)
		return false;
	expires_at = (int64_t)unpack_u64(&in);
	record = unpack_bytes(&in, content.len);
	saved = unpack_bytes(&in, content.len);
	if (!unpack_is_complete(&in) || expires_at <= now ||
	    tls_peer_decode(record, &peer) != 0 || peer.not_after < now ||
	    now - peer.authenticated_at >= resumptions->ticket_seconds ||
	    peer.identity_kind != (uint8_t)resumptions->identity ||
	    !is_trusted(resumptions, &peer, now) ||
	    mbedtls_ssl_session_load(session, saved.data, saved.len) != 0)
		return false;
	resumption->is_offered = true;
	resumption->expires_at = expires_at;
	buffer_append(&resumption->peer, record);
	return true;
}

/* The library goes on without the ticket, whatever the error. */
static int
on_parse(void *context, mbedtls_ssl_session *session, unsigned char *ticket,
    size_t len)
{
	struct resumptions *resumptions = context;
	struct resumption *resumption = resumptions->chosen;
	struct bytes content;
	bool is_taken;

	/* A client of TLS 1.3 may offer several: the last that is read counts,
	 * as it is the one that the library takes, if it takes any. */
	resumption_done(resumption);
	if (tls_ticket_open(&resumptions->keys, ticket, len, &content) != 0)
		return MBEDTLS_ERR_SSL_INVALID_MAC;
	is_taken = take_content(resumptions, content, resumption, session);
	memory_wipe(ticket, len);
	return is_taken ? 0 : MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED;
}

void
resumptions_choose(struct resumptions *resumptions,
    struct resumption *resumption, resumption_peer *peer_of, void *context)
{
	resumptions->chosen = resumption;
	resumptions->peer_of = peer_of;
	resumptions->context = context;
}

void
resumptions_use(struct resumptions *resumptions,
    const struct ipc_ticket_keys *keys)
{
	resumptions->keys.count = keys->count;
	for (size_t i = 0; i < keys->count; i++) {
		memcpy(resumptions->keys.keys[i].name, keys->keys[i].name,
		    TLS_TICKET_NAME_LEN);
		memcpy(resumptions->keys.keys[i].key, keys->keys[i].key,
		    TLS_TICKET_KEY_LEN);
	}
}

void
resumptions_inherit(struct resumptions *resumptions,
    const struct resumptions *before)
{
	resumptions->keys = before->keys;
}

void
resumptions_init(struct resumptions *resumptions, mbedtls_ssl_config *tls,
    const struct config *config, const struct ipc_trust_index *trust,
    mbedtls_ctr_drbg_context *random)
{
	*resumptions = (struct resumptions){
		.identity = config->identity,
		.trust = trust,
		.random = random,
		.ticket_seconds = config->tls.ticket_seconds,
	};
	if (config->tls.tickets)
		mbedtls_ssl_conf_session_tickets_cb(tls, on_write, on_parse,
		    resumptions);
}

void
resumptions_done(struct resumptions *resumptions)
{
	memory_wipe(resumptions, sizeof(*resumptions));
}
