/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/handover.h"

#include <netinet/in.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "lib/pack.h"
#include "tls/key_schedule.h"

/* "SgH" and the version of the format. */
#define FORMAT_MAGIC   0x536748
#define FORMAT_VERSION 3

#define DIRECTION_LEN_MAX                                                      \
	(1 + 8 + 8 + TLS_KEY_MAX + TLS_IV_MAX + TLS_SECRET_MAX)
#define STATE_LEN_MAX   (4 * 2 + 1 + 2 * DIRECTION_LEN_MAX)
#define ADDRESS_LEN_MAX (1 + 2 + 16 + 4 + 4)
#define CERTIFICATE_LEN (2 * TLS_ID_LEN)
#define PEER_LEN_MAX                                                           \
	(8 + ADDRESS_LEN_MAX + 8 + 8 + 1 + TLS_HASH_LEN + 1 + 4 +              \
	    TLS_IDENTITY_MAX + 1 + TLS_CHAIN_MAX * CERTIFICATE_LEN + 4 +       \
	    TLS_FIELDS_LEN_MAX)
#define HANDOVER_LEN_MAX (4 + STATE_LEN_MAX + PEER_LEN_MAX)

/* How an address family is written. */
enum address_family {
	ADDRESS_IPV4 = 4,
	ADDRESS_IPV6 = 6,
};

static bool
is_in_range(size_t value, size_t least, size_t most)
{
	return value >= least && value <= most;
}

/* Are these whole fields, of known types, and not too many? */
static bool
fields_are_valid(struct bytes fields)
{
	enum tls_field_type type;
	struct bytes value;
	size_t pos = 0;
	size_t count = 0;

	while (tls_field_next(fields, &pos, &type, &value))
		count++;
	return pos == fields.len && count <= TLS_FIELDS_MAX;
}

static bool
state_is_valid(const struct tls_state *state)
{
	const struct tls_suite *suite = tls_suite_find(state->cipher_suite);

	return suite != NULL && suite->version == state->version &&
	       is_in_range(state->send_max, 1, TLS_PLAINTEXT_MAX) &&
	       is_in_range(state->receive_max, 1, TLS_PLAINTEXT_MAX);
}

static bool
peer_is_valid(const struct tls_peer *peer)
{
	if (peer->address.ss_family != AF_INET &&
	    peer->address.ss_family != AF_INET6)
		return false;
	if (peer->authenticated_at < 0 || peer->not_after < 0 ||
	    peer->identity_kind > TLS_IDENTITY_KIND_MAX ||
	    !is_in_range(peer->identity.len, 1, TLS_IDENTITY_MAX) ||
	    !is_in_range(peer->chain_count, 1, TLS_CHAIN_MAX))
		return false;
	return fields_are_valid(peer->fields);
}

static void
direction_encode(const struct tls_suite *suite,
    const struct tls_direction *direction, struct buffer *out)
{
	pack_u8(out, direction->is_closed);
	pack_u64(out, direction->sequence_number);
	pack_u64(out, direction->protected_blocks);
	pack_raw(out, direction->key, suite->key_len);
	pack_raw(out, direction->iv, suite->iv_len);
	if (suite->version == TLS_VERSION_1_3)
		pack_raw(out, direction->traffic_secret, suite->secret_len);
}

static void
state_encode(const struct tls_state *state, struct buffer *out)
{
	const struct tls_suite *suite = tls_suite_find(state->cipher_suite);

	pack_u16(out, state->version);
	pack_u16(out, state->cipher_suite);
	pack_u16(out, state->send_max);
	pack_u16(out, state->receive_max);
	pack_u8(out, state->is_update_awaited);
	direction_encode(suite, &state->send, out);
	direction_encode(suite, &state->receive, out);
}

static void
address_encode(const struct sockaddr_storage *address, struct buffer *out)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (address->ss_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		pack_u8(out, ADDRESS_IPV4);
		pack_u16(out, ntohs(v4.sin_port));
		pack_raw(out, &v4.sin_addr, sizeof(v4.sin_addr));
		return;
	}
	memcpy(&v6, address, sizeof(v6));
	pack_u8(out, ADDRESS_IPV6);
	pack_u16(out, ntohs(v6.sin6_port));
	pack_raw(out, &v6.sin6_addr, sizeof(v6.sin6_addr));
	pack_u32(out, ntohl(v6.sin6_flowinfo));
	pack_u32(out, v6.sin6_scope_id);
}

void
tls_peer_encode(const struct tls_peer *peer, struct buffer *out)
{
	size_t i;

	if (!peer_is_valid(peer))
		panic("only an authenticated peer is handed over");
	pack_u64(out, peer->id);
	address_encode(&peer->address, out);
	pack_u64(out, (uint64_t)peer->authenticated_at);
	pack_u64(out, (uint64_t)peer->not_after);
	pack_u8(out, peer->is_resumed);
	pack_raw(out, peer->fingerprint, TLS_HASH_LEN);
	pack_u8(out, peer->identity_kind);
	pack_bytes(out, peer->identity);
	pack_u8(out, peer->chain_count);
	for (i = 0; i < peer->chain_count; i++) {
		pack_raw(out, peer->chain[i].issuer, TLS_ID_LEN);
		pack_raw(out, peer->chain[i].certificate, TLS_ID_LEN);
	}
	pack_bytes(out, peer->fields);
}

