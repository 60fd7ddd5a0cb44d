/* SPDX-License-Identifier: Apache-2.0 */
/* Records of TLS 1.3 (RFC 8446 s5). */
#include "tls/record_format.h"

/* RFC 8446 s5.2: a TLSCiphertext's fragment. */
#define CIPHERTEXT_MAX (TLS_PLAINTEXT_MAX + 256)
/* s5.4: content, type and padding. */
#define INNER_MAX (TLS_PLAINTEXT_MAX + 1)

/* s5.1: legacy_record_version is ignored. */
static int
header_check(const struct tls_records *records, const uint8_t *header,
    size_t body_len)
{
	(void)records;
	/* A plain alert or ChangeCipherSpec belongs before Finished (s5). */
	if (header[0] != TLS_CONTENT_APPLICATION_DATA)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	if (body_len > CIPHERTEXT_MAX)
		return -TLS_ALERT_RECORD_OVERFLOW;
	if (body_len < TLS_AEAD_TAG_LEN)
		return -TLS_ALERT_BAD_RECORD_MAC;
	return 0;
}

/* Strip the padding and find the type before it (s5.4). */
static int
inner_split(const struct tls_records *records, const uint8_t *inner, size_t len,
    uint8_t *content_type, struct bytes *content)
{
	if (len > INNER_MAX)
		return -TLS_ALERT_RECORD_OVERFLOW;
	while (len > 0 && inner[len - 1] == 0)
		len--;
	if (len == 0)
		return -TLS_ALERT_UNEXPECTED_MESSAGE;
	if (len - 1 > records->state.receive_max) /* RFC 6066 s4 */
		return -TLS_ALERT_RECORD_OVERFLOW;
	*content_type = inner[len - 1];
	*content = bytes_of(inner, len - 1);
	return 0;
}

static int
open_record(struct tls_aead *aead, const struct tls_records *records,
    uint8_t *record, size_t body_len, uint8_t *out, uint8_t *content_type,
    struct bytes *content)
{
	uint8_t *inner = record + TLS_HEADER_LEN;
	size_t len = body_len - TLS_AEAD_TAG_LEN;
	uint8_t nonce[TLS_AEAD_NONCE_LEN];

	if (out == NULL)
		out = inner;
	tls_nonce_make(&records->state.receive, nonce);
	if (!tls_aead_open(aead, nonce, bytes_of(record, TLS_HEADER_LEN), inner,
		len, out))
		return -TLS_ALERT_BAD_RECORD_MAC;
	return inner_split(records, out, len, content_type, content);
}

static size_t
seal_record(struct tls_aead *aead, const struct tls_records *records,
    enum tls_content_type content_type, struct bytes content, uint8_t *out)
{
	size_t body_len = content.len + 1 + TLS_AEAD_TAG_LEN;
	uint8_t *inner = out + TLS_HEADER_LEN;
	uint8_t nonce[TLS_AEAD_NONCE_LEN];

	out[0] = TLS_CONTENT_APPLICATION_DATA;
	out[1] = TLS_VERSION_1_2 >> 8; /* legacy_record_version */
	out[2] = TLS_VERSION_1_2 & 0xff;
	out[3] = (uint8_t)(body_len >> 8);
	out[4] = (uint8_t)body_len;
	if (content.len > 0)
		memcpy(inner, content.data, content.len);
	inner[content.len] = (uint8_t)content_type;
	tls_nonce_make(&records->state.send, nonce);
	tls_aead_seal(aead, nonce, bytes_of(out, TLS_HEADER_LEN),
	    bytes_of(inner, content.len + 1), inner);
	return TLS_HEADER_LEN + body_len;
}

const struct tls_record_format tls_record_format_1_3 = {
	.header_check = header_check,
	.open = open_record,
	.seal = seal_record,
};
