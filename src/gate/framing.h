/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between mbedTLS and the socket during a handshake.
 *
 * It never reads past the record that is being read, so that what follows the
 * client's Finished stays in the socket and goes away with it. It counts
 * records, because the sequence numbers go away too, reads what ServerHello
 * says of the session, and holds alerts back until the gate has chosen them.
 */
#ifndef SIGNET_GATE_FRAMING_H
#define SIGNET_GATE_FRAMING_H

#include "gate/refusal.h"
#include "lib/buffer.h"
#include "tls/tls.h"

/* What a client may send before it is authenticated. */
#define FRAMING_RECORDS_MAX 256
#define FRAMING_BYTES_MAX   262144
/* Records taken in one turn, so that one client does not hold the others. */
#define FRAMING_TURN_MAX 16

#define FRAMING_ALERT_LEN (TLS_HEADER_LEN + 2)

struct framing {
	int fd; /* borrowed */

	/* receiving */
	uint8_t header[TLS_HEADER_LEN];
	size_t header_len;
	size_t body_left; /* of the record that header begins */
	size_t record_count;
	size_t byte_count;
	unsigned int turn_left;
	bool is_receive_protected; /* ChangeCipherSpec came */
	uint64_t received;         /* records since then */
	uint8_t body[2];           /* the last two bytes of a record */
	int alert_received; /* fatal and in plaintext; REFUSAL_NO_ALERT */

	/* sending */
	struct buffer output;
	bool is_send_protected;
	uint64_t sent;  /* TLS 1.2: records since ChangeCipherSpec; TLS 1.3:
	                  since the last record that came */
	bool has_alert; /* held back */
	uint8_t alert[FRAMING_ALERT_LEN];

	/* what ServerHello said */
	unsigned int version; /* 0: it was not sent yet */
	unsigned int cipher_suite;
	bool has_extended_master_secret;

	/* set by who exports the keys: TLS 1.3, application secrets known */
	bool has_application_secrets;
	bool is_flight_over; /* and the server's Finished is written */

	enum refusal_reason fault; /* found here */
	bool is_peer_gone;
};

void framing_init(struct framing *framing, int fd);
void framing_done(struct framing *framing);

/* A new turn of the event loop. */
void framing_turn(struct framing *framing);

/* For mbedtls_ssl_set_bio(); context is the framing. */
int framing_receive(void *context, unsigned char *data, size_t len);
int framing_send(void *context, const unsigned char *data, size_t len);

/*
 * Write what is waiting. Returns 0 if nothing is left, -EAGAIN if the socket
 * takes no more, -EPIPE if the peer is gone.
 */
int framing_flush(struct framing *framing);

/* Is the input between two records? */
bool framing_is_between_records(const struct framing *framing);

/* May an alert still go out in plaintext? */
bool framing_is_plain(const struct framing *framing);

/* Send this fatal alert in plaintext, in place of one held back. */
void framing_push_alert(struct framing *framing, unsigned int alert);

/* Did mbedTLS find no protocol in common (RFC 7301)? Version 2.28 has no error
 * of its own for it: its alert tells. */
bool framing_has_no_protocol(const struct framing *framing);

/* Queue an alert under the keys of the session; false if there is none. */
bool framing_push_protected_alert(struct framing *framing,
    const struct tls_state *state, int alert);

#endif