void
tls_handover_encode(const struct tls_handover *handover, struct buffer *out)
{
	if (!state_is_valid(&handover->state))
		panic("only an established connection is handed over");
	/* A key in memory that realloc() left would stay there. */
	buffer_reserve(out,
	    HANDOVER_LEN_MAX - TLS_FIELDS_LEN_MAX + handover->peer.fields.len);
	pack_u32(out, (uint32_t)FORMAT_MAGIC << 8 | FORMAT_VERSION);
	state_encode(&handover->state, out);
	tls_peer_encode(&handover->peer, out);
}

/* A boolean has one true form. */
static bool
bool_decode(struct unpack *in)
{
	uint8_t value = unpack_u8(in);

	if (value > 1)
		in->failed = true;
	return value == 1;
}

static int64_t
seconds_decode(struct unpack *in)
{
	uint64_t value = unpack_u64(in);

	if (value > INT64_MAX) {
		in->failed = true;
		return 0;
	}
	return (int64_t)value;
}

static void
direction_decode(struct unpack *in, const struct tls_suite *suite,
    struct tls_direction *direction)
{
	direction->is_closed = bool_decode(in);
	direction->sequence_number = unpack_u64(in);
	direction->protected_blocks = unpack_u64(in);
	unpack_raw(in, direction->key, suite->key_len);
	unpack_raw(in, direction->iv, suite->iv_len);
	if (suite->version == TLS_VERSION_1_3)
		unpack_raw(in, direction->traffic_secret, suite->secret_len);
}

static void
state_decode(struct unpack *in, struct tls_state *state)
{
	state->version = unpack_u16(in);
	state->cipher_suite = unpack_u16(in);
	state->send_max = unpack_u16(in);
	state->receive_max = unpack_u16(in);
	state->is_update_awaited = bool_decode(in);
	if (in->failed || !state_is_valid(state)) {
		in->failed = true;
		return;
	}
	direction_decode(in, tls_suite_find(state->cipher_suite), &state->send);
	direction_decode(in, tls_suite_find(state->cipher_suite),
	    &state->receive);
}

static void
address_v4_decode(struct unpack *in, struct sockaddr_storage *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	v4.sin_port = htons(unpack_u16(in));
	unpack_raw(in, &v4.sin_addr, sizeof(v4.sin_addr));
	memcpy(address, &v4, sizeof(v4));
}

static void
address_v6_decode(struct unpack *in, struct sockaddr_storage *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	v6.sin6_port = htons(unpack_u16(in));
	unpack_raw(in, &v6.sin6_addr, sizeof(v6.sin6_addr));
	v6.sin6_flowinfo = htonl(unpack_u32(in));
	v6.sin6_scope_id = unpack_u32(in);
	memcpy(address, &v6, sizeof(v6));
}

static void
address_decode(struct unpack *in, struct sockaddr_storage *address)
{
	switch (unpack_u8(in)) {
	case ADDRESS_IPV4:
		address_v4_decode(in, address);
		break;
	case ADDRESS_IPV6:
		address_v6_decode(in, address);
		break;
	default:
		in->failed = true;
	}
}

static void
peer_decode(struct unpack *in, struct tls_peer *peer)
{
	size_t i;

	peer->id = unpack_u64(in);
	address_decode(in, &peer->address);
	peer->authenticated_at = seconds_decode(in);
	peer->not_after = seconds_decode(in);
	peer->is_resumed = bool_decode(in);
	unpack_raw(in, peer->fingerprint, TLS_HASH_LEN);
	peer->identity_kind = unpack_u8(in);
	peer->identity = unpack_bytes(in, TLS_IDENTITY_MAX);
	peer->chain_count = unpack_u8(in);
	if (!is_in_range(peer->chain_count, 1, TLS_CHAIN_MAX)) {
		in->failed = true;
		return;
	}
	for (i = 0; i < peer->chain_count; i++) {
		unpack_raw(in, peer->chain[i].issuer, TLS_ID_LEN);
		unpack_raw(in, peer->chain[i].certificate, TLS_ID_LEN);
	}
	peer->fields = unpack_bytes(in, TLS_FIELDS_LEN_MAX);
	if (!in->failed && !peer_is_valid(peer))
		in->failed = true;
}

int
tls_peer_decode(struct bytes input, struct tls_peer *peer)
{
	struct unpack in = { .input = input };
	struct tls_peer decoded = { 0 };

	peer_decode(&in, &decoded);
	if (!unpack_is_complete(&in))
		return -TLS_ALERT_DECODE_ERROR;
	*peer = decoded;
	return 0;
}

static int
format_check(struct unpack *in)
{
	uint32_t format = unpack_u32(in);

	if (in->failed || format >> 8 != FORMAT_MAGIC)
		return -TLS_ALERT_DECODE_ERROR;
	if ((format & 0xff) != FORMAT_VERSION)
		return -TLS_ALERT_PROTOCOL_VERSION;
	return 0;
}

int
tls_handover_decode(struct bytes input, struct tls_handover *handover)
{
	struct tls_handover decoded = { 0 };
	struct unpack in = { .input = input };
	int status;

	status = format_check(&in);
	if (status != 0)
		return status;
	state_decode(&in, &decoded.state);
	peer_decode(&in, &decoded.peer);
	if (unpack_is_complete(&in))
		*handover = decoded;
	else
		status = -TLS_ALERT_DECODE_ERROR;
	memory_wipe(&decoded, sizeof(decoded));
	return status;
}
