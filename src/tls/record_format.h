/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the record layer: what the two versions do differently, and what
 * the handling of contents needs from records.
 */
#ifndef SIGNET_TLS_RECORD_FORMAT_H
#define SIGNET_TLS_RECORD_FORMAT_H

#include "tls/record.h"

struct tls_record_format {
	/* Judge a header; body_len is its length. 0 or a negated alert. */
	int (*header_check)(const struct tls_records *records,
	    const uint8_t *header, size_t body_len);
	/*
	 * Open a whole record; the header has been checked. out: body_len
	 * bytes, at whose beginning content lies then; NULL: in place, and
	 * content points into record. Returns 0 or a negated alert.
	 */
	int (*open)(struct tls_aead *aead, const struct tls_records *records,
	    uint8_t *record, size_t body_len, uint8_t *out,
	    uint8_t *content_type, struct bytes *content);
	/* Seal content into out; returns the length of the record. */
	size_t (*seal)(struct tls_aead *aead, const struct tls_records *records,
	    enum tls_content_type content_type, struct bytes content,
	    uint8_t *out);
};

extern const struct tls_record_format tls_record_format_1_2;
extern const struct tls_record_format tls_record_format_1_3;

/* The 12-byte nonce: IV xor sequence number (RFC 8446 s5.3, RFC 7905 s2). */
void tls_nonce_make(const struct tls_direction *direction, uint8_t *nonce);

/* Big-endian. */
void tls_u64_put(uint8_t *out, uint64_t value);

/*
 * Protect content of any type in one record, if the sending direction is
 * open and its key is not used up. Returns 0 or -TLS_ALERT_INTERNAL_ERROR.
 */
int tls_content_protect(struct tls_records *records,
    enum tls_content_type content_type, struct bytes content, uint8_t *out,
    size_t *out_len);

/* Go to the next generation of a direction's keys. */
int tls_records_update_send(struct tls_records *records);
int tls_records_update_receive(struct tls_records *records);

#endif
