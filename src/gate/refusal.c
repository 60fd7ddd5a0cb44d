/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/refusal.h"

#include "gate/verify.h"
#include "lib/log.h"
#include "tls/tls.h"
#include "x509/compat.h"

#define HINT_KEY                                                               \
	"use RSA of 2048 to 4096 bits with an exponent of at most 32, or "     \
	"P-256, P-384 or P-521"

/* What an alert of the client most often means. */
#define HINT_DISTRUST                                                          \
	"the client does not trust tls.certificate: give it our CA, or the "   \
	"name it connects to"

struct row {
	int alert; /* in TLS 1.3; and in TLS 1.2 if alert_1_2 is 0 */
	int alert_1_2;
	const char *hint;
};

static const char *const words[REFUSAL_REASON_COUNT] = {
	[REFUSAL_NONE] = "none",
#define REFUSAL(name, word) [REFUSAL_##name] = word,
#include "ipc/refusals.def"
#undef REFUSAL
};

static const struct row rows[REFUSAL_REASON_COUNT] = {
	[REFUSAL_NONE] = { REFUSAL_NO_ALERT, 0, NULL },
	/* TLS 1.2 has no word of its own for it: RFC 5246 s7.4.6. */
	[REFUSAL_NO_CERTIFICATE] = { TLS_ALERT_CERTIFICATE_REQUIRED,
	    TLS_ALERT_HANDSHAKE_FAILURE,
	    "give the client a certificate of a CA in tls.client_ca" },
	[REFUSAL_UNKNOWN_CA] = { TLS_ALERT_UNKNOWN_CA, 0,
	    "no CA in tls.client_ca signed it; if an intermediate CA did, the "
	    "client must send that too" },
	[REFUSAL_CERTIFICATE_REVOKED] = { TLS_ALERT_CERTIFICATE_REVOKED, 0,
	    "a list in tls.crl revokes it; the client needs a new "
	    "certificate" },
	/* No alert says it: it is not the client's fault. */
	[REFUSAL_CRL_MISSING] = { TLS_ALERT_CERTIFICATE_UNKNOWN, 0,
	    "add the issuer's certificate to tls.client_ca and its CRL to "
	    "tls.crl, or say tls.crl_required = \"listed\"" },
	[REFUSAL_CRL_EXPIRED] = { TLS_ALERT_CERTIFICATE_UNKNOWN, 0,
	    "the next update of the issuer's CRL in tls.crl is overdue by more "
	    "than tls.crl_grace_seconds: fetch it" },
	[REFUSAL_CERTIFICATE_EXPIRED] = { TLS_ALERT_CERTIFICATE_EXPIRED, 0,
	    "renew the certificate of the client or of its CA" },
	/* "has expired or is not currently valid" */
	[REFUSAL_CERTIFICATE_NOT_YET_VALID] = { TLS_ALERT_CERTIFICATE_EXPIRED,
	    0,
	    "compare the clock of this machine with that of the client's CA" },
	[REFUSAL_WRONG_KEY_USAGE] = { TLS_ALERT_UNSUPPORTED_CERTIFICATE, 0,
	    "issue it with key usage digitalSignature" },
	[REFUSAL_WRONG_EXTENDED_KEY_USAGE] = { TLS_ALERT_UNSUPPORTED_CERTIFICATE,
	    0, "issue it with extended key usage clientAuth" },
	[REFUSAL_WEAK_KEY] = { TLS_ALERT_BAD_CERTIFICATE, 0, HINT_KEY },
	[REFUSAL_WEAK_SIGNATURE_HASH] = { TLS_ALERT_BAD_CERTIFICATE, 0,
	    "sign it with SHA-256, SHA-384 or SHA-512" },
	[REFUSAL_UNSUPPORTED_KEY] = { TLS_ALERT_UNSUPPORTED_CERTIFICATE, 0,
	    HINT_KEY },
	[REFUSAL_UNSUPPORTED_SIGNATURE] = { TLS_ALERT_UNSUPPORTED_CERTIFICATE,
	    0, "sign it with RSA or ECDSA and SHA-256, SHA-384 or SHA-512" },
	[REFUSAL_CHAIN_TOO_LONG] = { TLS_ALERT_BAD_CERTIFICATE, 0,
	    "a chain may have 8 links, and of intermediates with P-384 three, "
	    "with P-521 two; those in tls.client_ca cost nothing" },
	[REFUSAL_MALFORMED_CERTIFICATE] = { TLS_ALERT_BAD_CERTIFICATE, 0,
	    NULL },
	[REFUSAL_TOO_MANY_FIELDS] = { TLS_ALERT_BAD_CERTIFICATE, 0,
	    "its subject and subjectAltName are too many or too long" },
	[REFUSAL_IDENTITY_INVALID] = { TLS_ALERT_CERTIFICATE_UNKNOWN, 0,
	    "the field that identity names must be there once, in 1 to 512 "
	    "bytes of UTF-8 without control characters, '+', '#' and, but in a "
	    "URI, '/'" },
	[REFUSAL_BAD_SIGNATURE] = { TLS_ALERT_DECRYPT_ERROR, 0,
	    "the client does not hold the key of its certificate" },
	[REFUSAL_BAD_FINISHED] = { TLS_ALERT_DECRYPT_ERROR, 0, NULL },
	[REFUSAL_PLAINTEXT] = { TLS_ALERT_UNEXPECTED_MESSAGE, 0,
	    "this port speaks TLS only" },
	[REFUSAL_PROTOCOL_VERSION] = { TLS_ALERT_PROTOCOL_VERSION, 0,
	    "the client must speak TLS of tls.min_version or newer" },
	[REFUSAL_NO_COMMON_CIPHER] = { TLS_ALERT_HANDSHAKE_FAILURE, 0,
	    "the client must offer ECDHE with AES-GCM or ChaCha20-Poly1305, "
	    "fit for the key of tls.certificate" },
	[REFUSAL_NO_EXTENDED_MASTER_SECRET] = { TLS_ALERT_HANDSHAKE_FAILURE,
	    0, /* RFC 7627 s5.3 */
	    "the client's TLS 1.2 must support RFC 7627" },
	[REFUSAL_NO_APPLICATION_PROTOCOL] = { TLS_ALERT_NO_APPLICATION_PROTOCOL,
	    0, /* RFC 7301 s3.2 */
	    "if the client names protocols (ALPN), mqtt must be among them, or "
	    "http/1.1 for WebSocket if websocket.enabled" },
	[REFUSAL_MALFORMED_HANDSHAKE] = { TLS_ALERT_DECODE_ERROR, 0, NULL },
	[REFUSAL_ILLEGAL_PARAMETER] = { TLS_ALERT_ILLEGAL_PARAMETER, 0, NULL },
	[REFUSAL_UNEXPECTED_MESSAGE] = { TLS_ALERT_UNEXPECTED_MESSAGE, 0,
	    NULL },
	[REFUSAL_BAD_RECORD_MAC] = { TLS_ALERT_BAD_RECORD_MAC, 0, NULL },
	[REFUSAL_HANDSHAKE_TOO_LONG] = { TLS_ALERT_UNEXPECTED_MESSAGE, 0,
	    "all certificates that the client sends must fit into 16 kB, and "
	    "with mbedTLS 2.28 into one record" },
	[REFUSAL_HANDSHAKE_TIMEOUT] = { REFUSAL_NO_ALERT, 0, NULL },
	[REFUSAL_CLOSED_BY_PEER] = { REFUSAL_NO_ALERT, 0, NULL },
	[REFUSAL_ALERT_BY_PEER] = { REFUSAL_NO_ALERT, 0, NULL },
	[REFUSAL_NO_WORKER] = { TLS_ALERT_INTERNAL_ERROR, 0,
	    "no worker process took the session in time" },
	[REFUSAL_NO_SIGNATURE] = { TLS_ALERT_INTERNAL_ERROR, 0,
	    "the server's private key did not sign: see the lines of key/0" },
	[REFUSAL_INTERNAL_ERROR] = { TLS_ALERT_INTERNAL_ERROR, 0, NULL },
};

