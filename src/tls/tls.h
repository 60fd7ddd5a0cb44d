/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of TLS 1.2 (RFC 5246) and 1.3 (RFC 8446) that the record layer
 * needs, and the state of an established connection as a value.
 *
 * Functions of this folder return 0, a positive status of enum tls_status, or
 * a negated alert description.
 */
#ifndef SIGNET_TLS_TLS_H
#define SIGNET_TLS_TLS_H

#include "lib/bytes.h"

enum tls_version {
	TLS_VERSION_1_2 = 0x0303,
	TLS_VERSION_1_3 = 0x0304,
};

/* The cipher suites that Signet takes, and no others. */
enum tls_cipher_suite {
	TLS_AES_128_GCM_SHA256 = 0x1301,
	TLS_AES_256_GCM_SHA384 = 0x1302,
	TLS_CHACHA20_POLY1305_SHA256 = 0x1303,
	TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02b,
	TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = 0xc02c,
	TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = 0xc02f,
	TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = 0xc030,
	TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca8,
	TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca9,
};

enum tls_content_type {
	TLS_CONTENT_CHANGE_CIPHER_SPEC = 20,
	TLS_CONTENT_ALERT = 21,
	TLS_CONTENT_HANDSHAKE = 22,
	TLS_CONTENT_APPLICATION_DATA = 23,
};

enum tls_alert_level {
	TLS_ALERT_LEVEL_WARNING = 1,
	TLS_ALERT_LEVEL_FATAL = 2,
};

enum tls_alert {
	TLS_ALERT_CLOSE_NOTIFY = 0,
	TLS_ALERT_UNEXPECTED_MESSAGE = 10,
	TLS_ALERT_BAD_RECORD_MAC = 20,
	TLS_ALERT_RECORD_OVERFLOW = 22,
	TLS_ALERT_HANDSHAKE_FAILURE = 40,
	TLS_ALERT_BAD_CERTIFICATE = 42,
	TLS_ALERT_UNSUPPORTED_CERTIFICATE = 43,
	TLS_ALERT_CERTIFICATE_REVOKED = 44,
	TLS_ALERT_CERTIFICATE_EXPIRED = 45,
	TLS_ALERT_CERTIFICATE_UNKNOWN = 46,
	TLS_ALERT_ILLEGAL_PARAMETER = 47,
	TLS_ALERT_UNKNOWN_CA = 48,
	TLS_ALERT_ACCESS_DENIED = 49,
	TLS_ALERT_DECODE_ERROR = 50,
	TLS_ALERT_DECRYPT_ERROR = 51,
	TLS_ALERT_PROTOCOL_VERSION = 70,
	TLS_ALERT_INSUFFICIENT_SECURITY = 71,
	TLS_ALERT_INTERNAL_ERROR = 80,
	TLS_ALERT_INAPPROPRIATE_FALLBACK = 86,
	TLS_ALERT_USER_CANCELED = 90,
	TLS_ALERT_NO_RENEGOTIATION = 100,
	TLS_ALERT_MISSING_EXTENSION = 109,
	TLS_ALERT_UNSUPPORTED_EXTENSION = 110,
	TLS_ALERT_UNRECOGNIZED_NAME = 112,
	TLS_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE = 113,
	TLS_ALERT_UNKNOWN_PSK_IDENTITY = 115,
	TLS_ALERT_CERTIFICATE_REQUIRED = 116,
	TLS_ALERT_NO_APPLICATION_PROTOCOL = 120,
};

enum tls_status {
	TLS_NEED_MORE = 1,    /* the record is not whole yet */
	TLS_CLOSE_NOTIFY = 2, /* the peer sends no more */
	TLS_FATAL_ALERT = 3,  /* the peer gave up; answer nothing */
};

/* The standards' name of an alert: "bad_record_mac"; "unknown" if none. */
const char *tls_alert_name(unsigned int alert);

/* "TLSv1.2", "TLSv1.3"; the IANA name of a suite; NULL if not one of ours. */
const char *tls_version_name(unsigned int version);
const char *tls_cipher_suite_name(unsigned int cipher_suite);

#define TLS_KEY_MAX    32
#define TLS_IV_MAX     12
#define TLS_SECRET_MAX 48

/* The plaintext of a record (RFC 8446 s5.1, RFC 5246 s6.2.1). */
#define TLS_PLAINTEXT_MAX 16384
#define TLS_HEADER_LEN    5
/* What protecting adds at most: header, explicit nonce, content type, tag. */
#define TLS_PROTECT_OVERHEAD (TLS_HEADER_LEN + 8 + 1 + 16)
/* The longest record that can be taken (RFC 8446 s5.2). */
#define TLS_RECORD_MAX (TLS_HEADER_LEN + TLS_PLAINTEXT_MAX + 256)

/* One direction of an established connection. */
struct tls_direction {
	uint8_t key[TLS_KEY_MAX];
	uint8_t iv[TLS_IV_MAX]; /* TLS 1.2 with GCM: the 4 bytes of salt */
	bool is_closed; /* close_notify or a fatal alert went this way */
	uint64_t sequence_number;
	uint64_t protected_blocks; /* under this key: see tls/key_limit.h */
	uint8_t traffic_secret[TLS_SECRET_MAX]; /* TLS 1.3: for KeyUpdate */
};

/*
 * All that continues a connection elsewhere. It holds keys: wipe every copy
 * but the one that is used, and never use two.
 */
struct tls_state {
	uint16_t version;      /* enum tls_version */
	uint16_t cipher_suite; /* enum tls_cipher_suite, of that version */
	uint16_t send_max;     /* plaintext per record: 1..TLS_PLAINTEXT_MAX */
	uint16_t receive_max;
	/* TLS 1.3: we asked for a KeyUpdate that has not come yet */
	bool is_update_awaited;
	struct tls_direction send;
	struct tls_direction receive;
};

#endif
