/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a connection was refused: in fixed words for the log, as an alert for
 * the client, and as advice for the operator.
 */
#ifndef SIGNET_GATE_REFUSAL_H
#define SIGNET_GATE_REFUSAL_H

#include <sys/socket.h>

#include "lib/bytes.h"

struct verification;

enum refusal_reason {
	REFUSAL_NONE,
#define REFUSAL(name, word) REFUSAL_##name,
#include "ipc/refusals.def"
#undef REFUSAL
	REFUSAL_REASON_COUNT
};

/* There is nobody to tell, or nothing that TLS has a word for. */
#define REFUSAL_NO_ALERT (-1)

/* The word of a reason in the log: "unknown-ca". */
const char *refusal_word(enum refusal_reason reason);

/*
 * The alert that tells a client of it (RFC 8446 s6.2, RFC 5246 s7.2.2), or
 * REFUSAL_NO_ALERT. version: enum tls_version, or 0 if none was agreed on.
 */
int refusal_alert(enum refusal_reason reason, unsigned int version);

/* Is an error of mbedTLS about the client's certificate? verification.h says
 * what of it then. */
bool refusal_is_about_certificate(int error);

/* Does the reason tell too little without the library's own number? */
bool refusal_is_vague(enum refusal_reason reason);

/* The reason of an error that mbedtls_ssl_handshake() returned. */
enum refusal_reason refusal_of_error(int error, bool is_hello_answered);

/* One refused connection. */
struct refusal {
	enum refusal_reason reason;
	const char *detail; /* NULL, or what of it, in fixed words */
	const struct sockaddr *address;
	const struct verification *verification; /* what is known of the peer */
	int alert_sent;                          /* or REFUSAL_NO_ALERT */
	int alert_received;                      /* or REFUSAL_NO_ALERT */
	int library_error;                       /* of mbedTLS; 0 if none */
	bool is_silent; /* the client did not send a byte */
};

/* Write the one line of the log. */
void refusal_log(const struct refusal *refusal);

#endif
