/* SPDX-License-Identifier: Apache-2.0 */
/* Records of TLS 1.2 with AEAD: RFC 5246 s6.2.3.3, RFC 5288, RFC 7905. */
#include "tls/record_format.h"

/* RFC 5288 s3: what a GCM record carries of its nonce. */
#define EXPLICIT_NONCE_LEN 8
#define ASSOCIATED_LEN     13

static size_t
explicit_len(const struct tls_records *records)
{
	return TLS_AEAD_NONCE_LEN - (size_t)records->suite->iv_len;
}

static size_t
expansion(const struct tls_records *records)
{
	return explicit_len(records) + TLS_AEAD_TAG_LEN;
}

static int
header_check(const struct tls_records *records, const uint8_t *header,
    size_t body_len)
{
	/* Also ChangeCipherSpec: there is no second handshake. */
	if (header[0] < TLS_CONTENT_ALERT ||
	    header[0] > TLS_CONTENT_APPLICATION_DATA)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	if (header[1] != TLS_VERSION_1_2 >> 8 ||
	    header[2] != (TLS_VERSION_1_2 & 0xff))
		return -TLS_ALERT_PROTOCOL_VERSION;
	/* Tighter than s6.2.3's 2^14 + 2048, exact for AEAD; RFC 6066 s4. */
	if (body_len > records->state.receive_max + expansion(records))
		return -TLS_ALERT_RECORD_OVERFLOW;
	if (body_len < expansion(records))
		return -TLS_ALERT_BAD_RECORD_MAC;
	return 0;
}

/* seq_num + type + version + length (RFC 5246 s6.2.3.3). */
static struct bytes
associated_make(const struct tls_direction *direction, uint8_t content_type,
    size_t content_len, uint8_t *out)
{
	tls_u64_put(out, direction->sequence_number);
	out[8] = content_type;
	out[9] = TLS_VERSION_1_2 >> 8;
	out[10] = TLS_VERSION_1_2 & 0xff;
	out[11] = (uint8_t)(content_len >> 8);
	out[12] = (uint8_t)content_len;
	return bytes_of(out, ASSOCIATED_LEN);
}

/* GCM: salt and explicit part (RFC 5288 s3); else as RFC 7905 s2. */
static void
nonce_make(const struct tls_records *records,
    const struct tls_direction *direction, const uint8_t *explicit_part,
    uint8_t *nonce)
{
	size_t salt_len = records->suite->iv_len;

	if (explicit_len(records) == 0) {
		tls_nonce_make(direction, nonce);
		return;
	}
	memcpy(nonce, direction->iv, salt_len);
	memcpy(nonce + salt_len, explicit_part, EXPLICIT_NONCE_LEN);
}

static int
open_record(struct tls_aead *aead, const struct tls_records *records,
    uint8_t *record, size_t body_len, uint8_t *out, uint8_t *content_type,
    struct bytes *content)
{
	const struct tls_direction *direction = &records->state.receive;
	uint8_t *body = record + TLS_HEADER_LEN;
	uint8_t *text = body + explicit_len(records);
	size_t len = body_len - expansion(records);
	uint8_t nonce[TLS_AEAD_NONCE_LEN];
	uint8_t associated[ASSOCIATED_LEN];

	if (out == NULL)
		out = text;
	nonce_make(records, direction, body, nonce);
	if (!tls_aead_open(aead, nonce,
		associated_make(direction, record[0], len, associated), text,
		len, out))
		return -TLS_ALERT_BAD_RECORD_MAC;
	*content_type = record[0];
	*content = bytes_of(out, len);
	return 0;
}

static size_t
seal_record(struct tls_aead *aead, const struct tls_records *records,
    enum tls_content_type content_type, struct bytes content, uint8_t *out)
{
	const struct tls_direction *direction = &records->state.send;
	size_t body_len = content.len + expansion(records);
	uint8_t *body = out + TLS_HEADER_LEN;
	uint8_t nonce[TLS_AEAD_NONCE_LEN];
	uint8_t associated[ASSOCIATED_LEN];

	out[0] = (uint8_t)content_type;
	out[1] = TLS_VERSION_1_2 >> 8;
	out[2] = TLS_VERSION_1_2 & 0xff;
	out[3] = (uint8_t)(body_len >> 8);
	out[4] = (uint8_t)body_len;
	/* The sequence number as explicit part never comes twice. */
	if (explicit_len(records) > 0)
		tls_u64_put(body, direction->sequence_number);
	nonce_make(records, direction, body, nonce);
	tls_aead_seal(aead, nonce,
	    associated_make(direction, (uint8_t)content_type, content.len,
		associated),
	    content, body + explicit_len(records));
	return TLS_HEADER_LEN + body_len;
}

const struct tls_record_format tls_record_format_1_2 = {
	.header_check = header_check,
	.open = open_record,
	.seal = seal_record,
};