const char *
refusal_word(enum refusal_reason reason)
{
	return words[reason];
}

int
refusal_alert(enum refusal_reason reason, unsigned int version)
{
	const struct row *row = &rows[reason];

	if (row->alert_1_2 != 0 && version != TLS_VERSION_1_3)
		return row->alert_1_2;
	return row->alert;
}

static const struct {
	int error;
	enum refusal_reason reason;
} errors[] = {
	{ MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, REFUSAL_NO_CERTIFICATE },
	{ MBEDTLS_ERR_X509_FATAL_ERROR, REFUSAL_CHAIN_TOO_LONG },
	{ MBEDTLS_ERR_SSL_CONN_EOF, REFUSAL_CLOSED_BY_PEER },
	{ MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, REFUSAL_CLOSED_BY_PEER },
	{ MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, REFUSAL_ALERT_BY_PEER },
	{ MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, REFUSAL_UNEXPECTED_MESSAGE },
	{ MBEDTLS_ERR_SSL_INVALID_MAC, REFUSAL_BAD_RECORD_MAC },
	{ MBEDTLS_ERR_SSL_ALLOC_FAILED, REFUSAL_INTERNAL_ERROR },
	{ MBEDTLS_ERR_SSL_INTERNAL_ERROR, REFUSAL_INTERNAL_ERROR },
	{ COMPAT_ERR_BAD_CERTIFICATE, REFUSAL_MALFORMED_CERTIFICATE },
	{ COMPAT_ERR_PROTOCOL_VERSION, REFUSAL_PROTOCOL_VERSION },
	{ COMPAT_ERR_NO_COMMON_CIPHER, REFUSAL_NO_COMMON_CIPHER },
	{ COMPAT_ERR_UNUSABLE_CIPHER, REFUSAL_NO_COMMON_CIPHER },
	{ COMPAT_ERR_BAD_FINISHED, REFUSAL_BAD_FINISHED },
	{ COMPAT_ERR_BAD_SIGNATURE, REFUSAL_BAD_SIGNATURE },
	{ COMPAT_ERR_ILLEGAL_PARAMETER, REFUSAL_ILLEGAL_PARAMETER },
	{ MBEDTLS_ERR_ECP_VERIFY_FAILED, REFUSAL_BAD_SIGNATURE },
	{ MBEDTLS_ERR_RSA_VERIFY_FAILED, REFUSAL_BAD_SIGNATURE },
	{ MBEDTLS_ERR_PK_SIG_LEN_MISMATCH, REFUSAL_BAD_SIGNATURE },
	/* A message in pieces to 2.28, and to 3.6 beyond its buffer. */
	{ MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE, REFUSAL_HANDSHAKE_TOO_LONG },
	{ MBEDTLS_ERR_SSL_BAD_INPUT_DATA, REFUSAL_HANDSHAKE_TOO_LONG },
	/* Of the key in a certificate. */
	{ MBEDTLS_ERR_ECP_INVALID_KEY, REFUSAL_MALFORMED_CERTIFICATE },
	{ MBEDTLS_ERR_ECP_BAD_INPUT_DATA, REFUSAL_MALFORMED_CERTIFICATE },
	{ MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE, REFUSAL_UNSUPPORTED_KEY },
};

