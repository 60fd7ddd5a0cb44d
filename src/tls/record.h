/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record layer of an established connection (RFC 8446 s5, RFC 5246 s6):
 * a function of its bytes, without I/O.
 */
#ifndef SIGNET_TLS_RECORD_H
#define SIGNET_TLS_RECORD_H

#include "lib/buffer.h"
#include "tls/aead.h"
#include "tls/key_schedule.h"
#include "tls/tls.h"

struct tls_records {
	struct tls_state state;
	const struct tls_suite *suite;
	struct tls_aead *send_aead;    /* NULL while at rest */
	struct tls_aead *receive_aead; /* NULL while at rest */
	uint32_t handshake_skip; /* TLS 1.2: bytes left of a refused message */
	uint8_t handshake[5];    /* the message that is half read */
	uint8_t handshake_len;
	uint8_t update_count; /* KeyUpdates since application data */
	/* warnings, refused ClientHellos and empty records likewise */
	uint8_t warning_count;
	bool is_update_owed;  /* the peer asked for a KeyUpdate */
	bool is_refusal_owed; /* TLS 1.2: no_renegotiation */
};

/*
 * Without application data between them the peer may send so many KeyUpdates,
 * and so many warnings and empty records; one more is unexpected_message.
 */
#define TLS_UPDATES_MAX  32
#define TLS_WARNINGS_MAX 32

/* A record that was taken from the input. */
struct tls_record {
	size_t len;             /* of the whole record in the input */
	struct bytes plaintext; /* application data; may be empty */
	uint8_t alert;          /* on TLS_FATAL_ALERT: the peer's words */
};

/*
 * Continue a connection from a state, which is copied; the caller wipes his.
 * Returns 0; -TLS_ALERT_INTERNAL_ERROR if the state is not a possible one.
 */
int tls_records_init(struct tls_records *records,
    const struct tls_state *state);

/* Wipe everything; nothing is sent. */
void tls_records_done(struct tls_records *records);

/* Free what can be computed again: of a connection that is idle. */
void tls_records_rest(struct tls_records *records);

/*
 * Take the first record of input, in place.
 *
 * input: changed where the record lies; record->plaintext points into it.
 * Returns 0 (a record of record->len bytes is done with; what was not
 * application data has been handled and gives an empty plaintext);
 * TLS_NEED_MORE; TLS_CLOSE_NOTIFY; TLS_FATAL_ALERT; or a negated alert, which
 * the caller sends with tls_alert_protect() before it closes. record is
 * untouched on a negative status and on TLS_NEED_MORE. After any end all that
 * follows is ignored: TLS_CLOSE_NOTIFY with record->len = len (RFC 8446 s6.1).
 */
int tls_record_deprotect(struct tls_records *records, uint8_t *input,
    size_t len, struct tls_record *record);

/*
 * The same, with the application data behind what out holds: what is longer
 * than a record comes together without a copy. input is not changed; out
 * grows by no more than the record that is there.
 */
int tls_record_deprotect_to(struct tls_records *records, uint8_t *input,
    size_t len, struct buffer *out, struct tls_record *record);

/*
 * Protect application data in one record.
 *
 * plaintext: 0..state.send_max bytes, borrowed; may not overlap out.
 * out: plaintext.len + TLS_PROTECT_OVERHEAD bytes; *out_len is what is used.
 * Returns 0; -TLS_ALERT_INTERNAL_ERROR if this direction is closed, if
 * tls_records_owe() an answer to a KeyUpdate, or if the key is used up (TLS 1.2
 * cannot change it): close the connection then.
 */
int tls_record_protect(struct tls_records *records, struct bytes plaintext,
    uint8_t *out, size_t *out_len);

/*
 * Is something owed before the next application data: an answer to a
 * KeyUpdate, a KeyUpdate of our own because a key has done its work, or the
 * refusal of a renegotiation? tls_owed_protect() protects all of it, in at
 * most TLS_OWED_MAX bytes, and returns as tls_record_protect(). Ask after
 * deprotecting and once before each batch of at most 1,000,000 records.
 */
#define TLS_OWED_MAX 128
bool tls_records_owe(const struct tls_records *records);
int tls_owed_protect(struct tls_records *records, uint8_t *out,
    size_t *out_len);

/*
 * Protect an alert; close_notify and fatal ones close the sending direction.
 * out: 2 + TLS_PROTECT_OVERHEAD bytes. Returns as tls_record_protect().
 */
#define TLS_ALERT_MAX (2 + TLS_PROTECT_OVERHEAD)
int tls_alert_protect(struct tls_records *records, enum tls_alert alert,
    uint8_t *out, size_t *out_len);

/* May the state be handed over now (nothing owed, no message half read)? */
bool tls_records_are_quiet(const struct tls_records *records);

#endif
