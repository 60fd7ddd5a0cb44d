/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An authenticated connection as a value that processes hand over: the state
 * of its records, and who the peer is.
 */
#ifndef SIGNET_TLS_HANDOVER_H
#define SIGNET_TLS_HANDOVER_H

#include <sys/socket.h>

#include "lib/buffer.h"
#include "tls/tls.h"

#define TLS_HASH_LEN     32
#define TLS_ID_LEN       16
#define TLS_IDENTITY_MAX 512
/* As many as the configuration knows (enum config_identity), from 0. */
#define TLS_IDENTITY_KIND_MAX 4
#define TLS_CHAIN_MAX         8
/* A certificate field for rights: type and value. */
#define TLS_FIELDS_MAX      64
#define TLS_FIELD_VALUE_MAX 512

enum tls_field_type {
	TLS_FIELD_SUBJECT_CN = 1,
	TLS_FIELD_SUBJECT_O,
	TLS_FIELD_SUBJECT_OU,
	TLS_FIELD_SAN_DNS,
	TLS_FIELD_SAN_URI,
	TLS_FIELD_SAN_EMAIL,
	TLS_FIELD_ISSUER_CN,
	TLS_FIELD_AUTHORITY_CN, /* of the anchor that the chain ends in */
};

/*
 * A certificate of a chain, by what revokes it: hashes of its issuer's name and
 * public key, and of these and its serial number (x509/certificate.h). The
 * issuer of the last one of a chain is the trust anchor.
 */
struct tls_certificate_id {
	uint8_t issuer[TLS_ID_LEN];
	uint8_t certificate[TLS_ID_LEN];
};

/* The peer whom a gate has authenticated. */
struct tls_peer {
	uint64_t id; /* of the connection, in every log line */
	struct sockaddr_storage address; /* AF_INET or AF_INET6 */
	int64_t authenticated_at;        /* seconds since 1970 */
	int64_t not_after;               /* seconds since 1970 */
	bool is_resumed;
	uint8_t fingerprint[TLS_HASH_LEN]; /* SHA-256 of the certificate */
	/* By which setting the identity was taken from the certificate. */
	uint8_t identity_kind; /* 0..TLS_IDENTITY_KIND_MAX */
	struct bytes identity; /* 1..TLS_IDENTITY_MAX bytes */
	uint8_t chain_count;   /* 1..TLS_CHAIN_MAX, leaf first */
	struct tls_certificate_id chain[TLS_CHAIN_MAX];
	/* fields in wire form; walk with tls_field_next() */
	struct bytes fields;
};

struct tls_handover {
	struct tls_state state;
	struct tls_peer peer;
};

/*
 * Encode behind what out holds, in one piece of memory: out does not grow
 * again before the last key is in it. The bytes hold keys: wipe them, and
 * reserve first what else is to follow, lest a move leave a copy behind.
 *
 * handover: a possible one, as tls_handover_decode() checks it; else panic.
 */
void tls_handover_encode(const struct tls_handover *handover,
    struct buffer *out);

/*
 * Decode and check everything: version of the format, lengths, ranges, that
 * the suite belongs to the version, that nothing is left.
 *
 * handover: its views point into input; untouched on error.
 * Returns 0; -TLS_ALERT_DECODE_ERROR (malformed);
 * -TLS_ALERT_PROTOCOL_VERSION (another version of the format).
 */
int tls_handover_decode(struct bytes input, struct tls_handover *handover);

/*
 * The peer alone, without keys: to keep it in little memory. Panics and
 * checks as above; the views point into input, and peer is untouched on error.
 * Returns 0 or -TLS_ALERT_DECODE_ERROR.
 */
void tls_peer_encode(const struct tls_peer *peer, struct buffer *out);
int tls_peer_decode(struct bytes input, struct tls_peer *peer);

/* A field in wire form: type, length of the value in 32 bits, value. */
#define TLS_FIELDS_LEN_MAX (TLS_FIELDS_MAX * (1 + 4 + TLS_FIELD_VALUE_MAX))

/* Append a field in wire form; false if it is too long or one too many. */
bool tls_field_append(struct buffer *fields, enum tls_field_type type,
    struct bytes value);

/* The next field; *pos is 0 at first; false at the end. */
bool tls_field_next(struct bytes fields, size_t *pos, enum tls_field_type *type,
    struct bytes *value);

#endif