/* Of X.509 and of public keys, to which those of ASN.1 may be added. */
static enum refusal_reason
reason_of_high(int high)
{
	switch (high) {
	case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG:
		return REFUSAL_UNSUPPORTED_SIGNATURE;
	case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
	case MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE:
		return REFUSAL_UNSUPPORTED_KEY;
	case MBEDTLS_ERR_PK_INVALID_PUBKEY:
	case MBEDTLS_ERR_PK_INVALID_ALG:
	case MBEDTLS_ERR_PK_KEY_INVALID_FORMAT:
		return REFUSAL_MALFORMED_CERTIFICATE;
	default:
		break;
	}
	if (high <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE &&
	    high >= MBEDTLS_ERR_X509_FATAL_ERROR)
		return REFUSAL_MALFORMED_CERTIFICATE;
	return REFUSAL_MALFORMED_HANDSHAKE;
}

bool
refusal_is_about_certificate(int error)
{
	return error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ||
	       error == COMPAT_ERR_BAD_CERTIFICATE;
}

bool
refusal_is_vague(enum refusal_reason reason)
{
	return reason == REFUSAL_MALFORMED_HANDSHAKE ||
	       reason == REFUSAL_MALFORMED_CERTIFICATE ||
	       reason == REFUSAL_INTERNAL_ERROR;
}

enum refusal_reason
refusal_of_error(int error, bool is_hello_answered)
{
	/* 3.6 says so of the client's signature and Finished in TLS 1.3. */
	if (error == COMPAT_ERR_HANDSHAKE_FAILURE && is_hello_answered)
		return REFUSAL_BAD_SIGNATURE;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (error == errors[i].error)
			return errors[i].reason;
	return reason_of_high(-(-error & 0xff80));
}

static const char *
hint_of(const struct refusal *refusal)
{
	switch (refusal->alert_received) {
	case TLS_ALERT_BAD_CERTIFICATE:
	case TLS_ALERT_CERTIFICATE_UNKNOWN:
	case TLS_ALERT_UNKNOWN_CA:
		return HINT_DISTRUST;
	case TLS_ALERT_CERTIFICATE_EXPIRED:
		return "renew tls.certificate, or set the client's clock";
	default:
		return rows[refusal->reason].hint;
	}
}

/* The fields of one line; there are never more than these. */
struct line {
	struct log_field fields[13];
	size_t count;
};

static void
add(struct line *line, struct log_field field)
{
	line->fields[line->count++] = field;
}

static void
add_certificate(struct line *line, const struct verification *verification)
{
	if (!verification->has_leaf)
		return;
	add(line, log_string("subject", verification->subject));
	add(line, log_hex("serial", bytes_of(verification->serial,
					verification->serial_len)));
	add(line, log_hex("fingerprint",
		      bytes_of(verification->fingerprint, TLS_HASH_LEN)));
	add(line, log_string("issuer", verification->issuer_name));
}

void
refusal_log(const struct refusal *refusal)
{
	const char *hint = hint_of(refusal);
	struct line line = { .count = 0 };

	add(&line, log_address("peer", refusal->address));
	add(&line, log_word("event", "refused"));
	add(&line, log_word("reason", words[refusal->reason]));
	if (refusal->detail != NULL)
		add(&line, log_word("detail", refusal->detail));
	add_certificate(&line, refusal->verification);
	if (refusal->alert_received != REFUSAL_NO_ALERT)
		add(&line,
		    log_word("alert_received",
			tls_alert_name((unsigned int)refusal->alert_received)));
	add(&line,
	    log_word("alert",
		refusal->alert_sent == REFUSAL_NO_ALERT
		    ? "none"
		    : tls_alert_name((unsigned int)refusal->alert_sent)));
	if (refusal->library_error != 0)
		add(&line, log_number("mbedtls_error", refusal->library_error));
	if (hint != NULL)
		add(&line, log_string("hint", hint));
	/* A port that is only tried out is nothing to act on. */
	log_event(refusal->is_silent ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
	    line.fields, line.count);
}
